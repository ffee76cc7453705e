"""Schedules: phases, the switch, and what they refuse."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.schedules import Constant, Gradual, HeatUp, Phase, phase_at, total_epochs


def test_heat_up_has_the_papers_numbers_by_default():
    before, after = HeatUp().phases
    assert before == Phase(40, 16.0, 0.004)
    assert after.epochs == 10
    assert after.alpha == 4.0
    assert math.isclose(after.learning_rate, 0.0004)


def test_heated_learning_rate_can_be_given():
    assert HeatUp(heated_learning_rate=0.001).phases[1].learning_rate == 0.001


@given(st.integers(1, 50), st.integers(0, 50))
def test_the_switch_comes_after_the_last_epoch_of_the_first_phase(epochs, heated_epochs):
    schedule = HeatUp(epochs=epochs, heated_epochs=heated_epochs)
    assert total_epochs(schedule) == epochs + heated_epochs
    alphas = [phase_at(schedule, e).alpha for e in range(1, epochs + heated_epochs + 1)]
    assert alphas == [16.0] * epochs + [4.0] * heated_epochs


@pytest.mark.parametrize("epoch", [0, -1, 6])
def test_an_epoch_outside_the_schedule_is_refused(epoch):
    with pytest.raises(ValueError, match=rf"expected epoch in 1\.\.5\. Received: epoch={epoch}"):
        phase_at(Constant(16.0, 0.004, 5), epoch)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": 0.0}, "expected alpha to be a positive finite number. Received: alpha=0.0"),
        (
            {"heated_alpha": math.nan},
            "expected alpha to be a positive finite number. Received: alpha=nan",
        ),
        ({"learning_rate": -1.0}, "expected learning_rate to be a positive finite number"),
        ({"epochs": -1}, "expected epochs of 0 or more. Received: epochs=-1"),
    ],
)
def test_wrong_numbers_are_refused_at_construction(arguments, message):
    with pytest.raises(ValueError, match=message):
        HeatUp(**arguments)


def test_gradual_heating_ends_near_the_switchs_numbers():
    phases = Gradual().phases
    assert [phase.epochs for phase in phases] == [10] * 5
    assert phases[0] == Phase(10, 16.0, 0.004)
    for before, after in itertools.pairwise(phases):
        assert math.isclose(after.alpha, before.alpha / 1.41)
        assert math.isclose(after.learning_rate, before.learning_rate * 0.562)
    assert math.isclose(phases[-1].alpha, 4.05, abs_tol=0.01)
    assert math.isclose(phases[-1].learning_rate, 0.0004, rel_tol=0.01)


@given(st.integers(0, 50), st.integers(1, 12))
def test_gradual_heating_trains_every_epoch_once(epochs, every):
    schedule = Gradual(epochs=epochs, every=every)
    assert total_epochs(schedule) == epochs
    alphas = [phase_at(schedule, epoch).alpha for epoch in range(1, epochs + 1)]
    assert alphas == [16.0 / 1.41 ** (epoch // every) for epoch in range(epochs)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"every": 0}, "expected every to be 1 or more. Received: every=0"),
        ({"alpha_divisor": 1.0}, "expected alpha_divisor to be finite and more than 1, .*=1.0"),
        (
            {"rate_factor": 1.1},
            "expected rate_factor to be more than 0 and at most 1. Received: .*=1.1",
        ),
        ({"alpha": -1.0}, "expected alpha to be a positive finite number"),
    ],
)
def test_gradual_heating_refuses_wrong_numbers(arguments, message):
    with pytest.raises(ValueError, match=message):
        Gradual(**arguments)
