"""Of several data sets, all that are missing are named at once, before any image is read."""

from __future__ import annotations

import pytest
from support import archive_factory as archive
from support.driver_process import run

from hsm.experiments.cli import data_flags, requested_runs


@pytest.fixture
def folders(monkeypatch):
    """Where each data set is looked for, in place of the flags."""
    found = {}
    monkeypatch.setattr(data_flags, "source_options", lambda name, limit: {"data_dir": found[name]})
    return found


def test_all_are_named_with_what_is_there(folders, tmp_path):
    archive.cub200(tmp_path)
    (tmp_path / "image_class_labels.txt").unlink()
    cars = archive.cars_one_file(tmp_path / "cars") / "cars_annos.mat"
    cars.unlink()
    folders.update(
        cub200=str(tmp_path), cars196=str(tmp_path / "cars"), inshop=str(tmp_path / "nowhere")
    )
    with pytest.raises(FileNotFoundError, match="^3 data sets cannot be read") as caught:
        requested_runs._check_present(["cub200", "digits", "cars196", "inshop"])
    lines = str(caught.value).splitlines()[1:]
    assert [line.split(": ")[0] for line in lines] == ["cub200", "cars196", "inshop"]
    assert "expected images.txt and image_class_labels.txt. Received: the first alone" in lines[0]
    assert "Received: only car_ims/" in lines[1]
    assert "nowhere is not a folder" in lines[2]


def test_the_command_says_it(tmp_path):
    flags = [f"--data_dir={tmp_path}", f"--output_dir={tmp_path / 'results'}", "--dry_run"]
    result = run("table1", "--dataset=cars196,cub200,products", "--backbone=convnet", *flags)
    assert result.returncode == 1
    assert result.stderr.startswith(
        "error: 3 data sets cannot be read.\ncars196: expected --data_dir to "
    )
    assert result.stderr.count("has nothing of this: it holds nothing.") == 3
