"""Inception V1 against the definitions of TF-slim and of torchvision, and as a backbone."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from hsm.models import EmbeddingModel, InceptionV1
from hsm.models.weight_files.torchvision import variable_name
from hsm.training.step import TrainStep

TOLERANCE = 1e-4
TORCHVISION = {"padding": "symmetric", "scale": True}
# Published with torchvision's weights; its classifier has 1000 x (1024 + 1) of them.
TORCHVISION_PARAMETERS = 6_624_904


def oracle(script, packages, folder):
    """Runs a script beside this file into `folder`, if the packages that it needs are there."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"the oracle needs {' and '.join(missing)}: pip install {' '.join(missing)}")
    command = [sys.executable, str(Path(__file__).parents[1] / "support" / script), str(folder)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def slim(tmp_path_factory):
    return oracle("slim_oracle.py", ("tf_slim", "tf_keras"), tmp_path_factory.mktemp("slim"))


@pytest.fixture(scope="module")
def torchvision(tmp_path_factory):
    folder = tmp_path_factory.mktemp("torchvision")
    return oracle("torchvision_oracle.py", ("torch", "torchvision"), folder)


def random_images(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.float32)


def layer_outputs(model, images, training=False):
    """Returns every layer's output by its name."""
    probe = keras.Model(model.input, {layer.name: layer.output for layer in model.layers[1:]})
    return {name: np.array(array) for name, array in probe(images, training=training).items()}


def assert_equal_outputs(expected, actual):
    """Holds max|a - b| / max|b| of every layer to the tolerance."""
    assert expected.keys() <= actual.keys()
    errors = {
        name: np.abs(actual[name].reshape(array.shape) - array).max() / np.abs(array).max()
        for name, array in expected.items()
    }
    assert {name: error for name, error in errors.items() if not error <= TOLERANCE} == {}


def slim_layer(operation):
    """Returns our name of the layer whose result is that of slim's operation."""
    name = operation.replace("/", ".")
    for kind in (".Conv2D", ".FusedBatchNormV3", ".MaxPool", ".AvgPool"):
        name = name.removesuffix(kind)
    # The package tf-slim calls its average pooling a max pooling; the released code's slim did not.
    return name.replace("Logits.MaxPool", "Logits.AvgPool")


@pytest.mark.parametrize(
    ("case", "file", "count"),
    [
        ("even", "v1/inception_v1.ckpt", 194),
        ("odd", "v2/inception_v1.ckpt.index", 193),
        ("training", "v2/inception_v1.ckpt", 193),
    ],
)
def test_every_operation_equals_slim(slim, case, file, count):
    with np.load(slim / f"{case}.npz") as arrays:
        images = arrays["images"].astype(np.float32)
        names = [name for name in arrays if "/" in name and not name.startswith("moving/")]
        expected = {slim_layer(name): arrays[name] for name in names}
        moving = {name: arrays[name] for name in arrays if name.endswith("moving_mean")}
    expected.pop("Logits.Conv2d_0c_1x1", None)
    assert len(expected) == count
    model = InceptionV1(images.shape[1:], weights=slim / file, momentum=0.9997)
    assert_equal_outputs(expected, layer_outputs(model, images, training=case == "training"))
    for name, mean in moving.items():
        scope = name.removeprefix("moving/InceptionV1/").replace("/", ".")
        layer = model.get_layer(scope.removesuffix(".moving_mean"))
        # A decay of 0.999 would be off by about 1e-3.
        np.testing.assert_allclose(layer.moving_mean, mean, atol=1e-5)
    assert len(moving) == 57


@pytest.mark.parametrize(
    ("case", "file"), [("even", "legacy.pth"), ("odd", "zip.pth"), ("training", "zip.pth")]
)
def test_every_module_equals_torchvision(torchvision, case, file):
    with np.load(torchvision / f"{case}.npz") as arrays:
        found = {name: arrays[name] for name in arrays}
    images = found.pop("images").astype(np.float32)
    model = InceptionV1(images.shape[1:], weights=torchvision / file, **TORCHVISION)
    outputs = layer_outputs(model, images, training=case == "training")
    actual = {}
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            module = variable_name(layer.name, "kernel").removesuffix(".conv.weight")
            actual[f"{module}.conv"] = outputs[layer.name]
            actual[f"{module}.bn"] = outputs[f"{layer.name}.BatchNorm"]
            actual[module] = outputs[f"{layer.name}.Relu"]
    ours = iter(name for name in outputs if name.startswith("MaxPool"))
    actual |= {f"maxpool{number}": outputs[next(ours)] for number in (1, 2, 3, 4)}
    ours = iter(name for name in outputs if name.endswith(".concat"))
    blocks = [name for name in found if name.startswith("inception") and "." not in name]
    actual |= {block: outputs[next(ours)] for block in blocks}
    actual |= {"avgpool": outputs["Logits.AvgPool_0a_7x7"]}
    expected = {name: found[name] for name in found if name in actual}
    assert len(expected) == 3 * 57 + 4 + 9 + 1
    assert_equal_outputs(expected, actual)


def test_parameters_are_as_many_as_torchvision_publishes():
    model = InceptionV1(**TORCHVISION)
    trainable = sum(np.prod(weight.shape) for weight in model.trainable_weights)
    assert trainable == TORCHVISION_PARAMETERS - 1000 * 1025
    without_scale = sum(np.prod(weight.shape) for weight in InceptionV1().trainable_weights)
    channels = sum(x.shape[0] for x in model.trainable_weights if x.name == "gamma")
    assert without_scale == trainable - channels


def test_names_are_slims_with_its_exception():
    names = [layer.name for layer in InceptionV1((32, 32, 3)).layers]
    assert "Mixed_5b.Branch_2.Conv2d_0a_3x3" in names
    assert "Mixed_5b.Branch_2.Conv2d_0b_3x3" not in names
    assert "Mixed_5c.Branch_2.Conv2d_0b_3x3" in names
    assert "Mixed_3b.Branch_1.Conv2d_0b_3x3.BatchNorm" in names


@pytest.mark.parametrize("variant", [{}, TORCHVISION])
@pytest.mark.parametrize("size", [32, 45])
def test_the_feature_is_the_average_over_places(variant, size):
    model = InceptionV1((size, size, 3), **variant)
    outputs = layer_outputs(model, random_images((2, size, size, 3)))
    expected = outputs["Mixed_5c.concat"].mean((1, 2))
    assert model.output_shape == (None, 1024)
    np.testing.assert_allclose(outputs["Logits.AvgPool_0a_7x7"], expected, rtol=1e-5, atol=1e-7)


def test_pixels_become_minus_one_to_one():
    images = np.arange(32 * 32 * 3).reshape(1, 32, 32, 3) % 256
    pixels = layer_outputs(InceptionV1((32, 32, 3)), images.astype(np.float32))["pixels"]
    np.testing.assert_allclose(pixels, (images / 255 - 0.5) * 2, atol=2e-7)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", None])
def test_the_policy_reaches_the_body_and_not_the_feature(policy):
    model = InceptionV1((32, 32, 3), dtype=policy)
    whole = {"images", "pixels", "Logits.AvgPool_0a_7x7"}
    body = [layer for layer in model.layers if layer.name not in whole]
    assert {layer.dtype_policy.name for layer in body} == {policy or "float32"}
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert model(random_images((2, 32, 32, 3))).dtype == "float32"


def test_batch_normalisation_is_float32_under_a_mixed_policy():
    model = InceptionV1((64, 64, 3), dtype="mixed_bfloat16")
    layer = model.get_layer("Conv2d_1a_7x7.BatchNorm")
    # A mean far from zero, which sums in bfloat16 would lose.
    images = np.random.default_rng(0).normal(100, 1, (4, 32, 32, 64))
    inputs = keras.ops.cast(images, "bfloat16")
    actual = np.array(keras.ops.cast(layer(inputs, training=True), "float64"))
    exact = np.array(keras.ops.cast(inputs, "float64"))
    mean, variance = exact.mean((0, 1, 2)), exact.var((0, 1, 2))
    expected = (exact - mean) / np.sqrt(variance + 1e-3)
    np.testing.assert_allclose(actual, expected, rtol=2**-8, atol=1e-3)


def test_a_model_trains_one_step():
    keras.utils.set_random_seed(0)
    backbone = InceptionV1((32, 32, 3))
    model = EmbeddingModel(backbone, "BN", num_classes=3, embedding_dim=8, seed=0)
    step = TrainStep(model, keras.optimizers.SGD(0.1))
    before = [np.array(weight) for weight in backbone.weights]
    step(random_images((6, 32, 32, 3)), np.array([0, 1, 2, 0, 1, 2]))
    assert np.isfinite(step.totals().mean_loss)
    still = [
        weight.path
        for weight, old in zip(backbone.weights, before, strict=True)
        if np.array_equal(weight, old) or not np.isfinite(weight).all()
    ]
    assert still == []


def test_the_global_seed_decides_the_weights():
    def kernel(seed):
        keras.utils.set_random_seed(seed)
        return InceptionV1((32, 32, 3)).get_layer("Mixed_4b.Branch_0.Conv2d_0a_1x1").kernel

    np.testing.assert_array_equal(kernel(1), kernel(1))
    assert not np.array_equal(kernel(1), kernel(2))


@pytest.mark.parametrize("variant", [{}, TORCHVISION])
def test_keras_files_round_trip(tmp_path, variant):
    images = random_images((1, 45, 32, 3))
    model = InceptionV1((45, 32, 3), dtype="mixed_bfloat16", momentum=0.9, **variant)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    assert loaded.get_layer("Mixed_5c.Branch_0.Conv2d_0a_1x1.BatchNorm").momentum == 0.9
    np.testing.assert_array_equal(loaded(images), model(images))
    model.save_weights(tmp_path / "model.weights.h5")
    weights = tmp_path / "model.weights.h5"
    loaded = InceptionV1((45, 32, 3), weights=weights, dtype="mixed_bfloat16", **variant)
    np.testing.assert_array_equal(loaded(images), model(images))


@pytest.mark.parametrize("shape", [(31, 224, 3), (224, 31, 3), (224, 224, 1), (224, 224)])
def test_input_shapes_that_do_not_fit_are_refused(shape):
    with pytest.raises(ValueError, match="at least 32") as error:
        InceptionV1(shape)
    assert f"Received: input_shape={shape}" in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"padding": "valid"},
            r'expected padding to be "same" or "symmetric". Received: padding=\'valid',
        ),
        ({"momentum": 1.5}, "momentum to be from 0 to 1. Received: momentum=1.5"),
        ({"weights": "a.pth"}, r'padding="symmetric" and scale=True with .*padding=\'same'),
        ({"weights": "a.pth", "padding": "symmetric"}, "padding='symmetric', scale=False"),
        ({"weights": "a.pth", "scale": True}, "padding='same', scale=True"),
    ],
)
def test_options_that_contradict_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        InceptionV1((32, 32, 3), **options)


@pytest.mark.parametrize("name", ["a.ckpt", "a.ckpt.index", "a.weights.h5"])
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(FileNotFoundError, match=f"Received: weights='.*{name}'. Check the path."):
        InceptionV1((32, 32, 3), weights=tmp_path / name)
