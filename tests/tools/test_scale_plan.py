"""The plan on paper is the page's, and its figures follow from one another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scale_plan import Plan, table
from support.pages import ROOT

PLAN = Plan()


def test_the_page_has_the_plan():
    assert table(PLAN) in (ROOT / "docs" / "guides" / "devices.md").read_text(encoding="utf-8")


def test_memory_is_that_of_weights_and_logits_by_hand():
    # 3 x 10^6 x 128 x 4 bytes, and 3 x 64 x 10^6 x 4.
    assert PLAN.classifier_bytes == 512_000_000
    assert PLAN.device_bytes == 1_536_000_000 + 768_000_000
    assert PLAN.classes_in(2 * PLAN.device_bytes) == 2 * PLAN.classes
    assert PLAN.device_bytes > 2 * PLAN.sharded_bytes()


def test_network_and_hours_by_hand():
    assert PLAN.gradient_bytes == 512_000_000 + 24_400_000
    assert PLAN.network_seconds == pytest.approx(2 * 7 / 8 * 0.5364 / 12.5)
    assert PLAN.compute_seconds == pytest.approx(0.064 + 6 * 64 * 128 * 1e6 / 20e12)
    assert PLAN.steps == 24_415
    least, most = PLAN.epoch_hours
    assert least == pytest.approx(24_415 * PLAN.network_seconds / 3600)
    assert most == pytest.approx(least + 24_415 * PLAN.compute_seconds / 3600)


def test_the_page_says_rightly_where_the_network_becomes_the_limit():
    few = replace(PLAN, classes=200_000)
    assert few.network_seconds < few.compute_seconds / 3
    assert PLAN.network_seconds > PLAN.compute_seconds
    assert replace(PLAN, classes=900_000).network_seconds > PLAN.compute_seconds
    assert PLAN.sharded_exchange() < PLAN.gradient_bytes / 100


def test_one_machine_sends_nothing():
    assert replace(PLAN, machines=1).network_seconds == 0
