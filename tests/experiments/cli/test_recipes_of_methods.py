"""A command gives every method its own recipe, and flags override it."""

from __future__ import annotations

from support.flag_parsing import parsed

from hsm.experiments.cli import run_flags
from hsm.experiments.config.variants import label


def configs(*flags):
    with parsed("--dataset=cars196", *flags):
        found = run_flags.configs("cars196", "cars196")
    return {label(config): config for config in found}


def test_the_official_profile_gives_methods_their_own_numbers():
    found = configs("--profile=official", "--methods=hdc,proxy_nca,HBN")
    assert (found["hdc"].epochs, found["hdc"].heated_epochs) == (248, 0)
    assert (found["hdc"].embedding_dim, found["HBN"].embedding_dim) == (384, 64)
    assert (found["proxy_nca"].decay_factor, found["HBN"].decay_every) == (0.94, None)
    assert {config.backbone for config in found.values()} == {"inception_v1"}


def test_flags_override_them():
    found = configs("--profile=official", "--methods=hdc,HBN", "--embedding_dim=32", "--epochs=7")
    assert {(c.embedding_dim, c.epochs) for c in found.values()} == {(32, 7)}


def test_the_profile_paper_gives_all_the_same():
    found = configs("--methods=hdc,lifted,HBN", "--variants=hdc_3x128")
    assert [*found] == ["HBN", "lifted", "hdc", "hdc, 3 × 128"]
    assert {c.embedding_dim for c in found.values()} == {64, 384}
    assert {(c.epochs, c.batch_size) for c in found.values()} == {(40, 32)}


def test_where_all_are_as_wide_the_variant_is_the_method():
    found = configs("--methods=hdc", "--variants=hdc_3x128", "--embedding_dim=384")
    assert [*found] == ["hdc"]
    official = configs("--profile=official", "--methods=hdc", "--variants=hdc_3x128")
    assert [*official] == ["hdc"]
