"""The same checks for every public loss; one that is not in the table fails them."""

from __future__ import annotations

import inspect
import json
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.loss_gradients import value_and_gradient

from hsm import losses
from hsm.layers import L2Normalize, Proxies

RNG = np.random.default_rng(0)
CLASSES = np.array([0, 0, 0, 1, 1, 2, 2, 2, 1, 3, 3, 0])
TRIPLETS = np.array([0, 1, 2, 3, 0, 1, 2, 3, 1, 2, 3, 0])
LANDMARKS = RNG.integers(0, 2, size=(12, 2, 3))
ATTRIBUTES = RNG.integers(-1, 2, size=(12, 6))
EMBEDDINGS = RNG.normal(size=(12, 6)).astype(np.float32)
DISTANCES = RNG.uniform(0.0, 4.0, size=(12, 6)).astype(np.float32)


class Case(NamedTuple):
    """A public loss, arguments that are not its defaults, labels, and a model's output."""

    arguments: dict[str, Any]
    labels: np.ndarray
    outputs: np.ndarray = EMBEDDINGS


CASES = {
    "AttributeCrossEntropy": Case(
        {"positive_weight": [2.0] * 6, "negative_weight": 0.5}, ATTRIBUTES
    ),
    "DeepSpectralClustering": Case({"threshold": 1e-5}, CLASSES),
    "FacilityLocation": Case({"gamma": 3.0, "rounds": 2}, CLASSES),
    "HardAwareContrastive": Case(
        {"shares": (1.0, 0.6), "margin": 2.0, "negative_weight": 3.0, "cascade": True}, CLASSES
    ),
    "LandmarkRegression": Case({}, LANDMARKS, EMBEDDINGS[:, :4].reshape(12, 2, 2)),
    "LiftedStructure": Case({"margin": 2.0}, CLASSES),
    "ProxyNCA": Case(
        {"scale": 3.0, "positive_in_denominator": True, "assignment": "dynamic"},
        CLASSES,
        DISTANCES,
    ),
    "TripletMargin": Case({"margin": 2.0}, TRIPLETS),
    "TripletRatio": Case(
        {"margin": 0.5, "global_weight": 0.5, "mean_weight": 0.8, "mean_margin": 0.4}, TRIPLETS
    ),
    "TripletSemiHard": Case({"margin": 2.0, "fallback": "skip"}, CLASSES),
}
BATCHES = {"AttributeCrossEntropy", "LandmarkRegression", "TripletMargin", "TripletRatio"}
OF_CLASSES = sorted(CASES.keys() - BATCHES)


def made(name, /, **arguments):
    return getattr(losses, name)(**{**CASES[name].arguments, **arguments})


@pytest.fixture(params=sorted(CASES))
def name(request):
    return request.param


def test_every_public_loss_is_in_the_table():
    public = {name for name in losses.__all__ if inspect.isclass(getattr(losses, name))}
    assert set(CASES) == public


def test_it_is_a_loss_of_keras(name):
    assert isinstance(made(name), keras.losses.Loss)
    assert made(name, name="mine").name == "mine"


def test_config_round_trip(name):
    loss = made(name, name="mine", reduction="sum")
    config = json.loads(json.dumps(loss.get_config()))
    for argument, value in CASES[name].arguments.items():
        assert config[argument] == json.loads(json.dumps(value))
    again = keras.losses.deserialize(json.loads(json.dumps(keras.losses.serialize(loss))))
    assert type(again) is getattr(losses, name)
    assert again.get_config() == loss.get_config()
    assert type(loss).from_config(config).get_config() == loss.get_config()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_it_is_float32_whatever_the_dtype(name, dtype):
    case, loss = CASES[name], made(name, dtype=dtype)
    outputs = tf.cast(case.outputs, dtype)
    value = loss(case.labels, outputs)
    assert value.dtype == tf.float32
    np.testing.assert_array_equal(value, loss(case.labels, tf.cast(outputs, tf.float32)))


