"""Checkpoints: one file, all or nothing, and errors that name the variable."""

from __future__ import annotations

import io
import json
import pickle
import tempfile
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny_model import make_model, make_trainer, weights_of

from hsm.training import checkpoint
from hsm.training.loop import NonFiniteLossError, TrainingData

GOLDEN = Path(__file__).parents[1] / "golden"
# What the version that wrote the numbered checkpoint embedded.
GOLDEN_EMBEDDINGS = [
    [0.26670504, -0.18479103, -0.30734175, -0.8945433, -0.00736493],
    [0.26790708, -0.18301232, -0.30803466, -0.8943304, -0.00447225],
]


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


@pytest.mark.parametrize("name", ["checkpoint", "checkpoint_numbered"])
def test_golden_checkpoints_restore_the_very_weights(name):
    """One of today's, and the same state with numbers for keys, as older versions wrote it."""
    trainer = make_trainer("BN", seed=8)
    model, optimizer = trainer.step.model, trainer.step.optimizer
    progress = checkpoint.restore(GOLDEN / f"{name}.npz", model=model, optimizer=optimizer)
    assert (progress["epoch"], progress["epochs"][0]["loss"]) == (1, 9.438147561726504)
    with np.load(GOLDEN / "checkpoint_numbered.npz") as archive:
        arrays = dict(archive)
    expected = [value for key, value in sorted(arrays.items()) if key != "progress.json"]
    for ours, theirs in zip(weights_of(trainer), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    images = np.random.default_rng(7).integers(0, 256, (2, 6, 6, 3)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(model.embed(images)), GOLDEN_EMBEDDINGS, atol=1e-5)


def test_todays_golden_keys_are_those_that_are_written(tmp_path):
    _save(tmp_path / "c.npz", make_trainer("BN"), {})
    with np.load(GOLDEN / "checkpoint.npz") as ours, np.load(tmp_path / "c.npz") as written:
        assert ours.files == written.files


def _change(path, key, value):
    """Writes another array, or bytes as they are, into an archive."""
    with np.load(path) as archive:
        arrays = dict(archive)
    np.savez(path, **{k: v for k, v in arrays.items() if k != key})
    with zipfile.ZipFile(path, "a") as archive:
        if isinstance(value, bytes):
            archive.writestr(f"{key}.npy", value)
            return
        content = io.BytesIO()
        np.lib.format.write_array(content, value)
        archive.writestr(f"{key}.npy", content.getvalue())


def test_nan_is_not_saved_and_the_old_checkpoint_stays(tmp_path):
    path = tmp_path / "checkpoint.npz"
    trainer = make_trainer()
    _save(path, trainer, {"epoch": 1})
    trainer.step.model.bottleneck.kernel.assign(np.full((4, 5), np.nan))
    with pytest.raises(
        FloatingPointError,
        match="infinity in the variable .*kernel; the checkpoint before it is kept",
    ):
        _save(path, trainer, {"epoch": 2})
    assert checkpoint.read_progress(path) == {"epoch": 1}


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_leaves_the_old_checkpoint(tmp_path):
    path = tmp_path / "checkpoint.npz"
    path.write_text("old")
    with pytest.raises(OSError, match=r"checkpoint\.npz cannot be written: .*Make room there"):
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
    with pytest.raises(
        ValueError, match="expected the variable model/bottleneck/bias in .* another folder"
    ):
        checkpoint.restore(path, model=other.step.model, optimizer=other.step.optimizer)


def test_another_shape_is_refused_by_variable(tmp_path):
    path = tmp_path / "checkpoint.npz"
    _save(path, make_trainer("SM"), {})
    _change(path, "model/functional/conv2d/kernel", np.zeros((9, 9), np.float32))
    with pytest.raises(ValueError, match=r"kernel in shape \(3, 3, 3, 4\) .* Received: \(9, 9\)"):
        checkpoint.restore(path, model=make_model("SM"))


@pytest.mark.parametrize("name", ["checkpoint", "checkpoint_numbered"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros(4, np.float64), r"conv2d/bias as float32 in .*c\.npz\. Received: float64; use"),
        (np.zeros(4, np.int32), "Received: int32; use"),
        (np.array(["a"] * 4), "Received: str32; use"),
        (
            np.full(4, np.nan, np.float32),
            "finite numbers in model/functional/conv2d/bias in .* NaN or infinity; delete",
        ),
        (
            np.full(4, -np.inf, np.float32),
            "finite numbers in model/functional/conv2d/bias in .* NaN or infinity; delete",
        ),
    ],
)
def test_a_value_that_is_no_weight_is_refused_and_nothing_changes(tmp_path, name, value, message):
    path = tmp_path / "c.npz"
    path.write_bytes((GOLDEN / f"{name}.npz").read_bytes())
    with np.load(path) as archive:
        key = next(key for key in archive.files if key.endswith("/bias"))
    _change(path, key, value)
    trainer = make_trainer(seed=4)
    before = weights_of(trainer)
    with pytest.raises(ValueError, match=message):
        checkpoint.restore(path, model=trainer.step.model, optimizer=trainer.step.optimizer)
    for ours, theirs in zip(weights_of(trainer), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_another_optimizers_checkpoint_is_refused_by_slot(tmp_path):
    path, trainer = tmp_path / "c.npz", make_trainer()
    _save(path, trainer, {})
    adam = keras.optimizers.Adam()
    adam.build(trainer.step.model.trainable_variables)
    with pytest.raises(
        ValueError, match="expected the variable optimizer/adam/iteration in .* optimiser"
    ):
        checkpoint.restore(path, model=trainer.step.model, optimizer=adam)


def test_weights_of_a_type_that_is_not_numpys_come_back(tmp_path):
    def made(value):
        layer = keras.layers.Dense(2, kernel_initializer=keras.initializers.Constant(value))
        layer.dtype_policy = "bfloat16"
        model = keras.Sequential([keras.Input((3,)), layer])
        optimizer = keras.optimizers.SGD()
        optimizer.build(model.trainable_variables)
        return model, optimizer

    model, optimizer = made(0.5)
    checkpoint.save(tmp_path / "c.npz", {}, model=model, optimizer=optimizer)
    other, _ = made(2.0)
    checkpoint.restore(tmp_path / "c.npz", model=other)
    assert other.layers[0].kernel.dtype == "bfloat16"
    assert float(other.layers[0].kernel[0, 0]) == 0.5


@pytest.mark.parametrize("content", [b"", b"not a zip file at all", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_refused_by_name(tmp_path, content):
    path = tmp_path / "damaged.npz"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"expected .*damaged\.npz to be a whole checkpoint of hsm"
    ):
        checkpoint.read_progress(path)


def test_a_flipped_bit_is_refused_by_name(tmp_path):
    path = tmp_path / "damaged.npz"
    _save(path, make_trainer(), {})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"damaged\.npz to be a whole checkpoint .*; delete it"):
        checkpoint.restore(path, model=make_model())


def test_a_checkpoint_that_was_cut_off_is_refused(tmp_path):
    path, content = tmp_path / "cut.npz", (GOLDEN / "checkpoint.npz").read_bytes()
    whole = len(content)
    for end in (*range(0, whole, 37), *range(whole - 60, whole)):
        path.write_bytes(content[:end])
        with pytest.raises(ValueError, match=r"cut\.npz to be a whole .*; delete it to train"):
            checkpoint.read_progress(path)


@pytest.fixture(scope="module")
def trainer():
    return make_trainer()


@settings(deadline=None)
@given(place=st.floats(0.0, 1.0, exclude_max=True))
def test_cut_at_any_byte_no_variable_is_set(trainer, place):
    content = (GOLDEN / "checkpoint.npz").read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cut.npz"
        path.write_bytes(content[: int(place * len(content))])
        before = [np.array(weight) for weight in weights_of(trainer)]
        with pytest.raises(ValueError, match=r"cut\.npz to be a whole .*; delete it to train"):
            checkpoint.restore(path, model=trainer.step.model, optimizer=trainer.step.optimizer)
    for weight, value in zip(weights_of(trainer), before, strict=True):
        np.testing.assert_array_equal(weight, value)


def _with_schema(path, schema):
    """Write a checkpoint whose progress has another schema; None leaves it out."""
    _save(path, make_trainer(), {"epoch": 3})
    with np.load(path) as archive:
        arrays = {key: archive[key] for key in archive}
    progress = json.loads(arrays["progress.json"].tobytes())
    assert progress.pop("schema") == 1
    progress |= {} if schema is None else {"schema": schema}
    arrays["progress.json"] = np.frombuffer(json.dumps(progress).encode(), dtype=np.uint8)
    np.savez(path, **arrays)


@pytest.mark.parametrize("schema", [2, 0, True, "1"])
def test_a_newer_schema_is_refused_and_nothing_changes(tmp_path, schema):
    path, trainer = tmp_path / "newer.npz", make_trainer(seed=1)
    _with_schema(path, schema)
    before = [np.array(weight) for weight in weights_of(trainer)]
    with pytest.raises(ValueError, match=r"newer\.npz to be of schema 1\. Received: .*update hsm"):
        checkpoint.restore(path, model=trainer.step.model)
    for weight, value in zip(weights_of(trainer), before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_a_checkpoint_of_before_there_was_a_schema_is_read(tmp_path):
    _with_schema(tmp_path / "older.npz", None)
    assert checkpoint.read_progress(tmp_path / "older.npz") == {"epoch": 3}


def test_a_byte_that_changed_is_refused_or_changes_nothing(tmp_path):
    """The archive's dates and the like count for nothing; weights and progress have check sums."""
    path, content = tmp_path / "changed.npz", (GOLDEN / "checkpoint.npz").read_bytes()
    trainer, expected = make_trainer(), make_trainer()
    model, optimizer = trainer.step.model, trainer.step.optimizer
    checkpoint.restore(
        GOLDEN / "checkpoint.npz", model=expected.step.model, optimizer=expected.step.optimizer
    )
    refused = 0
    places = range(0, len(content), 97)
    for place in places:
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x15]) + content[place + 1 :])
        try:
            checkpoint.restore(path, model=model, optimizer=optimizer)
        except ValueError as error:
            refused += "changed.npz" in str(error)
        else:
            for ours, theirs in zip(weights_of(trainer), weights_of(expected), strict=True):
                np.testing.assert_array_equal(ours, theirs)
            refused += 1
    assert refused == len(places)


