"""Every convention of a port against TensorFlow's own operations."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from hsm.layers.bgr_pixels import BGRPixels
from hsm.layers.ceil_max_pooling import CeilMaxPooling2D
from hsm.layers.local_response_normalization import LocalResponseNormalization
from hsm.models import GoogLeNet
from hsm.models.porting import Port, ported

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 23, 23, 3)).astype(np.float32)
MEANS = np.array([104.0, 117.0, 123.0], np.float32)


@pytest.fixture(scope="module")
def tiny():
    images = keras.Input((23, 23, 3))
    x = keras.layers.ZeroPadding2D(3, name="pad")(BGRPixels(name="data")(images))
    x = keras.layers.Conv2D(8, 7, strides=2, name="conv")(x)
    x = CeilMaxPooling2D(name="pool")(x)
    x = LocalResponseNormalization(alpha=0.5, name="norm")(x)
    model = keras.Model(images, keras.layers.Flatten()(x))
    model.get_layer("conv").set_weights(
        [np.random.default_rng(1).normal(size=(7, 7, 3, 8)) / 50, np.linspace(-1, 1, 8)]
    )
    return model


def expected(model, *, padding="caffe", pooling="caffe", pixels="caffe", alpha=0.1):
    """The tiny network, an operation of TensorFlow a layer."""
    x = {
        "caffe": IMAGES[..., ::-1] - MEANS,
        "no_mean": IMAGES[..., ::-1],
        "rgb": IMAGES - MEANS[::-1],
        "scaled": IMAGES / 127.5 - 1,
    }[pixels]
    kernel, bias = model.get_layer("conv").get_weights()
    both = [[0, 0], [3, 3], [3, 3], [0, 0]]
    x = tf.nn.conv2d(x, kernel, 2, "SAME" if padding == "same" else both) + bias
    # From 12 pixels, which leave out none, Caffe's rounding up is a window cut off at the end.
    if pooling == "caffe":
        x = tf.nn.max_pool2d(x, 3, 2, [[0, 0], [0, 1], [0, 1], [0, 0]])
    else:
        x = tf.nn.max_pool2d(x, 3, 2, pooling.upper())
    x = tf.nn.local_response_normalization(x, 2, bias=1.0, alpha=alpha, beta=0.75)
    return tf.reshape(x, [3, -1])


@pytest.mark.parametrize(
    ("port", "options"),
    [
        (Port(), {}),
        (Port(padding="same"), {"padding": "same"}),
        (Port(pooling="same"), {"pooling": "same"}),
        (Port(pooling="valid"), {"pooling": "valid"}),
        (Port(pixels="no_mean"), {"pixels": "no_mean"}),
        (Port(pixels="rgb"), {"pixels": "rgb"}),
        (Port(pixels="scaled"), {"pixels": "scaled"}),
        # TensorFlow's alpha is for every channel, Caffe's for the window of 5.
        (Port(response="tensorflow"), {"alpha": 0.5}),
        (
            Port("same", "valid", "scaled", "tensorflow"),
            {"padding": "same", "pooling": "valid", "pixels": "scaled", "alpha": 0.5},
        ),
    ],
    ids=str,
)
def test_a_port_is_what_tensorflow_computes(tiny, port, options):
    found = ported(tiny, port)(IMAGES)
    np.testing.assert_allclose(found, expected(tiny, **options), rtol=1e-4, atol=1e-4)


def test_googlenet_keeps_its_weights_and_its_size():
    model = GoogLeNet((64, 64, 3))
    before = model.get_weights()
    copy = ported(model, Port("same", "valid", "scaled", "tensorflow"))
    assert copy.output_shape == (None, 1024)
    assert isinstance(copy.get_layer("pool1.3x3_s2"), keras.layers.MaxPooling2D)
    for ours, theirs, still in zip(model.get_weights(), copy.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(ours, still)
    images = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype(np.float32)
    np.testing.assert_allclose(ported(model, Port())(images), model(images), rtol=1e-5)


@pytest.mark.parametrize("field", ["padding", "pooling", "pixels", "response"])
def test_other_conventions_are_refused(field):
    with pytest.raises(ValueError, match=f"{field} to be one of caffe, .*Received: {field}='x'"):
        Port(**{field: "x"})
