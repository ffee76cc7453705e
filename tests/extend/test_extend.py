"""A method, a data set and a backbone from outside: one file each, no change in the package."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.driver_process import ROOT, run

HERE = Path(__file__).parent
FILES = {"method": "my_method.py", "data_set": "my_data.py", "backbone": "my_backbone.py"}
IMPORT = "--import=my_method,my_data,my_backbone"


@pytest.mark.parametrize(("page", "file"), FILES.items())
def test_the_page_shows_the_file_that_runs(page, file):
    text = (HERE / file).read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    shown = (ROOT / "docs" / "extend" / f"{page}.md").read_text(encoding="utf-8")
    assert f"```python\n{text.rstrip()}\n```" in shown


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder in which all three files lie, and their run."""
    folder = tmp_path_factory.mktemp("mine")
    for file in FILES.values():
        shutil.copy(HERE / file, folder)
    flags = ("--dataset=stripes", "--backbone=two_convolutions", "--methods=contrastive")
    return folder, run("table1", "--smoke", IMPORT, *flags, cwd=folder)


def test_table1_trains_and_scores_it(trained):
    folder, result = trained
    assert result.returncode == 0, result.stderr
    assert "stripes contrastive seed 0  2 epochs  loss " in result.stdout
    assert "accuracy" not in result.stdout
    assert "two_convolutions from random weights" in result.stdout
    table = (folder / "results/smoke/table1.md").read_text()
    assert "| contrastive | 2 |" in table


@pytest.mark.parametrize(
    ("command", "flags"),
    [("evaluate", ()), ("export", ("--saved_model=exported",))],
)
def test_the_other_commands_take_its_run(trained, command, flags):
    folder, _ = trained
    (model,) = (folder / "results/smoke/runs").glob("stripes-contrastive-*")
    result = run(command, IMPORT, f"--model={model}", *flags, cwd=folder)
    assert result.returncode == 0, result.stderr
    if command == "export":
        card = json.loads((folder / "exported" / "hsm_embedding.json").read_text())
        assert card["method"] == "contrastive"
    without = run(command, f"--model={model}", cwd=folder)
    assert without.returncode == 1
    assert "contrastive" in without.stderr
    assert "Traceback" not in without.stderr


def test_a_figure_draws_it(trained):
    folder, _ = trained
    flags = ("--methods=contrastive", "--records=results/smoke/records")
    result = run("figure4", IMPORT, *flags, cwd=folder)
    assert result.returncode == 0, result.stderr
    assert list(folder.rglob("figure4*.png"))


@pytest.mark.parametrize(
    ("name", "place", "message"),
    [
        ("nowhere", ".", "--import=nowhere, which is not found"),
        ("my_method", "photographs", "expected --import to name a module outside of data"),
    ],
)
def test_what_cannot_be_imported_is_refused(tmp_path, name, place, message):
    folder = tmp_path / place
    folder.mkdir(exist_ok=True)
    (folder / "my_method.py").write_text("raise SystemExit('it was run')")
    result = run("table1", f"--import={name}", "--smoke", "--data_dir=.", cwd=folder)
    assert result.returncode == 1
    assert message in result.stderr
    assert "it was run" not in result.stderr
