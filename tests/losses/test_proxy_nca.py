"""ProxyNCA against loops and pytorch-metric-learning's numbers, and in training with proxies."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.loss_gradients import check_against

from hsm.layers import Proxies
from hsm.losses import ProxyNCA

LABELS = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3, 3])


def squared_distances(seed, proxies=4):
    return np.random.default_rng(seed).uniform(0.0, 4.0, size=(10, proxies))


def static(distances, labels, scale, included):
    terms = []
    for row, label in zip(distances, labels, strict=True):
        among = [d for m, d in enumerate(row) if included or m != label]
        terms.append(scale * row[label] + np.log(np.sum(np.exp(-scale * np.array(among)))))
    return np.mean(terms)


def dynamic(distances, labels, scale, included):
    nearest, terms = distances.argmin(axis=1), []
    for x, row in enumerate(distances):
        mates = [y for y in range(len(labels)) if y != x and labels[y] == labels[x]] or [x]
        positive = {nearest[y] for y in mates}
        negative = {nearest[z] for z in range(len(labels)) if labels[z] != labels[x]}
        negative = negative if included else negative - positive
        among = negative | positive if included else negative
        near = np.mean([row[nearest[y]] for y in mates])
        far = sum(np.exp(-scale * row[m]) for m in among)
        terms.append(scale * near + np.log(far) if negative else 0.0)
    return np.mean(terms)


@pytest.mark.parametrize("included", [False, True])
@pytest.mark.parametrize("scale", [1.0, 8.0])
@pytest.mark.parametrize(("assignment", "oracle"), [("static", static), ("dynamic", dynamic)])
def test_it_is_the_mean_over_images(assignment, oracle, scale, included):
    loss = ProxyNCA(scale, positive_in_denominator=included, assignment=assignment)
    distances = squared_distances(0, proxies=4 if oracle is static else 7)
    check_against(lambda d: oracle(d, LABELS, scale, included), loss, LABELS, distances)


@pytest.mark.parametrize(
    ("scale", "expected", "first"),
    [
        (
            1.0,
            1.8921232223510742,
            [
                0.04429715871810913,
                0.06012551486492157,
                -0.20160260796546936,
                -0.0014644265174865723,
            ],
        ),
        (
            8.0,
            9.686922073364258,
            [0.8532615900039673, 0.13660168647766113, -1.9769034385681152, -0.1888749599456787],
        ),
    ],
)
def test_with_the_positive_in_the_denominator_it_is_pytorch_metric_learnings(
    scale, expected, first
):
    # pytorch-metric-learning 2.9.0, torch 2.13.0: ProxyNCALoss(num_classes=4, embedding_size=4,
    # softmax_scale=scale) with .proxies set to `proxies`, on (x, LABELS); `first` is
    # .proxies.grad[0]
    x = np.random.default_rng(0).normal(size=(10, 4)).astype(np.float32)
    proxies = np.random.default_rng(1).normal(size=(4, 4)).astype(np.float32)
    layer = Proxies(4)
    layer.build((None, 4))
    layer.proxies.assign(proxies.T)
    with tf.GradientTape() as tape:
        value = ProxyNCA(scale, positive_in_denominator=True)(LABELS, layer(x))
    assert value.numpy() == pytest.approx(expected, rel=1e-5)
    gradient = tape.gradient(value, layer.proxies.value)
    np.testing.assert_allclose(gradient[:, 0], first, rtol=1e-4, atol=1e-6)


def test_with_the_positive_in_the_denominator_it_is_a_cross_entropy():
    distances = squared_distances(1).astype(np.float32)
    expected = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(LABELS, -3 * distances)
    loss = ProxyNCA(3.0, positive_in_denominator=True)
    np.testing.assert_allclose(loss(LABELS, distances), expected, rtol=1e-5)


@pytest.mark.parametrize("assignment", ["static", "dynamic"])
def test_training_moves_the_proxies_and_a_saved_model_goes_on(assignment, tmp_path):
    rng = np.random.default_rng(0)
    x = (4.0 * np.eye(4)[LABELS] + 0.1 * rng.normal(size=(10, 4))).astype(np.float32)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), Proxies(6, name="proxies")])
    loss = ProxyNCA(2.0, assignment=assignment)
    model.compile("sgd", loss=loss, jit_compile=False)
    before = model.get_layer("proxies").proxies.numpy()
    model.fit(x, LABELS, epochs=2, verbose=0)
    assert np.abs(model.get_layer("proxies").proxies.numpy() - before).max() > 1e-4
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.loss.get_config() == loss.get_config()
    np.testing.assert_array_equal(
        loaded.get_layer("proxies").proxies, model.get_layer("proxies").proxies
    )
    expected = model.evaluate(x, LABELS, verbose=0)
    assert loaded.evaluate(x, LABELS, verbose=0) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("label", [-1, 4])
def test_a_label_without_a_proxy_is_refused(label):
    message = "expected labels of 0 or more and less than the number of proxies"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        ProxyNCA()([label], squared_distances(0)[:1])


def test_a_single_proxy_is_refused_unless_it_is_in_the_denominator():
    one = np.ones((2, 1), np.float32)
    with pytest.raises(ValueError, match=r"to at least two proxies, .* Received: shape=\(2, 1\)"):
        ProxyNCA()([0, 0], one)
    assert ProxyNCA(positive_in_denominator=True)([0, 0], one) == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": 0.0}, "expected scale to be positive and finite. Received: scale=0.0"),
        ({"assignment": "near"}, "expected assignment to be one of .* Received: assignment='near'"),
    ],
)
def test_an_argument_out_of_range_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ProxyNCA(**arguments)
