"""When the loop looks up, by a clock that the test turns."""

from __future__ import annotations

import pytest

from hsm.training import watch


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(watch.time, "perf_counter", lambda: now[0])
    return now


def test_it_is_time_in_the_first_step_and_once_a_second(clock):
    looks = watch.Watch(save_seconds=600)
    assert looks.is_due(1)
    for seconds, expected in ((0.5, False), (0.6, True), (0.9, False), (0.2, True)):
        clock[0] += seconds
        assert looks.is_due(2) is expected


def test_it_is_time_to_save_once_every_so_many_seconds(clock):
    looks = watch.Watch(save_seconds=600)
    for seconds, expected in ((599, False), (1, True), (599, False), (2, True)):
        clock[0] += seconds
        assert looks.is_save_due() is expected
