"""The loop: phases, evaluations, and that a cut leaves no trace in the weights."""

from __future__ import annotations

import numpy as np
import pytest
from support.tiny_model import make_batches, make_trainer, weights_of

from hsm.data.sampling import Share
from hsm.schedules import HeatUp
from hsm.training import checkpoint
from hsm.training.devices import Devices
from hsm.training.loop import NonFiniteLossError, TrainingData


def _assert_same_weights(a, b):
    for x, y in zip(weights_of(a), weights_of(b), strict=True):
        np.testing.assert_array_equal(x, y)


def test_phases_and_results_of_every_epoch(tmp_path):
    seen = []
    trainer = make_trainer(on_epoch=seen.append)
    trainer.train(4, tmp_path / "c.npz")
    assert [(r.epoch, r.alpha) for r in seen] == [(1, 16.0), (2, 16.0), (3, 4.0), (4, 4.0)]
    assert [r.learning_rate for r in seen] == pytest.approx([0.05, 0.05, 0.005, 0.005])
    assert [e["epoch"] for e in trainer.epochs] == [1, 2, 3, 4]
    assert all(r.images_per_second > 0 and 0 <= r.accuracy <= 1 for r in seen)


class _Cut(BaseException):
    """Stands for a process that ends in the middle of an epoch."""


@pytest.mark.parametrize("cut_at", [(1, 0), (2, 3), (3, 1), (4, 2)])
def test_cut_at_any_step_and_resumed_gives_identical_weights(tmp_path, cut_at):
    whole = make_trainer()
    whole.train(4, tmp_path / "whole.npz")
    data, path = make_batches(), tmp_path / "cut.npz"

    def cut_batches(epoch, first):
        for step, batch in enumerate(data.batches(epoch, first), start=first):
            if (epoch, step) == cut_at:
                raise _Cut
            yield batch

    # checkpoint_minutes=0 saves in the middle of epochs, too.
    first = make_trainer(
        data=TrainingData(cut_batches, data.steps_per_epoch), checkpoint_minutes=0.0
    )
    with pytest.raises(_Cut):
        first.train(4, path)
    second = make_trainer(seed=1)
    if path.exists():
        second.restore(path)
    else:
        second = make_trainer()
    second.train(4, path)
    _assert_same_weights(whole, second)
    losses = [[e["loss"] for e in trainer.epochs] for trainer in (whole, second)]
    assert losses[0] == losses[1]


def test_a_checkpoint_in_the_middle_of_an_epoch_is_continued_from_its_step(tmp_path):
    data, path, begun = make_batches(steps=3), tmp_path / "c.npz", []

    def batches(epoch, first):
        begun.append((epoch, first))
        for index, batch in enumerate(data.batches(epoch, first)):
            if len(begun) == 1 and index == 1:
                raise _Cut
            yield batch

    recorded = TrainingData(batches, 3)
    with pytest.raises(_Cut):
        make_trainer(data=recorded, checkpoint_minutes=0.0).train(1, path)
    resumed = make_trainer(data=recorded)
    resumed.restore(path)
    resumed.train(2, path)
    assert begun == [(1, 0), (1, 1), (2, 0)]
    assert resumed.epoch == 2


def test_a_checkpoint_of_another_schedule_is_refused(tmp_path):
    path = tmp_path / "c.npz"
    make_trainer().train(2, path)
    assert [p["alpha"] for p in checkpoint.read_progress(path)["schedule"]] == [16.0, 4.0]
    other = make_trainer(schedule=HeatUp(epochs=1, heated_epochs=3, learning_rate=0.05))
    with pytest.raises(
        ValueError, match=r"expected epoch 2 .* alpha=4 and .*0\.005. Received: alpha=16 and "
    ):
        other.restore(path)


def test_a_checkpoint_of_an_older_version_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "c.npz"
    make_trainer().train(0, path)
    older = {key: v for key, v in checkpoint.read_progress(path).items() if key != "origin"}
    monkeypatch.setattr(checkpoint, "read_progress", lambda _: older)
    message = r"c.npz to say what .* older version wrote.*delete it to train anew"
    with pytest.raises(ValueError, match=message):
        make_trainer().restore(path)


