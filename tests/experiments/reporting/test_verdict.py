"""The verdict says what the intervals say, and no more."""

from __future__ import annotations

import numpy as np
import pytest
from support.record_factory import KS, QUERIES, changed, make_record

from hsm.experiments.reporting.verdict import headline, verdict
from hsm.records import pack_hits


def _with_hits(record, found):
    """`record` with the queries `found` right at every K."""
    packed = {str(k): pack_hits(found) for k in KS}
    record = changed(record, "final.recall", dict.fromkeys(KS, float(found.mean())))
    return changed(record, "hits.final", packed)


def _first(count):
    return np.arange(QUERIES) < count


def _pair(ours, theirs, methods=("HBN", "BN"), **config):
    return [
        _with_hits(make_record(m, **config), h)
        for m, h in zip(methods, (ours, theirs), strict=True)
    ]


def test_a_gain_beyond_chance_is_called_one():
    runs = _pair(_first(30), _first(10))
    lines = verdict(runs)
    assert lines[0] == "Best by R@1: HBN with 75.00 %; every other row is told from it."
    assert lines[1].startswith("HBN − BN: R@1 +50.00 points [+")
    assert lines[1].endswith("]: heating helped.")
    assert headline(runs) == (
        "digits: HBN finds the right class first for 75.0 % of 40 test images; "
        "heating BN gained 50.00 points"
    )


def test_a_loss_beyond_chance_is_called_one():
    runs = _pair(_first(10), _first(30))
    assert verdict(runs)[1].endswith("]: heating harmed.")
    assert headline(runs).endswith("; heating BN lost 50.00 points")


def test_a_difference_that_chance_may_have_made_is_not_told():
    runs = _pair(_first(11), _first(10))
    lines = verdict(runs)
    assert lines[0] == "Best by R@1: HBN with 27.50 %; not told from it: BN."
    assert lines[1].endswith(": not told from chance.")
    assert headline(runs) == (
        "digits: HBN finds the right class first for 27.5 % of 40 test images, not told from BN; "
        "what heating BN changed (+2.50 points) is not told from chance"
    )


def test_methods_that_are_not_heated_are_better_or_not():
    assert verdict(_pair(_first(30), _first(10), ("BN", "SM")))[1].endswith("]: BN is better.")
    assert verdict(_pair(_first(10), _first(30), ("BN", "SM")))[1].endswith("]: SM is better.")


def test_several_seeds_count_and_stand_in_the_caveat():
    runs = [run for seed in (0, 1) for run in _pair(_first(30), _first(10), seed=seed)]
    lines = verdict(runs)
    assert "] over 2 seeds: heating helped." in lines[1]
    assert lines[-1].endswith("over queries, of 2 seeds: others may give another order.")
    assert "one seed" in verdict(runs[:2])[-1]


def test_three_seeds_that_disagree_tell_nothing_however_many_queries_there_are():
    hits = [(30, 10), (30, 10), (15, 10)]
    agreed = [run for seed in range(3) for run in _pair(_first(30), _first(10 + seed), seed=seed)]
    assert verdict(agreed)[1].endswith("over 3 seeds: heating helped.")
    runs = [
        run
        for seed, (ours, theirs) in enumerate(hits)
        for run in _pair(_first(ours), _first(theirs), seed=seed)
    ]
    lines = verdict(runs)
    assert lines[1].endswith("over 3 seeds: not told from chance.")
    assert (
        lines[-1] == "In brackets: 95 % intervals, over queries or over seeds, whichever says less."
    )


def test_one_row_alone_is_compared_with_nothing():
    assert verdict([make_record("SM")]) == (
        "Best by R@1: SM with 50.00 %; it is compared with nothing.",
    )


def test_fixed_alphas_are_compared_with_hbn():
    runs = [
        _with_hits(make_record("HBN"), _first(30)),
        *(_with_hits(make_record("BN", alpha=a), _first(a)) for a in (4, 28)),
    ]
    runs = [changed(run, "name", f"{run.name}-{run.config.alpha:g}") for run in runs]
    lines = verdict(runs)
    assert lines[0].endswith("not told from it: BN with α = 28.")
    assert lines[1].startswith("HBN − BN with α = 4: ")
    assert lines[1].endswith("HBN is better.")


def test_data_sets_are_judged_each_by_itself():
    runs = [*_pair(_first(30), _first(10)), *_pair(_first(9), _first(8), dataset="omniglot")]
    lines = verdict(runs)
    assert [line.split(":")[0] for line in lines[:4]] == ["digits"] * 2 + ["omniglot"] * 2
    assert headline(runs) == "Best R@1: digits HBN 75.00 %, omniglot HBN 22.50 %"


def test_the_accuracy_is_named_where_it_was_scored():
    runs = [changed(run, "final.accuracy", 0.5) for run in _pair(_first(20), _first(20))]
    runs = [changed(run, "hits.final", {"accuracy": pack_hits(_first(20))}) for run in runs]
    assert headline(runs).startswith("digits: BN names the right class for 50.0 % of 40")


def test_many_rivals_are_counted_in_the_title():
    runs = [_with_hits(make_record(m), _first(20)) for m in ("SM", "LN", "BN", "HBN")]
    assert "not told from 3 other rows; what heating BN changed" in headline(runs)
    assert verdict(runs)[0].endswith("not told from it: LN, BN, HBN.")


def test_few_images_are_no_result():
    runs = _pair(_first(30), _first(10), limit=64)
    trial = "At most 64 images a part: a trial of the command, and no result."
    assert verdict(runs)[-1] == trial
    assert trial not in verdict(_pair(_first(30), _first(10)))


def test_no_records_are_refused():
    with pytest.raises(ValueError, match="at least one record"):
        verdict([])