def test_labels_may_be_of_any_dtype_and_a_column(name):
    case, loss = CASES[name], made(name)
    expected = loss(case.labels, case.outputs)
    for dtype in (np.int64, np.float32, np.float64):
        np.testing.assert_allclose(loss(case.labels.astype(dtype), case.outputs), expected, 1e-6)
    if case.labels.ndim == 1:
        np.testing.assert_array_equal(loss(case.labels[:, None], case.outputs), expected)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_graph_that_does_not_know_the_batch_gives_the_same(name, jit_compile):
    case, loss = CASES[name], made(name)

    def step(labels, outputs):
        with tf.GradientTape() as tape:
            tape.watch(outputs)
            value = loss(labels, outputs)
        return value, tape.gradient(value, outputs)

    specs = [
        tf.TensorSpec([None, *case.labels.shape[1:]]),
        tf.TensorSpec([None, *case.outputs.shape[1:]]),
    ]
    graph = tf.function(step, input_signature=specs, jit_compile=jit_compile)
    value, gradient = graph(case.labels.astype(np.float32), case.outputs)
    expected_value, expected_gradient = value_and_gradient(loss, case.labels, case.outputs)
    np.testing.assert_allclose(value, expected_value, rtol=1e-4)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("compiled", ["eager", "graph", "xla"])
def test_nan_in_any_embedding_is_no_finite_loss(name, compiled):
    """A training that diverged is seen by its loss alone."""
    for arguments in ({}, CASES[name].arguments):
        loss = getattr(losses, name)(**arguments)
        if compiled != "eager":
            loss = tf.function(loss, jit_compile=compiled == "xla")
        for row in (0, 4, 11):
            outputs = CASES[name].outputs.copy()
            outputs[row] = np.nan
            value = loss(tf.constant(CASES[name].labels), tf.constant(outputs))
            assert not np.isfinite(value), f"{arguments}, row {row}"


def unusual_batches(width):
    spread = np.random.default_rng(1).uniform(0.0, 4.0, (12, width)).astype(np.float32)
    outputs = {
        "spread": spread,
        "duplicates": spread[np.arange(12) // 3],
        "all the same": np.repeat(spread[:1], 12, axis=0),
        "zero": np.zeros_like(spread),
    }
    labels = {
        "one class": np.zeros(12, int),
        "all distinct": np.arange(12),
        "pairs": np.arange(12) // 2,
    }
    for of_labels, y in labels.items():
        for of_outputs, x in outputs.items():
            yield f"{of_labels}, {of_outputs}", y, x


@pytest.mark.parametrize("name", OF_CLASSES)
@pytest.mark.parametrize("defaults", [True, False])
def test_unusual_batches_have_a_finite_value_and_gradient(name, defaults):
    loss = getattr(losses, name)() if defaults else made(name)
    graph = tf.function(loss)
    for batch, labels, outputs in unusual_batches(12 if name == "ProxyNCA" else 6):
        value, gradient = value_and_gradient(graph, tf.constant(labels), outputs)
        assert np.isfinite(value), batch
        assert np.isfinite(gradient).all(), batch


@pytest.mark.parametrize("name", ["TripletMargin", "TripletRatio"])
@pytest.mark.parametrize("outputs", [np.zeros((12, 6)), np.ones((12, 6))])
def test_triplets_of_duplicates_have_a_finite_value_and_gradient(name, outputs):
    value, gradient = value_and_gradient(made(name), TRIPLETS, outputs.astype(np.float32))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    "name", ["FacilityLocation", "HardAwareContrastive", "LiftedStructure", "TripletSemiHard"]
)
def test_one_class_gives_pairwise_losses_nothing_to_push(name):
    arguments = {"shares": (1.0,)} if name == "HardAwareContrastive" else {}
    value, gradient = value_and_gradient(
        getattr(losses, name)(**arguments), np.zeros(12, int), EMBEDDINGS
    )
    if name == "HardAwareContrastive":  # It still pulls.
        assert value > 0
        assert np.any(gradient)
    else:
        assert value == pytest.approx(0.0, abs=1e-5)
        np.testing.assert_allclose(gradient, 0.0, atol=1e-5)


