"""The files in experiments/: one for every data set and method, each the recipe as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from experiments.flag_parsing import parsed

from hsm.data.catalog import CATALOG
from hsm.experiments import data_flags, flags
from hsm.experiments.config import METHODS, RunConfig
from hsm.experiments.recipes import RECIPES

FOLDER = Path(__file__).resolve().parents[2] / "experiments"
FILES = {
    f"{dataset}_{method.lower()}.cfg": (dataset, method)
    for dataset in CATALOG
    for method in METHODS
    if method != "pretrained"
}


def test_every_data_set_and_method_has_a_file():
    assert {path.name for path in FOLDER.glob("*.cfg")} == set(FILES)


@pytest.mark.parametrize(("file", "names"), FILES.items(), ids=FILES)
def test_a_file_is_the_recipe(file, names):
    dataset, method = names
    with parsed(f"--flagfile={FOLDER / file}"):
        assert data_flags.datasets() == [dataset]
        configs = flags.configs(dataset, dataset)
    assert configs == [RunConfig(dataset=dataset, method=method, **RECIPES["paper"][dataset])]


@pytest.mark.parametrize(("file", "names"), FILES.items(), ids=FILES)
def test_a_file_spells_its_numbers_out_and_says_its_command(file, names):
    dataset, method = names
    first, command, *given = (FOLDER / file).read_text().splitlines()
    assert first.startswith(f"# {method} on ")
    assert f"python -m hsm.experiments.table1 --flagfile=experiments/{file}" in command
    folder = f"{dataset}_dir" if CATALOG[dataset].expected else "data_dir"
    assert (f"--{folder}=FOLDER" in command) == (dataset != "digits")
    spelt = {line.removeprefix("--").partition("=")[0] for line in given}
    assert spelt >= {"backbone", "embedding_dim", "batch_size", "optimizer", "learning_rate"}
    assert spelt >= {"epochs", "heated_epochs"}
    # What a method does not use would mislead.
    assert ("alpha" in spelt, "heated_alpha" in spelt) == (method != "SM", method[0] == "H")


def test_a_flag_after_the_file_wins():
    with parsed(f"--flagfile={FOLDER / 'cars196_hbn.cfg'}", "--epochs=6", "--methods=BN,HBN"):
        configs = flags.configs("cars196", "cars196")
    assert [(config.method, config.epochs) for config in configs] == [("BN", 6), ("HBN", 6)]


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
        configs = flags.configs("image_folder", "birds")
    assert {config.adam_epsilon for config in configs} == {epsilon}
