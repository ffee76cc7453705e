from __future__ import annotations

import keras
import numpy as np
import pytest

from hsm.models import EmbeddingModel, LeNet
from hsm.training.step import TrainStep


def images(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(28, 28, 1), (28, 28, 3), (4, 7, 3)])
def test_parameters_and_shapes_have_their_closed_form(shape):
    height, width, channels = shape
    model = LeNet(shape)
    places = (height // 4) * (width // 4)
    convolutions = (25 * channels + 1) * 32 + (25 * 32 + 1) * 64
    assert model.count_params() == convolutions + (places * 64 + 1) * 500
    assert model.output_shape == (None, 500)
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers}
    assert shapes["conv1"] == (height, width, 32)
    assert shapes["pool1"] == (height // 2, width // 2, 32)
    assert shapes["conv2"] == (height // 2, width // 2, 64)
    assert shapes["pool2"] == (height // 4, width // 4, 64)


def naive(model, image):
    """The feature of one image in float64, by the definition of each layer."""
    x = image / 127.5 - 1
    for name in ("conv1", "conv2"):
        kernel, bias = (np.float64(weight) for weight in model.get_layer(name).get_weights())
        padded = np.pad(x, ((2, 2), (2, 2), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), axis=(0, 1))
        x = np.maximum(np.einsum("hwcij,ijcd->hwd", windows, kernel) + bias, 0)
        height, width, channels = (x.shape[0] // 2, x.shape[1] // 2, x.shape[2])
        x = x[: 2 * height, : 2 * width].reshape(height, 2, width, 2, channels).max((1, 3))
    kernel, bias = (np.float64(weight) for weight in model.get_layer("fc1").get_weights())
    return np.maximum(x.ravel() @ kernel + bias, 0)


def test_features_equal_the_definition():
    model = LeNet((13, 10, 3), seed=1)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.1, weight.shape) for weight in model.get_weights()])
    batch = images((2, 13, 10, 3))
    expected = np.stack([naive(model, image) for image in batch])
    np.testing.assert_allclose(model(batch), expected, rtol=1e-4, atol=1e-4 * expected.max())


def test_initial_kernels_have_variance_two_over_fan_in():
    model = LeNet(seed=0)
    for name, fan_in in (("conv2", 800), ("fc1", 3136)):
        kernel, bias = model.get_layer(name).get_weights()
        assert kernel.var() == pytest.approx(2 / fan_in, rel=0.03)
        assert not bias.any()


def test_the_seed_decides_the_weights():
    first, again, other = (LeNet((8, 8, 1), seed=seed).get_weights() for seed in (1, 1, 2))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[0], other[0])


def test_the_policy_reaches_the_body_and_not_the_feature():
    model = LeNet(dtype="mixed_bfloat16")
    names = ("conv1", "pool1", "conv2", "pool2", "fc1")
    assert {model.get_layer(name).compute_dtype for name in names} == {"bfloat16"}
    assert model.get_layer("pixels").compute_dtype == "float32"
    assert model(images((2, 28, 28, 3))).dtype == "float32"


def test_keras_file_round_trip(tmp_path):
    model = LeNet((8, 8, 3), "mixed_bfloat16", seed=3)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    batch = images((2, 8, 8, 3))
    np.testing.assert_array_equal(loaded(batch), model(batch))


def test_a_model_learns_in_a_few_steps():
    model = EmbeddingModel(LeNet(seed=0), "LN", num_classes=2, embedding_dim=2, seed=0)
    step = TrainStep(model, keras.optimizers.Adam(0.001))
    batch, labels = images((8, 28, 28, 3)), np.arange(8) % 2
    losses = []
    for _ in range(5):
        step(batch, labels)
        losses.append(step.totals().loss)
    increments = np.diff([0.0, *losses])
    assert increments[-1] < increments[0]


@pytest.mark.parametrize("shape", [(3, 28, 3), (28, 3, 3), (28, 28)])
def test_input_shapes_that_do_not_fit_are_refused(shape):
    with pytest.raises(ValueError, match="at least 4 pixels a side") as error:
        LeNet(shape)
    assert f"Received: input_shape={shape}" in str(error.value)


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="Received: seed=-1"):
        LeNet(seed=-1)
