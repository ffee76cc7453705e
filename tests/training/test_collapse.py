"""Features that became one: measured, told once, and never where a network learns."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from support.tiny_model import CLASSES, SIDE, make_batches, make_model, make_trainer, weights_of

from hsm.layers import UnbiasedBatchNormalization
from hsm.models import EmbeddingModel
from hsm.schedules import Constant
from hsm.training import collapse
from hsm.training.collapse import CollapseWatch, has_collapsed, mean_cosine, pooled_cosine
from hsm.training.loop import Trainer
from hsm.training.step import TrainStep

# Updates of a run: five looks, after 16, 32, 64, 128 and 256.
EPOCHS, STEPS = 5, 52


def naive(features, labels):
    found = []
    for i, a in enumerate(features):
        for j, b in enumerate(features):
            if labels[i] != labels[j]:
                lengths = np.linalg.norm(a) * np.linalg.norm(b)
                both_zero = float(not a.any() and not b.any())
                found.append(a @ b / lengths if lengths else both_zero)
    return np.mean(found)


@pytest.mark.parametrize("zeros", [0, 1, 4])
def test_the_cosine_is_the_mean_over_pairs_of_different_classes(zeros):
    features = np.random.default_rng(zeros).normal(size=(7, 3))
    features[:zeros] = 0.0
    labels = np.array([0, 1, 2, 0, 1, 1, 2])
    assert mean_cosine(features, labels) == pytest.approx(naive(features, labels), abs=1e-12)


def test_dead_features_are_one():
    assert mean_cosine(np.zeros((4, 3)), [0, 1, 2, 3]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("features", "labels"),
    [
        ([[1.0, 0.0], [1.0, 0.0]], [3, 3]),
        ([[1.0, 0.0]], [3]),
        ([[np.inf, 0.0], [1.0, 0.0]], [0, 1]),
        ([[np.nan, 0.0], [1.0, 0.0]], [0, 1]),
    ],
    ids=["one class", "one image", "infinite", "nan"],
)
def test_where_nothing_can_be_compared_the_cosine_is_nan(features, labels):
    with np.errstate(invalid="ignore"):
        assert np.isnan(mean_cosine(features, labels))


def test_half_precision_neither_overflows_nor_rounds_to_one():
    features = np.full((2, 1024), 300.0, np.float16)
    features[1, :512] = 330.0
    expected = naive(features.astype(np.float64), [0, 1])
    assert mean_cosine(features, [0, 1]) == pytest.approx(expected, abs=1e-12)
    assert expected < 0.999


@pytest.mark.parametrize(
    ("distances", "expected"),
    [
        ([0.6, 1e-4, 1e-4], True),
        ([0.6, 1e-1, 1e-4, 1e-4], True),
        ([0.6, 1e-4, 1.9e-4], True),
        ([0.6, 0.0, 0.0], True),
        ([0.6, 2e-8, 9e-6], True),  # Rounding, or as good as nothing.
        ([5e-4, 1e-8, 1e-8], True),
        ([0.6, 1e-4, 2.1e-4], False),  # It recovers.
        ([0.6, 1e-2, 1e-4], False),  # Not yet for long.
        ([0.6, 1e-4], False),
        ([0.6], False),
        ([0.6, 1.1e-3, 1.1e-3], False),  # Alike, and still something to tell them apart by.
        ([5e-4, 4e-4, 4e-4], False),  # As alike as at the start.
        ([5e-3, 6e-4, 6e-4], False),
        ([float("nan"), 1e-4, 1e-4], False),
        ([0.6, float("nan"), 1e-4], False),
        ([0.6, 1e-4, float("nan")], False),
    ],
)
def test_a_collapse_is_near_one_against_the_start_and_stays(distances, expected):
    assert has_collapsed([1.0 - distance for distance in distances]) is expected


def test_a_network_that_found_its_way_out_was_no_collapse():
    """LeNet as LN on MNIST with Adam at rate 0.01, which was 96 % right after 256 updates."""
    distances = [0.174, 2.0e-4, 7.31e-4, 4.14e-2, 0.501, 0.627]
    cosines = [1.0 - distance for distance in distances]
    assert not any(has_collapsed(cosines[:count]) for count in range(1, 7))


def test_a_look_is_as_training_sees_the_batch_and_changes_nothing():
    inputs = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Conv2D(4, 3)(inputs)
    x = keras.layers.BatchNormalization()(x)
    x = UnbiasedBatchNormalization()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    backbone = keras.Model(inputs, keras.layers.Dropout(0.5, seed=1)(x))
    images, labels = next(make_batches().batches(1, 0))
    before = [np.asarray(variable) for variable in backbone.variables]
    found = pooled_cosine(backbone, images, labels)
    for variable, value in zip(backbone.variables, before, strict=True):
        np.testing.assert_array_equal(np.asarray(variable), value)
    assert found == mean_cosine(backbone(images.astype(np.float32), training=True), labels)


def make_plain(seed=0):
    """A network without batch normalisation, whose features can become one."""
    inputs = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    x = keras.layers.Dense(8, "relu", kernel_initializer=keras.initializers.HeNormal(seed))(x)
    x = keras.layers.Dense(8, "relu", kernel_initializer=keras.initializers.HeNormal(seed + 1))(x)
    return EmbeddingModel(keras.Model(inputs, x), "LN", num_classes=CLASSES, seed=seed)


def watched(model, tell, *, rate, size=8):
    """A trainer of `model` at `rate`, whose features are watched."""
    optimizer = keras.optimizers.SGD(rate, momentum=0.9)
    data = make_batches(STEPS, size)
    return Trainer(
        TrainStep(model, optimizer),
        CollapseWatch(data, model.backbone, tell).data,
        schedule=Constant(16.0, rate, EPOCHS),
        evaluate=lambda epoch: None,
    )


def test_a_collapse_is_told_once_with_its_place(tmp_path):
    told = []
    watched(make_plain(), told.append, rate=30.0).train(EPOCHS, tmp_path / "c.npz")
    (found,) = told
    assert (found.epoch, found.step) == (1, 33)
    assert found.cosine > 0.999
    assert found.start < 0.95


@pytest.mark.parametrize("make", [make_plain, make_model])
def test_a_network_that_learns_is_silent(tmp_path, make):
    told = []
    watched(make(), told.append, rate=0.005).train(EPOCHS, tmp_path / "c.npz")
    assert told == []


def test_a_batch_of_one_image_is_no_collapse(tmp_path):
    told = []
    watched(make_plain(), told.append, rate=30.0, size=1).train(1, tmp_path / "c.npz")
    assert told == []


def test_a_resumed_run_is_judged_by_its_very_start(tmp_path):
    path, told = tmp_path / "c.npz", []
    watched(make_plain(), told.append, rate=30.0).train(1, path)
    resumed = watched(make_plain(), told.append, rate=30.0)
    resumed.restore(path)
    resumed.train(2, path)
    assert [(found.epoch, found.step) for found in told] == [(1, 33), (2, 33)]
    assert told[0].start == told[1].start


def test_watching_changes_no_weight(tmp_path):
    seen = watched(make_model(), lambda found: None, rate=0.05)
    plain = make_trainer(data=make_batches(STEPS), schedule=Constant(16.0, 0.05, EPOCHS))
    for trainer, name in ((seen, "seen"), (plain, "plain")):
        trainer.train(2, tmp_path / f"{name}.npz")
    for a, b in zip(weights_of(seen), weights_of(plain), strict=True):
        np.testing.assert_array_equal(a, b)


def test_looks_grow_rare_and_end_with_the_collapse(monkeypatch):
    def looks(cosines):
        """Updates before each look, where the looks find `cosines` one after the other."""
        found, taken = iter(cosines), []
        monkeypatch.setattr(
            collapse, "pooled_cosine", lambda *_: taken.append(watch_updates[0]) or next(found)
        )
        watch_updates = [0]
        watch = CollapseWatch(make_batches(300), None, lambda found: None)
        for epoch in (1, 2):
            for _ in watch.data.batches(epoch, 0):
                watch_updates[0] += 1
        return taken

    assert looks([0.4] * 7) == [0, 16, 32, 64, 128, 256, 512]
    assert looks([0.4, 0.4, 1.0, 1.0]) == [0, 16, 32, 64]
