"""The paper's numbers, as far as they can be checked against each other."""

from __future__ import annotations

import pytest

from hsm.experiments.reporting.paper_numbers import (
    CARS196_DIMENSIONS,
    is_part,
    published_dimensions,
    published_table,
)

TABLES = {
    **{name: published_table(name) for name in ("cars196", "cub200", "products", "inshop")},
    **{f"{n} accuracy": published_table(n, "classification") for n in ("cars196", "cub200")},
}


@pytest.mark.parametrize("name", ["cars196", "cub200", "products", "inshop"])
def test_recall_grows_with_k(name):
    table = TABLES[name]
    for row in (*table.scores.values(), *table.quoted.values()):
        recalls = [value for measure, value in row.items() if measure.startswith("R@")]
        assert recalls == sorted(recalls)


@pytest.mark.parametrize("name", ["cars196", "cub200", "products", "inshop"])
def test_heating_helps_recall_at_1_as_the_paper_says(name):
    scores = {row: values["R@1"] for row, values in TABLES[name].scores.items()}
    assert scores["HBN"] > scores["BN"] > scores["SM"]
    assert scores["HLN"] > scores["LN"]


@pytest.mark.parametrize("name", ["cars196 accuracy", "cub200 accuracy"])
def test_heating_helps_accuracy_as_appendix_says(name):
    scores = {row: values["accuracy"] for row, values in TABLES[name].scores.items()}
    assert scores["HBN"] > scores["BN"] > scores["SM"]
    assert scores["HLN"] > scores["LN"]


def test_table_3_has_the_best_alpha_and_the_order_that_the_text_names():
    for row in CARS196_DIMENSIONS.values():
        fixed = {name: value for name, value in row.items() if name.startswith("α")}
        assert max(fixed, key=fixed.get) == "α = 16"
        assert row["HBN"] > max(fixed.values()) > min(fixed.values()) > row["SM"]


def test_tables_1_and_3_agree_on_sm_and_bn_after_rounding_and_not_on_hbn():
    one = {name: values["R@1"] for name, values in TABLES["cars196"].scores.items()}
    three = CARS196_DIMENSIONS[64]
    assert round(one["SM"], 1) == three["SM"]
    assert round(one["BN"], 1) == three["α = 16"]
    assert (one["HBN"], three["HBN"]) == (74.70, 74.0)


def test_all_methods_that_the_paper_numbers_are_quoted():
    numbers = {name[:3] for table in TABLES.values() for name in table.quoted}
    assert numbers == {f"[{number}]" for number in range(1, 9)}


def test_parts_stand_beside_the_whole():
    assert published_table("cars196_half") is published_table("cars196")
    assert published_table("cub100") is published_table("cub200")
    assert published_dimensions("cars196_half") is CARS196_DIMENSIONS
    assert is_part("cub100")
    assert not is_part("cub200")


def test_a_data_set_that_the_paper_lacks():
    assert published_table("digits") is None
    assert published_table("inshop", "classification") is None
    assert published_dimensions("cub200") is None
