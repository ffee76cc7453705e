"""The files in experiments/: one for every data set, each the recipe as it stands."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from absl.testing import flagsaver
from support.flag_parsing import parsed

from hsm.data.catalog import CATALOG, INSTALLED
from hsm.experiments import table1
from hsm.experiments.cli import app, data_flags, run_flags
from hsm.experiments.config import RunConfig
from hsm.experiments.config.recipes import RECIPES

FOLDER = Path(__file__).resolve().parents[3] / "experiments"
METHODS = ("SM", "LN", "BN", "HLN", "HBN")

every_file = pytest.mark.parametrize("dataset", CATALOG)


def lines(dataset):
    return (FOLDER / f"{dataset}.cfg").read_text(encoding="utf-8").splitlines()


def test_every_data_set_has_a_file():
    assert {path.stem for path in FOLDER.glob("*.cfg")} == set(CATALOG)


@every_file
def test_a_file_is_the_recipe(dataset):
    with parsed(f"--flagfile={FOLDER / dataset}.cfg"):
        assert data_flags.datasets() == [dataset]
        configs = run_flags.configs(dataset, dataset)
    recipe = RECIPES["paper"][dataset]
    assert {config.method: config for config in configs} == {
        method: RunConfig(dataset=dataset, method=method, **recipe) for method in METHODS
    }


@every_file
@pytest.mark.parametrize("method", METHODS)
def test_a_flag_after_the_file_wins(dataset, method):
    """One method of a file, and one number of it, is asked for without a copy."""
    with parsed(f"--flagfile={FOLDER / dataset}.cfg", f"--methods={method}", "--epochs=6"):
        configs = run_flags.configs(dataset, dataset)
    changed = {**RECIPES["paper"][dataset], "epochs": 6}
    assert configs == [RunConfig(dataset=dataset, method=method, **changed)]


@every_file
def test_a_file_spells_its_numbers_out(dataset):
    recipe = RECIPES["paper"][dataset]
    values = dict(
        line.removeprefix("--").split("=") for line in lines(dataset) if line.startswith("--")
    )
    assert (values["dataset"], values["methods"]) == (dataset, ",".join(METHODS))
    for name in (
        *("backbone", "image_size", "embedding_dim", "batch_size", "optimizer", "learning_rate"),
        *("epochs", "heated_epochs", "alpha", "heated_alpha"),
    ):
        assert values[name] == str(recipe[name])
    # What its optimiser does not use would mislead.
    is_adam = recipe["optimizer"] == "adam"
    assert ("adam_epsilon" in values, "momentum" in values) == (is_adam, not is_adam)


def test_a_file_that_is_no_text_is_said_in_a_sentence(tmp_path, capsys):
    path = tmp_path / "run.cfg"
    path.write_bytes(b"--epochs=2\n# \xff\n")
    with flagsaver.flagsaver(), pytest.raises(SystemExit) as end:
        app._parse(["table1", f"--flagfile={path}"], table1.main, "hsm.experiments.table1", "")
    assert end.value.code == 2
    assert f"error: --flagfile={path} must be a text file" in capsys.readouterr().err


@every_file
def test_a_file_says_its_command(dataset):
    (line,) = (line for line in lines(dataset) if line.startswith("# python -m "))
    command = shlex.split(line.removeprefix("# "))
    assert command[2:4] == ["hsm.experiments.table1", f"--flagfile=experiments/{dataset}.cfg"]
    small = dataset in (*INSTALLED, "omniglot", "mnist")
    folder = f"{dataset}_dir" if CATALOG[dataset].expected else "data_dir"
    expected = [] if small else ["--weights=FILE"]
    expected += [] if dataset in INSTALLED else [f"--{folder}=FOLDER"]
    assert command[4:] == expected


@pytest.mark.parametrize(
    ("given", "epsilon"),
    [
        (["--optimizer=adam"], 0.01),
        (["--optimizer=adam", "--adam_epsilon=1e-8"], 1e-8),
        (["--learning_rate=0.1"], 1e-7),
    ],
)
def test_adam_on_the_command_line_has_the_released_codes_epsilon(given, epsilon):
    with parsed("--dataset=image_folder", *given):
        configs = run_flags.configs("image_folder", "birds")
    assert {config.adam_epsilon for config in configs} == {epsilon}


@every_file
def test_a_file_says_what_it_gave_or_that_it_was_not_run(dataset):
    text = "\n".join(lines(dataset))
    given = f"# {dataset}: final epoch, percent\n" in text and "\n# Runs: commit " in text
    assert given != ("# Not run here with these numbers." in text)
    assert given == (dataset in ("digits", "letters", "omniglot"))
