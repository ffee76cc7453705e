from __future__ import annotations

import numpy as np
import pytest
from support.image_factory import photograph


@pytest.fixture(autouse=True)
def cache_home(tmp_path_factory, monkeypatch):
    """Keeps what tests remember out of the user's own cache."""
    home = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    return home


@pytest.fixture
def make_folder(tmp_path):
    """A function that writes photographs: counts of images by class name -> the folder."""

    def make(counts, *, name="flowers", suffix=".png", side=20):
        for class_index, (class_name, count) in enumerate(counts.items()):
            folder = tmp_path / name / class_name
            folder.mkdir(parents=True)
            for index in range(count):
                image = photograph(side, side, seed=100 * class_index + index)
                image.save(folder / f"{index}{suffix}")
        return tmp_path / name

    return make


@pytest.fixture
def numbered():
    """A function that makes [n, side, side, 3] pixels, of which image i is plainly i."""

    def make(count, side=32):
        values = np.arange(count, dtype=np.uint8)
        return np.broadcast_to(values[:, None, None, None], (count, side, side, 3)).copy()

    return make