def test_heating_branches_from_the_unheated_state(tmp_path):
    trunk = make_trainer()
    trunk.train(2, tmp_path / "trunk.npz")
    branch = make_trainer(seed=3)
    branch.restore(tmp_path / "trunk.npz")
    branch.train(4, tmp_path / "branch.npz")
    continuous = make_trainer()
    continuous.train(4, tmp_path / "continuous.npz")
    _assert_same_weights(branch, continuous)


def test_evaluations_are_kept_and_made_up_for_after_a_cut(tmp_path):
    path = tmp_path / "c.npz"

    def broken(epoch):
        raise _Cut

    with pytest.raises(_Cut):
        make_trainer(evaluate=broken).train(2, path)
    asked = []

    def evaluate(epoch):
        asked.append(epoch)
        return {"score": epoch / 10} if epoch % 2 else None

    resumed = make_trainer(evaluate=evaluate)
    resumed.restore(path)
    resumed.train(3, path)
    assert asked == [1, 2, 3]
    assert resumed.evaluations == [{"epoch": 1, "score": 0.1}, {"epoch": 3, "score": 0.3}]
    again = make_trainer(evaluate=evaluate)
    again.restore(path)
    assert again.evaluations == resumed.evaluations


def test_nan_stops_the_run_names_the_place_and_keeps_the_checkpoint(tmp_path):
    data, path = make_batches(), tmp_path / "c.npz"

    def batches(epoch, first):
        for step, (images, labels) in enumerate(data.batches(epoch, first)):
            bad = (epoch, step) == (2, 2)
            yield (images * np.float32(np.nan) if bad else images.astype(np.float32)), labels

    trainer = make_trainer(data=TrainingData(batches, 4))
    with pytest.raises(
        NonFiniteLossError,
        match=r"step 3 of epoch 2 \(alpha=16, learning_rate=0\.05\).*of epoch 1, is kept",
    ):
        trainer.train(4, path)
    restored = make_trainer()
    restored.restore(path)
    assert restored.epoch == 1
    assert all(np.isfinite(w).all() for w in weights_of(restored))


class _Worker(Devices):
    """One of two workers with a device each, whose steps are those of one."""

    def __init__(self, index):
        super().__init__()
        self.index = index

    @property
    def share(self):
        return Share(self.index, 2)


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("bad_step", [1, 3])
def test_workers_stop_at_one_step_where_the_loss_is_nan(tmp_path, index, bad_step):
    """Not where the clock of one of them says: the others would wait for it in the next step."""
    data, given = make_batches(), []

    def batches(epoch, first):
        for step, (images, labels) in enumerate(data.batches(epoch, first)):
            given.append(step)
            yield images * np.float32(np.nan if step == bad_step else 1), labels

    # Clocks that say at every step that it is time.
    trainer = make_trainer(data=TrainingData(batches, 4), checkpoint_minutes=0.0)
    trainer.step.devices = _Worker(index)
    with pytest.raises(NonFiniteLossError, match=f"step {bad_step + 1} of epoch 1"):
        trainer.train(4, tmp_path / "c.npz")
    assert given == [0, 1, 2, 3]
    if index:
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("index", [0, 1])
def test_workers_stop_together_where_weights_are_not_finite(tmp_path, index):
    trainer = make_trainer(checkpoint_minutes=0.0)
    trainer.step.devices = _Worker(index)
    trainer.step.model.bottleneck.kernel.assign(
        np.full(trainer.step.model.bottleneck.kernel.shape, np.inf)
    )
    cut = {"step": 1, "seconds": 1.0, "totals": {}}
    trainer.save(tmp_path / "c.npz", cut)
    with pytest.raises(NonFiniteLossError, match="diverged in epoch 0"):
        trainer.save(tmp_path / "c.npz")
    assert not list(tmp_path.iterdir())


