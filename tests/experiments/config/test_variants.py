"""Rows beside the five methods: what they change, and what they are called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hsm.experiments.config import RunConfig
from hsm.experiments.config.variants import (
    VARIANTS,
    comparisons,
    label,
    options,
    standing_order,
    vary,
)

BASE = RunConfig(dataset="digits", method="BN", learning_rate=0.1, alpha=8.0)

LABELS = {
    "label_smoothing": "SM, label smoothing 0.1",
    "learned_alpha": "BN, learned α",
    "gradual": "HBN, gradual",
    "no_norm_term": "LN, gradient without norm term",
    "alpha_only": "HBN, rate kept",
    "rate_only": "HBN, α kept",
    "hdc_3x128": "hdc, 3 × 128",
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_is_called_by_what_it_changes(variant):
    assert label(vary(BASE, variant)) == LABELS[variant]


def test_a_width_makes_no_variant():
    """Where all rows have 384 dimensions, hdc's row is called as the others are."""
    wide = replace(BASE, method="hdc", embedding_dim=384)
    assert label(wide) == "hdc"
    assert vary(wide, "hdc_3x128") == wide
    varied = vary(BASE, "hdc_3x128")
    assert (varied.embedding_dim, label(varied)) == (384, "hdc, 3 × 128")
    # Both can stand in one folder: a record says which of the two it is.
    assert varied.name != wide.name
    assert RunConfig.from_json(varied.to_json()) == varied


def test_variants_have_names_of_their_own():
    methods = [RunConfig(**{**BASE.to_json(), "method": m, "ks": BASE.ks}) for m in ("SM", "HBN")]
    names = {vary(BASE, variant).name for variant in VARIANTS} | {c.name for c in (BASE, *methods)}
    assert len(names) == len(VARIANTS) + 3


def test_the_controls_heat_one_thing_at_a_time():
    (_, alpha_only), (_, rate_only) = (
        vary(BASE, variant).schedule.phases for variant in ("alpha_only", "rate_only")
    )
    assert (alpha_only.alpha, alpha_only.learning_rate) == (4.0, 0.1)
    assert (rate_only.alpha, rate_only.learning_rate) == (8.0, pytest.approx(0.01))
    assert vary(BASE, "alpha_only").shared_name == vary(BASE, "rate_only").shared_name


def test_a_tuned_row_still_says_what_the_data_lacks():
    config = RunConfig(dataset="letters", method="fashionnet", tuned=3)
    assert label(config) == "fashionnet, no landmarks, tuned"
    assert label(replace(config, landmarks=True)) == "fashionnet, tuned"


def test_methods_and_older_records_have_no_options():
    assert label(BASE) == "BN"
    old = {"dataset": "digits", "method": "HBN", "alpha": 16.0, "heated_alpha": 4.0}
    assert options(RunConfig.from_json(old)) == ()


def test_an_unknown_variant_is_refused():
    with pytest.raises(ValueError, match=r"variant to be one of label_smoothing, .*'cold'"):
        vary(BASE, "cold")


def test_a_method_stands_before_its_variants_and_below_what_it_starts_from():
    labels = ["HBN, α kept", "HBN", "SM, label smoothing 0.1", "BN", "SM", "pretrained", "SM"]
    assert standing_order(labels) == (
        "pretrained",
        "SM",
        "SM, label smoothing 0.1",
        "BN",
        "HBN",
        "HBN, α kept",
    )


def test_variants_are_compared_with_their_method_and_controls_with_both_ends():
    labels = ["SM", "BN", "HBN", "SM, label smoothing 0.1", "HBN, α kept", "HBN, gradual"]
    assert comparisons(labels) == (
        ("HBN", "BN"),
        ("BN", "SM"),
        ("SM, label smoothing 0.1", "SM"),
        ("HBN, α kept", "BN"),
        ("HBN", "HBN, α kept"),
        ("HBN, gradual", "HBN"),
    )


def test_what_was_not_run_is_not_compared():
    assert comparisons(["SM", "HBN", "HBN, rate kept"]) == (("HBN", "HBN, rate kept"),)
