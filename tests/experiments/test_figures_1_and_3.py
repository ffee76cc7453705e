"""The commands of Figures 1 and 3: try-out, report on a trained run, bad input in a sentence."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest
from PIL import Image
from support.driver_process import run
from support.flag_parsing import parsed, run_table

from hsm.experiments.cli import model_flag
from hsm.experiments.config import RunConfig
from hsm.output_folder import MARKER


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The output folder of figure1 --smoke, and what the command printed."""
    folder = tmp_path_factory.mktemp("figure1")
    result = run(
        "figure1", "--smoke", "--dataset=digits", "--tensorboard", f"--output_dir={folder}"
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return folder / "smoke", result.stdout


def rows(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_smoke_writes_figures_and_numbers(trained):
    folder, said = trained
    names = {path.name for path in folder.glob("figure1*")}
    assert names == {f"figure1{d}_digits.{x}" for d in ("", "d") for x in ("png", "pdf", "csv")}
    epochs = rows(folder / "figure1d_digits.csv")
    assert [(row["epoch"], row["alpha"]) for row in epochs] == [
        ("0", "16"),
        ("1", "16"),
        ("2", "4"),
    ]
    for row in epochs:
        counts = (int(row[kind]) for kind in ("incorrect", "boundary", "centroid"))
        assert sum(counts) == int(row["images"]) == 60
    assert len(rows(folder / "figure1_digits.csv")) == 61
    assert "To try: --alpha=" in said
    assert list(folder.glob("tensorboard/*HBN*/events*"))


def _model(folder):
    (path,) = folder.glob("runs/*HBN*")
    return path


def test_a_report_on_fewer_images_counts_these(trained, tmp_path):
    folder, _ = trained
    flags = (f"--model={_model(folder)}", f"--output_dir={tmp_path}", "--sample=8")
    result = run("figure1", *flags)
    assert result.returncode == 0, result.stderr
    assert "How 8 training images" in result.stdout


def test_figure_1_shows_the_epoch_that_is_named(trained, tmp_path):
    folder, _ = trained
    flags = (f"--model={_model(folder)}", f"--output_dir={tmp_path}", "--epoch=1")
    result = run("figure1", *flags)
    assert result.returncode == 0, result.stderr
    assert "Figure 1 (epoch 1): " in result.stdout
    # The last is shown where none is named.
    shown, last = (rows(next(path.glob("figure1_*.csv"))) for path in (tmp_path, folder))
    assert shown != last


def test_a_report_on_the_trained_run_finds_the_same(trained, tmp_path):
    folder, said = trained
    result = run("figure1", f"--model={_model(folder)}", f"--output_dir={tmp_path}")
    assert result.returncode == 0, result.stderr
    report = said[said.index("How 60 training images") : said.index("Figure 1 (epoch")]
    assert report in result.stdout
    name = _model(folder).name
    assert {path.name for path in tmp_path.glob("figure1*")} == {
        f"figure1{d}_{name}.{x}" for d in ("", "d") for x in ("png", "pdf", "csv")
    }


def _stop(capsys, driver, *flags):
    """The one sentence with which the driver, run in this process, ends."""
    assert run_table(driver, *flags) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    return said


@pytest.fixture(scope="module")
def figure1():
    from hsm.experiments import figure1

    return figure1


def _photographs(folder, classes):
    for name in classes:
        (folder / name).mkdir(parents=True)
        for index in range(2):
            Image.new("RGB", (8, 8)).save(folder / name / f"{index}.png")
    return folder


def test_bad_input_is_a_sentence(trained, tmp_path, capsys, figure1):
    model = f"--model={_model(trained[0])}"
    said = _stop(capsys, figure1, f"--model={tmp_path}")
    assert "expected the folder of a trained run" in said
    for method in ("pretrained", "SM"):
        said = _stop(capsys, figure1, f"--methods={method}")
        assert "pretrained has no classifier, and SM, whose alpha is 1, normalises nothing" in said
    (tmp_path / "empty").mkdir()
    folder = ("--dataset=image_folder", f"--data_dir={tmp_path / 'empty'}")
    assert "no picture was found" in _stop(capsys, figure1, model, *folder)
    one = _photographs(tmp_path / "one", ["a"])
    said = _stop(capsys, figure1, model, "--dataset=image_folder", f"--data_dir={one}")
    assert "at least two training classes" in said
    other = _photographs(tmp_path / "other", "abcd")
    said = _stop(capsys, figure1, model, "--dataset=image_folder", f"--data_dir={other}")
    assert "which was trained on 5 classes of digits" in said
    assert "the 2 training classes of other" in said
    said = _stop(capsys, figure1, model, "--epoch=7", f"--output_dir={tmp_path}")
    assert "expected --epoch to be one whose weights are known: 0 to 2. Received: epoch=7" in said


@pytest.fixture(scope="module")
def trained_3(tmp_path_factory):
    """The output folder of figure3 --smoke, and what the command printed."""
    folder = tmp_path_factory.mktemp("figure3")
    result = run(
        "figure3", "--smoke", "--dataset=digits", "--tensorboard", f"--output_dir={folder}"
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return folder / "smoke", result.stdout


def test_figure_3_smoke(trained_3):
    folder, said = trained_3
    names = {path.name for path in folder.glob("figure3*")}
    assert names == {f"figure3_digits.{x}" for x in ("png", "pdf", "csv")}
    found = rows(folder / "figure3_digits.csv")
    assert sum(row["part"] == "image" for row in found) == 60
    assert "nothing normalised" in said
    assert list(folder.glob("tensorboard/*SM*/events*"))


def test_figure_3_of_a_trained_run(trained_3, tmp_path):
    folder, said = trained_3
    (model,) = folder.glob("runs/*SM*")
    flags = (f"--model={model}", f"--output_dir={tmp_path / 'new'}")
    result = run("figure3", *flags)
    assert result.returncode == 0, result.stderr
    assert said[said.index("Lengths and") : said.index("Figure 3:")] in result.stdout
    names = {path.name for path in (tmp_path / "new").iterdir()}
    pictures = {f"figure3_{model.name}.{x}" for x in ("png", "pdf", "csv")}
    assert names == {MARKER, *pictures}
    result = run("figure3", *flags, "--sample=8")
    assert result.returncode == 0, result.stderr
    assert "gradients of 8 training images" in result.stdout


def test_figure_3_refuses_a_normalised_run(trained, capsys):
    from hsm.experiments import figure3

    said = _stop(capsys, figure3, f"--model={_model(trained[0])}")
    assert "--model must be a run of SM: the others normalise the feature" in said


def test_the_data_set_is_the_runs_own_unless_named():
    config = RunConfig(dataset="my_cars", method="BN")
    with parsed("--data_dir=photographs"):
        assert model_flag.dataset_of(config) == "image_folder"
    with parsed():
        assert model_flag.dataset_of(replace(config, dataset="omniglot")) == "omniglot"
    with parsed("--dataset=cub200"):
        assert model_flag.dataset_of(config) == "cub200"
    with parsed("--dataset=cub200,cars196"), pytest.raises(ValueError, match="to be one data set"):
        model_flag.dataset_of(config)
