"""A Caffe network as it is when a port to TensorFlow takes over TensorFlow's own conventions.

`hsm.models.GoogLeNet` computes as Caffe does. Here the places where a port usually departs can be
changed one by one, under the same weights, to measure what each of them does to a feature.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras

from hsm.layers.bgr_pixels import BGRPixels
from hsm.layers.ceil_max_pooling import CeilMaxPooling2D
from hsm.layers.local_response_normalization import LocalResponseNormalization

PADDINGS = ("caffe", "same")
POOLINGS = ("caffe", "same", "valid")
PIXELS = ("caffe", "no_mean", "rgb", "scaled")
RESPONSES = ("caffe", "tensorflow")
# Means of red, green and blue, as `BGRPixels` has them.
_RGB_MEAN = (123.0, 117.0, 104.0)


@dataclass(frozen=True)
class Port:
    """The conventions of a port; the defaults are Caffe's.

    Attributes:
        padding: of convolutions with a stride: "caffe" has as many zeros on both sides, "same" is
            TensorFlow's SAME, which has the odd one at the end.
        pooling: of max poolings: "caffe" rounds their size up, "same" is SAME, and "valid" is
            VALID, which rounds it down.
        pixels: "caffe" is BGR less ImageNet's means, "no_mean" BGR alone, "rgb" RGB less the means,
            "scaled" RGB in [-1, 1].
        response: local response normalisation: "caffe" divides alpha by the window's size,
            "tensorflow" does not.
    """

    padding: str = "caffe"
    pooling: str = "caffe"
    pixels: str = "caffe"
    response: str = "caffe"

    def __post_init__(self) -> None:
        """Raise ValueError for a value that is none of those above."""
        choices = {
            "padding": PADDINGS,
            "pooling": POOLINGS,
            "pixels": PIXELS,
            "response": RESPONSES,
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"expected {name} to be one of {', '.join(allowed)}. Received: "
                    f"{name}={getattr(self, name)!r}"
                )


def ported(model: keras.Model, port: Port) -> keras.Model:
    """Return `model` with the conventions of `port` and the same weights; `model` stays as it is.

    Args:
        model: a functional model of Caffe's layers, such as `hsm.models.GoogLeNet`: its padded
            convolutions with a stride follow a `ZeroPadding2D` layer.
        port: what is changed.
    """
    copy = keras.models.clone_model(model, clone_function=lambda layer: _changed(layer, port))
    for layer in model.layers:
        if layer.weights:
            copy.get_layer(layer.name).set_weights(layer.get_weights())
    return copy


def _changed(layer: keras.layers.Layer, port: Port) -> keras.layers.Layer:
    """Return a new layer in place of `layer`, without its weights."""
    config = layer.get_config()
    named = {"name": layer.name, "dtype": layer.dtype_policy}
    if isinstance(layer, keras.layers.ZeroPadding2D) and port.padding == "same":
        return keras.layers.Identity(**named)
    if isinstance(layer, keras.layers.Conv2D) and port.padding == "same":
        return type(layer).from_config({**config, "padding": "same"})
    if isinstance(layer, CeilMaxPooling2D) and port.pooling != "caffe":
        size, step = layer.pool_size, layer.strides
        return keras.layers.MaxPooling2D(
            size, step, port.pooling, data_format="channels_last", **named
        )
    if isinstance(layer, LocalResponseNormalization) and port.response == "tensorflow":
        return type(layer).from_config({**config, "alpha": layer.alpha * layer.size})
    if isinstance(layer, BGRPixels) and port.pixels != "caffe":
        return _pixels(port.pixels, layer.name)
    return type(layer).from_config(config)


def _pixels(convention: str, name: str) -> keras.layers.Layer:
    """Return the preprocessing of RGB values 0..255, in float32."""
    if convention == "no_mean":
        return BGRPixels(mean=(0.0, 0.0, 0.0), name=name)
    if convention == "scaled":
        return keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name=name)
    offset = [-mean for mean in _RGB_MEAN]
    return keras.layers.Rescaling(1.0, offset=offset, dtype="float32", name=name)
