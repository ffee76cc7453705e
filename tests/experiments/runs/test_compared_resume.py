"""The spectral and the mined method, killed in the middle of epochs: as if they had not been."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

from hsm.data.sources import load_source
from hsm.experiments.runs import build, runner
from hsm.experiments.runs.workspace import Workspace
from hsm.training.loop import Trainer
from hsm.training.progress import read_progress
from hsm.training.watch import Watch

# Mining begins with epoch 3.
EPOCHS = 5
# After how many steps each process is killed; an epoch has 2, of triplets 10.
KILLS = {"spectral": [3, 2, 2], "smart_mining": [15, 11, 8]}


class _Kill(BaseException):
    """Ends a process without anything being done after it."""


@pytest.fixture
def digits():
    return load_source("digits", limit=300)


@pytest.fixture
def run(monkeypatch, digits, quick_config):
    """Trains a method in a folder with saves in the middle of epochs; killed after some steps."""
    monkeypatch.setattr(runner, "Trainer", functools.partial(Trainer, checkpoint_minutes=0.0))
    monkeypatch.setattr(Watch, "is_due", lambda self, step: True)
    real = build.build_step

    def run(method, folder, kill_after=None):
        def killable(config, model, devices=None):
            step = real(config, model, devices)
            left = kill_after

            def counted(images, labels):
                nonlocal left
                if left == 0:
                    raise _Kill
                left = None if left is None else left - 1
                step(images, labels)

            return _Counted(step, counted)

        monkeypatch.setattr(build, "build_step", killable)
        config = replace(
            quick_config,
            method=method,
            batch_size=32,
            epochs=EPOCHS - 1,
            eval_every=EPOCHS,
            limit=300,
            learning_rate=0.01,
        )
        workspace = Workspace(folder)
        try:
            runner.Runner(digits, workspace, report=lambda line: None).run(config)
        except _Kill:
            return None
        path = workspace.checkpoint(config)
        with np.load(path) as archive:
            arrays = {key: archive[key] for key in archive if key != "progress.json"}
        return arrays, read_progress(path)

    return run


class _Counted:
    """A step whose calls go elsewhere."""

    def __init__(self, step, call):
        self._step, self._call = step, call

    def __call__(self, images, labels):
        self._call(images, labels)

    def __getattr__(self, name):
        return getattr(self._step, name)


@pytest.mark.parametrize("method", KILLS)
def test_killed_and_resumed_the_weights_are_the_same(method, run, tmp_path):
    arrays, progress = run(method, tmp_path / "whole")
    for kill in KILLS[method]:
        assert run(method, tmp_path / "killed", kill) is None
    resumed, same = run(method, tmp_path / "killed")
    for key, value in arrays.items():
        np.testing.assert_array_equal(resumed[key], value, err_msg=key)
    assert [e["loss"] for e in same["epochs"]] == [e["loss"] for e in progress["epochs"]]
    assert same["memory"] == progress["memory"]
    assert len(progress["epochs"]) == EPOCHS
    if method == "smart_mining":
        assert len(progress["memory"]["history"]) == EPOCHS - 2
