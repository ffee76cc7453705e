"""FashionNet's branches on one trunk: pose, local features round landmarks, and their fusion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from hsm.models.seeds import initializer_seeds

# In-shop's: landmarks, their states (visible, hidden, cut off), categories and attributes.
_LANDMARKS, _STATES, _CATEGORIES, _ATTRIBUTES = 8, 3, 23, 463
# The paper's fully connected layers of the pose and of the local branch.
_UNITS = 1024
# Ours: the pose branch's convolution, with stride 2, and the places that are pooled a side.
_FILTERS, _WINDOW = 128, 3
_LAYERS = (
    "conv",
    "fc1",
    "fc2",
    "location",
    "visibility",
    "local",
    "fusion",
    "category",
    "attribute",
)


class Branches(NamedTuple):
    """What the branches say of b images.

    Attributes:
        features: float32 [b, k], of global and local features together.
        landmarks: float32 [b, 8, 2], x and y as shares of the image's sides.
        visibility: float32 [b, 8, 3], logits of visible, hidden and cut off.
        categories: float32 [b, 23], logits.
        attributes: float32 [b, 463], logits.
    """

    features: Any
    landmarks: Any
    visibility: Any
    categories: Any
    attributes: Any


@keras.saving.register_keras_serializable(package="hsm")
class LandmarkBranches(keras.layers.Layer):
    """From a map and the pooled feature to features that know where landmarks are.

    The trunk's last layers are the global branch. The pose branch, a convolution and two dense
    layers of 1024 on the map, says where the eight landmarks are and whether each is visible. The
    local branch pools the map round each of them, see `pool_landmarks`, and a dense layer of 1024
    reads these in their order. Global and local features together give the feature, in one layer.
    Of it one layer each says category and attributes, in training. All is float32.

    Args:
        embedding_dim: the width k of the features; at least 1.
        seed: makes the initialisation reproducible; None leaves it random.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`; `dtype` has no effect.

    Call arguments:
        inputs: a list: the map, floating-point [b, h, w, c], and the feature, [b, d].

    Reference:
        Liu et al., DeepFashion: Powering Robust Clothes Recognition and Retrieval with Rich
        Annotations, 2016, on VGG-16; layers' sizes are ours where none is named there.
    """

    def __init__(self, embedding_dim: int, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.embedding_dim = int(embedding_dim)
        self.seed = seed
        seeds = dict(zip(_LAYERS, initializer_seeds(seed, "fashionnet", len(_LAYERS)), strict=True))
        self.conv = keras.layers.Conv2D(
            _FILTERS,
            3,
            2,
            padding="same",
            activation="relu",
            data_format="channels_last",
            kernel_initializer=_initializer(2.0, seeds["conv"]),
            dtype="float32",
            name="conv",
        )
        widths = {
            "fc1": _UNITS,
            "fc2": _UNITS,
            "location": 2 * _LANDMARKS,
            "visibility": _STATES * _LANDMARKS,
            "local": _UNITS,
            "fusion": self.embedding_dim,
            "category": _CATEGORIES,
            "attribute": _ATTRIBUTES,
        }
        self.dense = [_dense(name, width, seeds[name]) for name, width in widths.items()]

    def build(self, input_shape: Sequence[tuple[int | None, ...]]) -> None:
        """Make the weights for a map and a feature of these shapes."""
        maps, pooled = (tuple(shape) for shape in input_shape)
        self.conv.build(maps)
        convolved = int(np.prod(self.conv.compute_output_shape(maps)[1:]))
        inputs = {
            "fc1": convolved,
            "local": _LANDMARKS * int(maps[-1] or 0),
            "fusion": int(pooled[-1] or 0) + _UNITS,
            "category": self.embedding_dim,
            "attribute": self.embedding_dim,
        }
        for layer in self.dense:
            layer.build((None, inputs.get(layer.name, _UNITS)))

    def call(self, inputs: Sequence[Any]) -> Any:
        """Return the features, float32 [b, embedding_dim]."""
        return self.branches(inputs).features

    def branches(self, inputs: Sequence[Any]) -> Branches:
        """Return what all branches say of a map and a feature."""
        maps, pooled = (ops.cast(x, "float32") for x in inputs)
        layer = {dense.name: dense for dense in self.dense}
        pose = layer["fc2"](layer["fc1"](ops.reshape(self.conv(maps), (ops.shape(maps)[0], -1))))
        landmarks = ops.reshape(layer["location"](pose), (-1, _LANDMARKS, 2))
        visibility = ops.reshape(layer["visibility"](pose), (-1, _LANDMARKS, _STATES))
        local = pool_landmarks(maps, landmarks, ops.argmax(visibility, axis=-1) == 0)
        local = layer["local"](ops.reshape(local, (-1, _LANDMARKS * maps.shape[-1])))
        features = layer["fusion"](ops.concatenate([pooled, local], axis=-1))
        return Branches(
            features,
            landmarks,
            visibility,
            layer["category"](features),
            layer["attribute"](features),
        )

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """Return `(batch, embedding_dim)`."""
        return (input_shape[0][0], self.embedding_dim)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "embedding_dim": self.embedding_dim, "seed": self.seed}


def pool_landmarks(maps: Any, landmarks: Any, visible: Any) -> Any:
    """Return the largest response in 3x3 places round each landmark, 0 round invisible ones.

    Places outside of the map are left out. The gradient goes to the places with the largest
    responses, as in max pooling, and not to where the landmarks are.

    Args:
        maps: float32 [b, h, w, c].
        landmarks: float32 [b, n, 2], x and y as shares of the sides; the nearest place of the map
            is the middle of what is pooled.
        visible: bool [b, n].

    Returns:
        float32 [b, n, c].
    """
    height, width, channels = maps.shape[1:]
    around = np.arange(_WINDOW) - _WINDOW // 2
    columns = _places(landmarks[..., 0], width)[..., None, None] + around
    rows = _places(landmarks[..., 1], height)[..., None, None] + around[:, None]
    # A place at the edge that counts twice changes no maximum.
    places = ops.clip(rows, 0, height - 1) * width + ops.clip(columns, 0, width - 1)
    flat = ops.reshape(maps, (-1, height * width, channels))
    count = landmarks.shape[1] * _WINDOW**2
    index = ops.broadcast_to(
        ops.reshape(places, (-1, count, 1)), (ops.shape(maps)[0], count, channels)
    )
    windows = ops.take_along_axis(flat, index, axis=1)
    windows = ops.reshape(windows, (-1, landmarks.shape[1], _WINDOW**2, channels))
    return ops.where(visible[..., None], ops.max(windows, axis=2), 0.0)


def _places(shares: Any, side: int) -> Any:
    """Return the places, int32, in which shares of a side with so many of them lie."""
    return ops.cast(ops.clip(ops.floor(shares * side), 0, side - 1), "int32")


def _dense(name: str, width: int, seed: int | None) -> keras.layers.Dense:
    is_relu = name in ("fc1", "fc2", "local")
    # Locations start about the middle of the image, where the logistic function is steep; without
    # it they run away at the other methods' rates.
    scale = 0.01 if name == "location" else (2.0 if is_relu else 1.0)
    return keras.layers.Dense(
        width,
        activation="relu" if is_relu else "sigmoid" if name == "location" else None,
        kernel_initializer=_initializer(scale, seed),
        dtype="float32",
        name=name,
    )


def _initializer(scale: float, seed: int | None) -> keras.Initializer:
    return keras.initializers.VarianceScaling(scale, "fan_in", "truncated_normal", seed=seed)