@pytest.mark.parametrize("name", [*OF_CLASSES, "TripletMargin", "TripletRatio"])
def test_labels_of_another_shape_are_refused(name):
    case = CASES[name]
    message = r"expected one integer label an image, .* not one-hot labels. Received: shape=\(12, 4"
    with pytest.raises(ValueError, match=message):
        made(name)(np.eye(4)[case.labels], case.outputs)
    with pytest.raises(ValueError, match=r"as many labels as images. Received: 9 labels, 12 image"):
        made(name)(case.labels[:9], case.outputs)


@pytest.mark.parametrize("name", [*OF_CLASSES, "TripletMargin", "TripletRatio"])
def test_outputs_of_another_shape_are_refused(name):
    with pytest.raises(ValueError, match=r"expected .*\(batch, .*Received: shape=\(12, 6, 1\)"):
        made(name)(CASES[name].labels, CASES[name].outputs[..., None])


def network(name):
    """A linear map to what the loss takes."""
    last = {
        "ProxyNCA": [Proxies(4)],
        "TripletSemiHard": [L2Normalize()],
        "FacilityLocation": [L2Normalize()],
        "LandmarkRegression": [keras.layers.Reshape((2, 2))],
        "AttributeCrossEntropy": [],
    }.get(name, [])
    units = {"HardAwareContrastive": 6, "AttributeCrossEntropy": 6}.get(name, 4)
    return keras.Sequential([keras.Input((8,)), keras.layers.Dense(units, use_bias=False), *last])


def trained(name, policy="float32", **arguments):
    """Returns a compiled model, what it is fitted to, and the losses of 20 epochs."""
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(policy)
    try:
        model = network(name)
    finally:
        keras.config.set_dtype_policy("float32")
    y = CASES[name].labels
    kind = y if y.ndim == 1 else np.arange(12) % 4
    x = 2.0 * np.eye(8)[kind] + 0.3 * np.random.default_rng(2).normal(size=(12, 8))
    loss = getattr(losses, name)(**arguments)
    model.compile(keras.optimizers.Adam(0.03), loss=loss, jit_compile=False)
    history = model.fit(x, y, batch_size=12, shuffle=False, epochs=20, verbose=0)
    return model, (x, y), history.history["loss"]


def test_training_lowers_it_and_a_saved_model_knows_it(name, tmp_path):
    model, data, values = trained(name)
    assert np.isfinite(values).all()
    assert values[-1] < values[0] - 0.02 * abs(values[0])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.loss) is getattr(losses, name)
    expected = model.evaluate(*data, batch_size=12, verbose=0)
    assert loaded.evaluate(*data, batch_size=12, verbose=0) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("name", ["LiftedStructure", "ProxyNCA", "FacilityLocation"])
def test_training_in_mixed_precision_lowers_it(name, policy):
    _, _, values = trained(name, policy)
    assert np.isfinite(values).all()
    assert values[-1] < values[0]


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_training_tells_labels_apart_that_are_large(policy):
    # 10,000 and 10,001 are one number in float16 and in bfloat16.
    class Distinct(losses.LiftedStructure):
        def batch_loss(self, labels, embeddings):
            count = tf.cast(tf.size(tf.unique(labels)[0]), tf.float32)
            return count + 0.0 * tf.reduce_sum(embeddings)

    keras.config.set_dtype_policy(policy)
    try:
        model = network("LiftedStructure")
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile("sgd", loss=Distinct(), jit_compile=False)
    y = 10_000 + np.arange(12)
    history = model.fit(np.zeros((12, 8)), y, batch_size=12, verbose=0)
    assert history.history["loss"] == [12.0]


def test_replicas_share_of_a_batch_is_scaled():
    # A scalar would be summed over replicas as it is.
    value = losses.LiftedStructure(reduction=None)(CLASSES, EMBEDDINGS)
    assert value.shape == (1,)
