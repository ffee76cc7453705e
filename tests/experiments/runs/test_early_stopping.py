"""Early stopping: the epoch follows from the scorings alone, also of a run that was cut off."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from hsm.experiments.runs import early_stopping
from hsm.experiments.runs.early_stopping import Choice, choose
from hsm.experiments.runs.evaluator import Evaluator
from hsm.experiments.runs.runner import Runner
from hsm.experiments.runs.workspace import Workspace

# The best of the first four is that after epoch 2; 5 is better and comes too late.
SCORES = {1: 0.2, 2: 0.5, 3: 0.4, 4: 0.5, 5: 0.9, 6: 0.1}


@pytest.mark.parametrize(
    ("scores", "patience", "expected"),
    [
        ([], 1, None),
        ([0.2], 1, Choice(1, 0.2, 0, is_final=False)),
        ([0.2, 0.5, 0.5], 2, Choice(2, 0.5, 1, is_final=False)),
        ([0.2, 0.5, 0.5, 0.4, 0.9], 2, Choice(2, 0.5, 2, is_final=True)),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.9], 2, Choice(6, 0.6, 0, is_final=True)),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.1], 9, Choice(5, 0.5, 1, is_final=True)),
    ],
)
def test_the_best_epoch_of_those_that_count(scores, patience, expected):
    assert choose(list(enumerate(scores, start=1)), last=6, patience=patience) == expected


class Killed(BaseException):
    """Ends a run as a signal does."""


@pytest.fixture
def config(quick_config, monkeypatch):
    call = Evaluator.__call__

    def called(self, epoch):
        found = call(self, epoch)
        if found is not None and epoch in SCORES and self.config.heated_epochs == 1:
            found["recall"]["1"] = SCORES[epoch]
        return found

    monkeypatch.setattr(Evaluator, "__call__", called)
    return replace(quick_config, method="HBN", epochs=6)


def final_weights(runner, record):
    path = runner.workspace.checkpoint(record.config)
    with np.load(path) as arrays:
        return {key: arrays[key] for key in arrays if key != "progress.json"}


def finished(source, folder, config):
    runner = Runner(source, Workspace(folder), report=lambda text: None)
    record = early_stopping.run(runner, config, patience=2)
    return final_weights(runner, record), record


@pytest.fixture
def whole(few_digits, config, tmp_path):
    """Of a run that nothing cuts off."""
    return finished(few_digits, tmp_path / "whole", config)


def assert_the_same(found, expected):
    assert found[1].config == expected[1].config
    assert [row.loss for row in found[1].epochs] == [row.loss for row in expected[1].epochs]
    assert found[0].keys() == expected[0].keys()
    for key, value in expected[0].items():
        np.testing.assert_array_equal(found[0][key], value, err_msg=key)


def test_it_ends_as_a_run_with_as_many_epochs(few_digits, config, tmp_path, whole):
    said = []
    runner = Runner(few_digits, Workspace(tmp_path / "plain"), report=said.append)
    plain = runner.run(replace(config, epochs=2))
    assert whole[1].config.epochs == 2
    assert_the_same(whole, (final_weights(runner, plain), plain))
    # Not the epochs after the fourth, and no folder of a run that was left.
    shared = Workspace(tmp_path / "whole").shared_checkpoint(config)
    assert early_stopping.read_progress(shared)["epoch"] == 4
    assert len(list((tmp_path / "whole" / "runs").iterdir())) == 1


def cut_off(monkeypatch, few_digits, folder, config, *, at):
    """A run that is killed: before the scoring after epoch `at`, or while a state is copied."""

    def observe(_, epoch, **objects):
        if epoch == at:
            raise Killed

    def copy(source, target):
        raise Killed

    runner = Runner(few_digits, Workspace(folder), report=lambda text: None)
    if at != "copy":
        runner = replace(runner, observe=observe)
    with monkeypatch.context() as patched:
        if at == "copy":
            patched.setattr(shutil, "copyfile", copy)
        with pytest.raises(Killed):
            early_stopping.run(runner, config, patience=2)


def test_killed_and_started_again_it_ends_the_same(
    few_digits, config, tmp_path, whole, monkeypatch
):
    for at in (1, 2, 3, 4, "copy"):
        folder = tmp_path / f"killed_{at}"
        cut_off(monkeypatch, few_digits, folder, config, at=at)
        assert_the_same(finished(few_digits, folder, config), whole)


def test_a_recorded_run_decides_where_its_state_is_gone(few_digits, config, tmp_path, whole):
    workspace = Workspace(tmp_path / "gone")
    runner = Runner(few_digits, workspace, report=lambda text: None)
    runner.run(config)
    shutil.rmtree(tmp_path / "gone" / "trunks")
    assert_the_same(finished(few_digits, tmp_path / "gone", config), whole)


def test_what_has_no_switch_is_refused(few_digits, config, tmp_path):
    runner = Runner(few_digits, Workspace(tmp_path))
    for wrong in ({"heating": "gradual"}, {"ks": (2, 4)}):
        with pytest.raises(ValueError, match="early_stopping with a method that is trained"):
            early_stopping.run(runner, replace(config, **wrong), patience=1)
