"""A signal waits for the step under way and for a checkpoint, and then takes its course."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest
from support.tiny_model import make_batches, make_trainer, weights_of

from hsm.training import checkpoint
from hsm.training.interruption import Interruption
from hsm.training.loop import TrainingData


class _Terminated(BaseException):
    """What the program's own handler raises."""


@pytest.fixture
def handler():
    def terminate(number, frame):
        raise _Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    yield terminate
    signal.signal(signal.SIGTERM, before)


def _terminate_and_note(reached, times=1):
    for number in range(1, times + 1):
        os.kill(os.getpid(), signal.SIGTERM)
        reached.append(number)


def _signalled_at(steps, *places):
    """Batches of four steps; before the step after each of `places` a SIGTERM comes."""
    data = make_batches(steps)

    def batches(epoch, first):
        for index, batch in enumerate(data.batches(epoch, first), start=first):
            if (epoch, index) in places:
                os.kill(os.getpid(), signal.SIGTERM)
            yield batch

    return TrainingData(batches, steps)


@pytest.mark.usefixtures("handler")
@pytest.mark.parametrize("place", [(1, 0), (2, 1), (2, 3), (4, 3)])
def test_a_signal_loses_no_step(tmp_path, place):
    path, whole = tmp_path / "c.npz", make_trainer()
    whole.train(4, tmp_path / "whole.npz")
    with pytest.raises(_Terminated):
        make_trainer(data=_signalled_at(4, place)).train(4, path)
    epoch, index = place
    progress = checkpoint.read_progress(path)
    assert progress["epoch"] == epoch - 1
    assert progress["interrupted"]["step"] == index + 1
    resumed = make_trainer(seed=1)
    resumed.restore(path)
    resumed.train(4, path)
    for a, b in zip(weights_of(whole), weights_of(resumed), strict=True):
        np.testing.assert_array_equal(a, b)


def test_ctrl_c_is_pythons_own():
    def work(interruption):
        os.kill(os.getpid(), signal.SIGINT)
        assert interruption.is_requested
        interruption.deliver()

    with pytest.raises(KeyboardInterrupt), Interruption() as interruption:
        work(interruption)


def test_one_that_nobody_delivered_comes_at_the_end(handler):
    reached = []
    with pytest.raises(_Terminated), Interruption():
        _terminate_and_note(reached)
    assert reached == [1]
    assert signal.getsignal(signal.SIGTERM) is handler


def test_a_second_one_does_not_wait(handler):
    reached = []
    with pytest.raises(_Terminated), Interruption():
        _terminate_and_note(reached, times=2)
    assert reached == [1]
    assert signal.getsignal(signal.SIGTERM) is handler


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with Interruption() as interruption:
            os.kill(os.getpid(), signal.SIGTERM)
            assert not interruption.is_requested
    finally:
        signal.signal(signal.SIGTERM, before)


def test_another_thread_trains_as_well(handler):
    seen = []

    def work():
        with Interruption() as interruption:
            interruption.deliver()
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [handler]


@pytest.mark.usefixtures("handler")
def test_an_error_is_not_hidden_by_a_signal():
    def work():
        os.kill(os.getpid(), signal.SIGTERM)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Interruption():
        work()
