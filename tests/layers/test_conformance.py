"""The same checks for every public layer; a layer that is not in the table fails them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

from hsm import layers

FEATURES = np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32)
IMAGES = np.random.default_rng(1).uniform(0, 255, size=(2, 6, 6, 3)).astype(np.float32)
POLICIES = ("float32", "mixed_float16", "mixed_bfloat16", "float16", "bfloat16")


class Case(NamedTuple):
    """A public layer, its arguments, what it is called with, and whether it is always float32."""

    make: Callable[..., keras.layers.Layer]
    arguments: dict[str, Any]
    inputs: np.ndarray
    float32: bool


CASES = {
    "BGRPixels": Case(layers.BGRPixels, {"mean": (1.0, 2.0, 3.0)}, IMAGES, True),
    "CeilMaxPooling2D": Case(layers.CeilMaxPooling2D, {"pool_size": 2}, IMAGES, False),
    "ExampleDropout": Case(layers.ExampleDropout, {"rate": 0.25, "seed": 1}, FEATURES, False),
    "L2Normalize": Case(
        layers.L2Normalize, {"axis": 1, "epsilon": 1e-6, "norm_term": False}, FEATURES, True
    ),
    "LocalResponseNormalization": Case(
        layers.LocalResponseNormalization, {"size": 3, "beta": 0.5}, IMAGES, False
    ),
    "Proxies": Case(layers.Proxies, {"units": 3, "rate_multiplier": 50.0}, FEATURES, True),
    "ScalelessBatchNorm": Case(
        layers.ScalelessBatchNorm,
        {"momentum": 0.5, "epsilon": 0.01, "unbiased_variance": True},
        FEATURES,
        True,
    ),
    "TemperatureSoftmaxDense": Case(
        layers.TemperatureSoftmaxDense,
        {"units": 3, "alpha": 4.0, "learn_alpha": True, "activation": "softmax"},
        FEATURES,
        True,
    ),
    "UnbiasedBatchNormalization": Case(
        layers.UnbiasedBatchNormalization, {"momentum": 0.5, "epsilon": 0.01}, FEATURES, False
    ),
}


@pytest.fixture(params=sorted(CASES))
def case(request):
    return CASES[request.param]


def built(case, **arguments):
    """Returns the case's layer with random weights, so that lost ones show."""
    layer = case.make(**case.arguments, **arguments)
    layer(case.inputs)
    rng = np.random.default_rng(2)
    for variable in layer.variables:
        variable.assign(rng.uniform(0.5, 2.0, variable.shape))
    return layer


def plain(config):
    """Returns `config` as a JSON file would give it back."""
    return json.loads(json.dumps(config))


def test_every_public_layer_is_in_the_table():
    assert set(CASES) == set(layers.__all__)
    assert all(case.make is getattr(layers, name) for name, case in CASES.items())


def test_config_round_trip_is_stable_before_and_after_build(case):
    layer = case.make(**case.arguments, name="layer")
    config = plain(layer.get_config())
    for name, value in case.arguments.items():
        assert config[name] == plain(value)
    layer(case.inputs)
    assert plain(layer.get_config()) == config
    assert plain(case.make.from_config(config).get_config()) == config


def test_keras_file_round_trip(case, tmp_path):
    model = keras.Sequential([keras.Input(case.inputs.shape[1:]), built(case)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.layers[0]) is case.make
    np.testing.assert_array_equal(loaded(case.inputs), model(case.inputs))


@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize`:UserWarning")
def test_quantized_models_stay_near_and_can_be_saved(case, tmp_path):
    model = keras.Sequential([keras.Input(case.inputs.shape[1:]), built(case)])
    model.build()
    before = keras.ops.convert_to_numpy(model(case.inputs))
    model.quantize("int8")
    after = keras.ops.convert_to_numpy(model(case.inputs))
    assert np.abs(after - before).max() <= 0.05 * np.abs(before).max()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(case.inputs), after, rtol=1e-6)


def test_without_normalised_weights_a_model_can_be_quantized():
    images = keras.Input((6,))
    features = keras.layers.Dense(8)(images)
    logits = layers.TemperatureSoftmaxDense(4, normalize_kernel=False)(features)
    model = keras.Model(images, logits)
    with pytest.warns(UserWarning, match="does not have a `quantize`"):
        model.quantize("int8")
    assert model.layers[1].dtype_policy.name == "int8_from_float32"


def test_saved_model_round_trip(case, tmp_path):
    layer = built(case)
    module = tf.Module()
    module.layer = layer
    signature = tf.TensorSpec((None, *case.inputs.shape[1:]), tf.float32)
    module.serve = tf.function(lambda x: layer(x), input_signature=[signature])
    tf.saved_model.save(module, str(tmp_path / "saved"))
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    np.testing.assert_allclose(loaded.serve(case.inputs), layer(case.inputs), rtol=1e-6)


@pytest.mark.parametrize("policy", POLICIES)
def test_output_dtype_and_values_under_every_policy(case, policy):
    layer = built(case, dtype=policy)
    expected_dtype = "float32" if case.float32 else keras.DTypePolicy(policy).compute_dtype
    symbolic = layer(keras.KerasTensor(case.inputs.shape))
    actual = layer(case.inputs)
    assert actual.dtype.name == symbolic.dtype == expected_dtype
    assert symbolic.shape == actual.shape == layer.compute_output_shape(case.inputs.shape)
    rtol, atol = (1e-6, 1e-6) if case.float32 else (2e-2, 5e-3)
    reference = built(case)(case.inputs).numpy()
    np.testing.assert_allclose(tf.cast(actual, tf.float32), reference, rtol=rtol, atol=atol)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_gradients_are_finite_under_every_policy(case, policy):
    layer = built(case, dtype=policy)
    inputs = tf.cast(case.inputs, layer.compute_dtype)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss = tf.reduce_mean(tf.cast(layer(inputs), tf.float32) ** 2)
    gradients = tape.gradient(loss, [inputs, *layer.trainable_variables])
    assert all(np.isfinite(tf.cast(gradient, tf.float32)).all() for gradient in gradients)


def test_a_saved_model_is_loaded_in_another_process_that_imports_the_layers(tmp_path):
    images = keras.Input((6,))
    unit = layers.L2Normalize()(keras.layers.Dense(8)(images))
    model = keras.Model(images, layers.TemperatureSoftmaxDense(4)(unit))
    path = tmp_path / "model.keras"
    model.save(path)
    rows = np.linspace(-1.0, 1.0, 12, dtype=np.float32).reshape(2, 6)
    program = (
        "import sys, hsm.layers, keras, numpy as np\n"
        "rows = np.linspace(-1.0, 1.0, 12, dtype=np.float32).reshape(2, 6)\n"
        "print(keras.ops.convert_to_numpy(keras.models.load_model(sys.argv[1])(rows)).tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, check=True
    )
    np.testing.assert_allclose(json.loads(done.stdout), model(rows), rtol=1e-6)