def test_too_few_batches_are_an_error(tmp_path):
    data = make_batches(steps=3)
    with pytest.raises(RuntimeError, match="expected 5 batches in epoch 1. Received: 3;"):
        make_trainer(data=TrainingData(data.batches, 5)).train(1, tmp_path / "c.npz")


def test_a_checkpoint_is_written_even_if_nothing_is_left_to_train(tmp_path):
    make_trainer().train(0, tmp_path / "c.npz")
    assert (tmp_path / "c.npz").exists()


def test_checkpoints_tell_what_computed_the_epochs(tmp_path):
    path = tmp_path / "c.npz"
    first = make_trainer()
    first.continue_with({"threads": 2})
    first.train(1, path)
    second = make_trainer(seed=1)
    second.restore(path)
    second.continue_with({"threads": 2})
    second.train(2, path)
    assert second.made_with == [{"after_epoch": 0, "after_step": 0, "threads": 2}]
    third = make_trainer(seed=2)
    third.restore(path)
    third.continue_with({"threads": 1})
    third.train(3, path)
    other = {"after_epoch": 2, "after_step": 0, "threads": 1}
    assert third.made_with == [*second.made_with, other]
    assert checkpoint.read_progress(path)["made_with"] == third.made_with


def test_what_computed_is_told_from_the_step_on_that_it_began_at(tmp_path):
    path = tmp_path / "c.npz"
    trainer = make_trainer()
    trainer.continue_with({"threads": 2})
    trainer.save(path, {"step": 3, "seconds": 1.0, "totals": {}})
    resumed = make_trainer()
    resumed.restore(path)
    resumed.continue_with({"threads": 1})
    assert resumed.made_with[-1] == {"after_epoch": 0, "after_step": 3, "threads": 1}


def test_what_computed_an_older_checkpoint_is_not_known(tmp_path, monkeypatch):
    path = tmp_path / "c.npz"
    make_trainer().train(1, path)
    progress = checkpoint.read_progress(path)
    del progress["made_with"]
    monkeypatch.setattr(checkpoint, "read_progress", lambda path: progress)
    resumed = make_trainer()
    resumed.restore(path)
    resumed.continue_with({"threads": 1})
    assert resumed.made_with == [
        {"after_epoch": 0, "after_step": 0},
        {"after_epoch": 1, "after_step": 0, "threads": 1},
    ]


def test_a_state_past_the_last_epoch_of_a_file_is_not_written_to_it(tmp_path):
    trainer = make_trainer(evaluate=lambda epoch: {"score": epoch})
    trainer.train(4, tmp_path / "end.npz")
    trainer.evaluations.clear()
    trainer.train(2, tmp_path / "shared.npz")
    assert trainer.evaluations == []
    assert not (tmp_path / "shared.npz").exists()


def test_a_run_resumed_from_the_last_of_its_files_can_be_trained_into_another(tmp_path):
    files = [
        checkpoint.CheckpointFile(tmp_path / "shared.npz", 1),
        checkpoint.CheckpointFile(tmp_path / "end.npz", 2),
    ]
    make_trainer().train_files(files)
    resumed = make_trainer()
    assert resumed.resume(files)
    resumed.train(4, tmp_path / "longer.npz")
    assert checkpoint.read_progress(tmp_path / "longer.npz")["epoch"] == 4


def test_the_weights_of_the_middle_of_an_epoch_are_not_scored_as_those_of_an_end(tmp_path):
    path, data, asked = tmp_path / "c.npz", make_batches(), []

    def cut_batches(epoch, first):
        for step, batch in enumerate(data.batches(epoch, first), start=first):
            if (epoch, step) == (2, 2):
                raise _Cut
            yield batch

    cut = TrainingData(cut_batches, data.steps_per_epoch)
    with pytest.raises(_Cut):
        make_trainer(data=cut, checkpoint_minutes=0.0).train(2, path)
    assert checkpoint.read_progress(path)["interrupted"] is not None
    resumed = make_trainer(evaluate=lambda epoch: asked.append(epoch) or {"score": epoch})
    resumed.restore(path)
    resumed.train(2, path)
    assert asked == [2]