class _Evil:
    """Unpickling it touches a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_nothing_in_a_checkpoint_is_executed(tmp_path):
    path, touched = tmp_path / "evil.npz", tmp_path / "touched"
    path.write_bytes((GOLDEN / "checkpoint.npz").read_bytes())
    _change(path, "model/classifier/alpha", np.array([_Evil(touched)], object))
    with pytest.raises(ValueError, match=r"evil\.npz to be a whole .*allow_pickle=False"):
        checkpoint.restore(path, model=make_model())
    path.write_bytes(pickle.dumps(_Evil(touched)))
    with pytest.raises(ValueError, match=r"evil\.npz to be a whole checkpoint"):
        checkpoint.read_progress(path)
    assert not touched.exists()


HUGE = b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (%s,), }"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("progress.json", np.zeros(3, np.uint8)),
        ("progress.json", np.frombuffer(b"[]", np.uint8)),
        ("progress.json", np.frombuffer(b"[" * 100_000, np.uint8)),
        ("model/classifier/alpha", b"no array"),
        ("model/classifier/alpha", (HUGE % (b"9" * 15)).ljust(127) + b"\n"),
        ("model/classifier/alpha", (HUGE % (b"9" * 40)).ljust(127) + b"\n"),
    ],
    ids=["binary progress", "list", "nested", "no array", "huge", "huger"],
)
def test_hostile_content_is_refused_by_name(tmp_path, key, value):
    path = tmp_path / "hostile.npz"
    path.write_bytes((GOLDEN / "checkpoint.npz").read_bytes())
    _change(path, key, value)
    with pytest.raises(ValueError, match=r"hostile\.npz.* Received: .*delete it"):
        checkpoint.restore(path, model=make_model())


def test_an_archive_that_unpacks_to_more_than_it_is_is_refused(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("progress.json.npy", b"0" * 10_000_000)
    with pytest.raises(ValueError, match=r"bomb\.npz .* its content is larger than the file"):
        checkpoint.read_progress(path)


def test_other_files_are_refused_and_a_missing_one_is_missing(tmp_path):
    np.save(tmp_path / "array.npy", np.zeros(3))
    (tmp_path / "text.npz").write_text(json.dumps({"epoch": 1}))
    for name in ("array.npy", "text.npz"):
        with pytest.raises(ValueError, match=rf"{name} to be a (whole )?checkpoint of hsm"):
            checkpoint.read_progress(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        checkpoint.read_progress(tmp_path / "absent.npz")
