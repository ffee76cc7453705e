"""The paper's numbers, as far as they can be checked against each other."""

from __future__ import annotations

import pytest

from hsm.experiments.published import published_table


@pytest.mark.parametrize("dataset", ["cars196", "cub200", "products"])
def test_recall_grows_with_k(dataset):
    for score in published_table(dataset).scores.values():
        recalls = [score.recall[k] for k in sorted(score.recall)]
        assert recalls == sorted(recalls)


@pytest.mark.parametrize("dataset", ["cars196", "cub200", "products"])
def test_heating_helps_recall_at_1_as_the_paper_says(dataset):
    scores = published_table(dataset).scores
    assert scores["HBN"].recall[1] > scores["BN"].recall[1] > scores["SM"].recall[1]
    assert scores["HLN"].recall[1] > scores["LN"].recall[1]


def test_parts_stand_beside_the_whole():
    assert published_table("cars196_half") is published_table("cars196")
    assert published_table("cub100") is published_table("cub200")


def test_a_data_set_that_the_paper_lacks():
    assert published_table("digits") is None
