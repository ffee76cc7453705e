"""StridedConvNet: shapes, preprocessing, precision, seeds and errors."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from hsm.models import StridedConvNet

IMAGES = np.random.default_rng(0).integers(0, 256, size=(2, 28, 28, 3)).astype(np.float32)


@pytest.mark.parametrize(("size", "length"), [(8, 96), (14, 384), (28, 1536)])
def test_features_are_all_that_the_last_block_leaves(size, length):
    features = StridedConvNet((size, size, 3))(np.zeros((2, size, size, 3)))
    assert features.shape == (2, length)


def test_pixels_are_scaled_to_minus_one_to_one():
    model = StridedConvNet((28, 28, 3))
    pixels = keras.Model(model.input, model.get_layer("pixels").output)
    image = np.full((1, 28, 28, 3), 255.0)
    image[..., 0], image[..., 1] = 0.0, 51.0
    np.testing.assert_allclose(pixels(image)[0, 0, 0], [-1.0, -0.6, 1.0], atol=1e-6)


def test_batch_norms_have_the_papers_momentum():
    norms = [x for x in StridedConvNet().layers if isinstance(x, keras.layers.BatchNormalization)]
    assert [norm.momentum for norm in norms] == [0.95] * 3


def test_first_block_equals_numpy():
    model = StridedConvNet((8, 8, 1), seed=0)
    norm = model.get_layer("block1_norm")
    rng = np.random.default_rng(3)
    gamma, beta, mean, variance = rng.uniform(0.5, 1.5, size=(4, 24))
    norm.set_weights([gamma, beta, mean, variance])
    image = rng.uniform(0, 255, size=(8, 8))
    kernel = np.asarray(model.get_layer("block1_conv").kernel, np.float64)[:, :, 0]
    padded = np.pad(image / 127.5 - 1, 1)
    # TensorFlow pads an even side below and at the right alone.
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))[1::2, 1::2]
    x = np.einsum("hwij,ijc->hwc", windows, kernel)
    x = np.maximum((x - mean) / np.sqrt(variance + 1e-3) * gamma + beta, 0)
    block = keras.Model(model.input, model.get_layer("block1_relu").output)
    np.testing.assert_allclose(block(image[None, :, :, None])[0], x, atol=1e-4)


def test_features_are_the_last_block_flattened():
    model = StridedConvNet(seed=0)
    last = keras.Model(model.input, model.get_layer("block3_relu").output)(IMAGES)
    assert last.shape == (2, 4, 4, 96)
    np.testing.assert_allclose(model(IMAGES), np.reshape(last, (2, -1)), atol=1e-6)


def test_seed_makes_the_weights_reproducible():
    same = [StridedConvNet(seed=7).get_weights() for _ in range(2)]
    other = StridedConvNet(seed=8).get_weights()
    for a, b in zip(*same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(same[0][0], other[0])
    assert not np.array_equal(StridedConvNet().get_weights()[0], StridedConvNet().get_weights()[0])


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_body_computes_in_the_policy_and_gives_float32(policy):
    model = StridedConvNet(dtype=policy, seed=0)
    compute_dtype = keras.DTypePolicy(policy).compute_dtype
    assert model.get_layer("block1_conv").compute_dtype == compute_dtype
    assert model.get_layer("pixels").compute_dtype == "float32"
    features = model(IMAGES)
    assert features.dtype == "float32"
    expected = StridedConvNet(seed=0)(IMAGES)
    np.testing.assert_allclose(features, expected, atol=0.03 * np.abs(expected).max())


def test_keras_file_round_trip(tmp_path):
    model = StridedConvNet(dtype="mixed_bfloat16")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(IMAGES), model(IMAGES))


@pytest.mark.parametrize("shape", [(7, 28, 3), (28, 7, 3), (28, 28)])
def test_refuses_input_shape(shape):
    with pytest.raises(ValueError, match=r"at least 8 pixels a side.*Received: input_shape="):
        StridedConvNet(shape)


@pytest.mark.parametrize("seed", [-1, 0.5, True])
def test_refuses_seed(seed):
    with pytest.raises(ValueError, match=r"expected seed to be an integer.*Received: seed="):
        StridedConvNet(seed=seed)
