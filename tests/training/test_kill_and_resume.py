"""Two runs share a checkpoint up to the switch: however they are killed, they end the same."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny_model import make_batches, make_trainer

from hsm.schedules import Constant, HeatUp
from hsm.training import checkpoint
from hsm.training.checkpoint import CheckpointFile
from hsm.training.loop import Trainer, TrainingData

SWITCH, END, STEPS = 2, 4, 3
SCHEDULES = {
    "BN": Constant(16.0, 0.05, END),
    "HBN": HeatUp(epochs=SWITCH, heated_epochs=END - SWITCH, learning_rate=0.05),
}


class _Kill(BaseException):
    """Ends a process without anything being done after it."""


class _Process:
    """What one process does to the files of a folder until it is killed."""

    def __init__(self, step, initial, folder):
        self.step, self.initial, self.folder = step, initial, folder
        self.left = None

    def tick(self):
        """A moment at which the process may be killed."""
        if self.left == 0:
            raise _Kill
        self.left = None if self.left is None else self.left - 1

    def batches(self, epoch, first):
        for batch in make_batches(STEPS).batches(epoch, first):
            self.tick()
            yield batch

    def save(self, real, *arguments, **options):
        self.tick()
        real(*arguments, **options)
        self.tick()

    def evaluate(self, eval_every, epoch):
        if epoch % eval_every and epoch not in (SWITCH, END):
            return None
        self.tick()
        score = sum(float(np.sum(variable)) for variable in self.step.model.variables)
        self.tick()
        return {"score": score}

    def run(self, name, *, kill_after=None, eval_every=1):
        """Start anew, resume what there is, and train to the end; False if killed before it."""
        for variable, value in zip(_variables(self.step), self.initial, strict=True):
            variable.assign(value)
        self.left = kill_after
        trainer = Trainer(
            self.step,
            TrainingData(self.batches, STEPS),
            schedule=SCHEDULES[name],
            evaluate=lambda epoch: self.evaluate(eval_every, epoch),
            checkpoint_minutes=0.0,
        )
        files = [
            CheckpointFile(self.folder / "shared.npz", SWITCH),
            CheckpointFile(self.folder / f"{name}.npz", END),
        ]
        try:
            trainer.resume(files)
            trainer.train_files(files)
        except _Kill:
            return False
        return True


def _variables(step):
    return [*step.model.variables, *step.optimizer.variables]


def _state(path):
    """Weights, losses of the epochs and scores by epoch that a checkpoint holds."""
    with np.load(path) as archive:
        arrays = {key: archive[key] for key in archive if key != "progress.json"}
    progress = checkpoint.read_progress(path)
    losses = [(e["epoch"], e["alpha"], e["loss"], e["accuracy"]) for e in progress["epochs"]]
    return arrays, losses, {e["epoch"]: e["score"] for e in progress["evaluations"]}


@pytest.fixture(scope="module")
def step():
    return make_trainer().step


@pytest.fixture(scope="module")
def initial(step):
    return [np.array(variable) for variable in _variables(step)]


@pytest.fixture(scope="module")
def undisturbed(step, initial, tmp_path_factory):
    """Each run by itself, in a folder of its own."""
    states = {}
    for name in SCHEDULES:
        folder = tmp_path_factory.mktemp(name)
        assert _Process(step, initial, folder).run(name)
        states[name] = _state(folder / f"{name}.npz")
    return states


@pytest.fixture
def killable(monkeypatch):
    """Makes every save a moment at which the process under way may be killed."""
    real, current = checkpoint.save, []
    monkeypatch.setattr(
        checkpoint,
        "save",
        lambda *args, **options: current[-1].save(real, *args, **options),
    )
    return current


_ATTEMPTS = st.lists(
    st.tuples(st.sampled_from(sorted(SCHEDULES)), st.integers(0, 45), st.sampled_from([1, 2, 3])),
    max_size=6,
)


def test_killed_while_the_epoch_after_the_switch_is_evaluated(
    step, initial, undisturbed, tmp_path, killable
):
    process = _Process(step, initial, tmp_path)
    killable.append(process)
    kills = 0
    while not (tmp_path / "BN.npz").exists() or len(_state(tmp_path / "BN.npz")[1]) == SWITCH:
        kills += 1
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        process.run("BN", kill_after=kills)
    shared = (tmp_path / "shared.npz").read_bytes()
    assert not process.run("BN", kill_after=1)  # while it makes up for the evaluation
    assert (tmp_path / "shared.npz").read_bytes() == shared
    assert process.run("HBN")
    assert process.run("BN")
    assert (tmp_path / "shared.npz").read_bytes() == shared
    for name in SCHEDULES:
        _assert_same(_state(tmp_path / f"{name}.npz"), undisturbed[name])


@settings(max_examples=20, deadline=None)
@given(attempts=_ATTEMPTS, last=st.permutations(sorted(SCHEDULES)))
def test_every_order_of_kills_ends_as_undisturbed(step, initial, undisturbed, attempts, last):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        process, real = _Process(step, initial, Path(folder)), checkpoint.save
        patch.setattr(checkpoint, "save", lambda *args, **kw: process.save(real, *args, **kw))
        for name, kill_after, eval_every in attempts:
            process.run(name, kill_after=kill_after, eval_every=eval_every)
        for name in last:
            assert process.run(name)
        for name in SCHEDULES:
            _assert_same(_state(Path(folder) / f"{name}.npz"), undisturbed[name])


def _assert_same(state, expected):
    arrays, losses, scores = state
    for key, value in expected[0].items():
        np.testing.assert_array_equal(arrays[key], value, err_msg=key)
    assert losses == expected[1]
    assert {SWITCH, END} <= scores.keys()
    assert scores == {epoch: expected[2][epoch] for epoch in scores}


def test_a_shared_checkpoint_past_its_last_epoch_is_refused(step, initial, tmp_path):
    """As an earlier version could leave it."""
    process = _Process(step, initial, tmp_path)
    process.run("BN")
    shutil.move(tmp_path / "BN.npz", tmp_path / "shared.npz")
    with pytest.raises(ValueError, match=r"up to epoch 2, .* Received: one after epoch 4; delete"):
        process.run("HBN")
