"""Checkpoints: one file, all or nothing, and errors that name the variable."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from training.tiny_model import make_model, make_trainer, weights_of

from hsm.training import checkpoint
from hsm.training.loop import NonFiniteLossError, TrainingData


def _save(path, trainer, progress):
    checkpoint.save(path, progress, model=trainer.step.model, optimizer=trainer.step.optimizer)


def test_weights_slots_statistics_and_progress_come_back(tmp_path):
    path = tmp_path / "folder" / "checkpoint.npz"
    trained, fresh = make_trainer(seed=0), make_trainer(seed=1)
    trained.train(1, path)
    _save(path, trained, {"epoch": 7, "note": "ä"})
    progress = checkpoint.restore(path, model=fresh.step.model, optimizer=fresh.step.optimizer)
    assert progress == {"epoch": 7, "note": "ä"} == checkpoint.read_progress(path)
    for a, b in zip(weights_of(trained), weights_of(fresh), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [p.name for p in path.parent.iterdir()] == ["checkpoint.npz"]


def test_restoring_into_a_model_of_the_same_process_ignores_keras_counters(tmp_path):
    path = tmp_path / "checkpoint.npz"
    first = make_trainer()
    _save(path, first, {})
    keras.backend.clear_session()
    later = make_model(seed=5)
    make_model()
    checkpoint.restore(path, model=later)
    np.testing.assert_array_equal(
        np.asarray(later.bottleneck.kernel), np.asarray(first.step.model.bottleneck.kernel)
    )


def test_nan_is_not_saved_and_the_old_checkpoint_stays(tmp_path):
    path = tmp_path / "checkpoint.npz"
    trainer = make_trainer()
    _save(path, trainer, {"epoch": 1})
    trainer.step.model.bottleneck.kernel.assign(np.full((4, 5), np.nan))
    with pytest.raises(
        FloatingPointError, match="kernel holds NaN .* checkpoint before it is kept"
    ):
        _save(path, trainer, {"epoch": 2})
    assert checkpoint.read_progress(path) == {"epoch": 1}


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_leaves_the_old_checkpoint(tmp_path):
    path = tmp_path / "checkpoint.npz"
    path.write_text("old")
    with pytest.raises(OSError, match=r"checkpoint\.npz'$"):
        _save(path, make_trainer(), {"note": "x" * 10_000})
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("checkpoint.npz", "old")]


def test_weights_that_diverged_in_the_last_step_stop_the_run(tmp_path):
    trainer = make_trainer()
    trainer.on_epoch = lambda result: pytest.fail("the epoch counts as done")
    trainer.step.reset = lambda totals=None: trainer.step.model.bottleneck.kernel.assign(
        np.full((4, 5), np.nan)
    )
    trainer.data = TrainingData(lambda epoch, first: iter(()), 0)
    with pytest.raises(
        NonFiniteLossError, match=r"diverged in epoch 1 \(alpha=16, learning_rate=0\.05\): .*kernel"
    ):
        trainer.train(1, tmp_path / "c.npz")


def test_another_models_checkpoint_is_refused_by_variable(tmp_path):
    path = tmp_path / "checkpoint.npz"
    _save(path, make_trainer("BN"), {})
    other = make_trainer("LN")
    with pytest.raises(ValueError, match="has no variable model/.*bias.* another folder"):
        checkpoint.restore(path, model=other.step.model, optimizer=other.step.optimizer)


def test_another_shape_is_refused_by_variable(tmp_path):
    path = tmp_path / "checkpoint.npz"
    _save(path, make_trainer("SM"), {})
    with np.load(path) as archive:
        arrays = dict(archive)
    key = next(key for key in arrays if key.startswith("model/"))
    arrays[key] = np.zeros((9, 9), np.float32)
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=r"kernel in shape \(9, 9\); expected \(3, 3, 3, 4\)"):
        checkpoint.restore(path, model=make_model("SM"))


@pytest.mark.parametrize("content", [b"", b"not a zip file at all", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_refused_by_name(tmp_path, content):
    path = tmp_path / "damaged.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"damaged\.npz is not a checkpoint of hsm"):
        checkpoint.read_progress(path)


def test_a_flipped_bit_is_refused_by_name(tmp_path):
    path = tmp_path / "damaged.npz"
    _save(path, make_trainer(), {})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"damaged\.npz is not .* or is damaged.*Delete it"):
        checkpoint.restore(path, model=make_model())
