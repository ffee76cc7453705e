"""Figures and CSV files on a full disk: the old ones stay, and the error names the file."""

from __future__ import annotations

import re

import matplotlib.figure
import numpy as np
import pytest

from hsm.visual.files import write_csv, write_picture


@pytest.mark.usefixtures("full_disk")
@pytest.mark.parametrize("name", ["a.png", "a.pdf"])
def test_a_figure_on_a_full_disk(tmp_path, name):
    figure = matplotlib.figure.Figure()
    figure.add_subplot().plot(np.random.default_rng(0).random(1000))
    path = tmp_path / name
    path.write_text("old")
    with pytest.raises(OSError, match=re.escape(str(path))):
        write_picture(figure, path)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [(name, "old")]


@pytest.mark.usefixtures("full_disk")
def test_a_csv_file_on_a_full_disk(tmp_path):
    path = tmp_path / "a.csv"
    with pytest.raises(OSError, match=re.escape(str(path))):
        write_csv(path, [("x" * 100,)] * 100)
    assert list(tmp_path.iterdir()) == []
