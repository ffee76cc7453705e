"""What the profile "official" does with the compared systems: the documented table, and no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from hsm.data.catalog import CATALOG
from hsm.experiments.config import METHODS, RunConfig
from hsm.experiments.config.compared_recipes import COMPARED_OFFICIAL, recipe_of
from hsm.experiments.config.recipes import RECIPES

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reproduction" / "profiles.md"
COMPARED = [name for name, method in METHODS.items() if method.citation is not None]
CASES = [(method, name) for method, sets in COMPARED_OFFICIAL.items() for name in sets]


def value(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return {"true": True, "false": False}.get(text, text)


def documented():
    """Method → data set → setting → value, as the page's table says; sources are not empty."""
    found: dict[str, dict[str, dict[str, object]]] = {}
    section = PAGE.read_text(encoding="utf-8").split("## The compared systems")[1]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if not line.startswith("| ") or len(cells) != 5 or cells[0] == "method":
            continue
        method, datasets, setting, number, source = cells
        assert source, line
        for dataset in datasets.split(", "):
            of_dataset = found.setdefault(method, {}).setdefault(dataset, {})
            assert setting not in of_dataset, line
            of_dataset[setting.strip("`")] = value(number)
    return found


def test_every_number_stands_in_the_documented_table_with_its_source():
    assert documented() == {
        method: {name: dict(changes) for name, changes in sets.items()}
        for method, sets in COMPARED_OFFICIAL.items()
    }


def test_what_is_ours_is_said_of_every_compared_system():
    listed = PAGE.read_text(encoding="utf-8").split("What is not in the table is ours:")[1]
    assert [name for name in COMPARED if f"**{name}**" not in listed] == []


def test_iterations_become_epochs_of_the_data_set():
    images = {name: CATALOG[name].expected["zero_shot"].train.images for name in RECIPES["paper"]
              if "zero_shot" in CATALOG[name].expected}  # fmt: skip
    lifted, hdc = COMPARED_OFFICIAL["lifted"], COMPARED_OFFICIAL["hdc"]
    for name, changes in lifted.items():
        assert changes["epochs"] == round(20_000 * 128 / images[name])
    for name, iterations in {"cars196": 20_000, "cub200": 60_000, "products": 60_000}.items():
        assert hdc[name]["epochs"] == round(iterations * 100 / images[name])
    assert hdc["cars196"]["decay_every"] == round(10_000 * 100 / images["cars196"])
    assert hdc["products"]["decay_every"] == round(20_000 * 100 / images["products"])


@pytest.mark.parametrize(("method", "dataset"), CASES)
def test_a_recipe_makes_a_run(method, dataset):
    recipe = recipe_of(method, dataset, RECIPES["official"][dataset])
    config = RunConfig(dataset=dataset, method=method, **recipe)
    assert sum(phase.epochs for phase in config.schedule.phases) == config.total_epochs
    paper = RECIPES["paper"][dataset]
    assert recipe_of(method, dataset, paper) == {**paper, "class_mean_init": False}


def test_rates_fall_as_the_sources_say():
    def rates(method):
        recipe = recipe_of(method, "cars196", RECIPES["official"]["cars196"])
        phases = RunConfig(dataset="cars196", method=method, **recipe).schedule.phases
        return [(phase.epochs, pytest.approx(phase.learning_rate)) for phase in phases]

    assert rates("hdc") == [(124, 0.01), (124, 0.001)]
    assert rates("smart_mining")[:2] == [(3, 0.1), (3, 0.05)]
    assert rates("smart_mining")[-1] == (2, 0.1 * 0.5**6)
    assert rates("proxy_nca")[49] == (1, 0.004 * 0.94**49)
    assert rates("lifted") == [(318, 1e-4)]


@pytest.mark.parametrize("method", COMPARED)
def test_no_class_means_where_no_classifier_takes_them(method):
    recipe = RECIPES["official"]["products"]
    RunConfig(dataset="products", method=method, **recipe_of(method, "products", recipe))
    with pytest.raises(ValueError, match="expected class_mean_init with a method whose classifier"):
        RunConfig(dataset="products", method=method, **recipe)


def test_a_falling_rate_needs_both_numbers_and_a_compared_system():
    with pytest.raises(ValueError, match="decay_every and decay_factor go together"):
        RunConfig(dataset="digits", method="triplet", decay_every=2)
    with pytest.raises(ValueError, match="decay_every and decay_factor go together"):
        RunConfig(dataset="digits", method="triplet", decay_factor=0.5)
    with pytest.raises(
        ValueError, match="expected decay_every with the methods triplet and lifted"
    ):
        RunConfig(dataset="digits", method="HBN", decay_every=2, decay_factor=0.5)
