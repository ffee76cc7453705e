"""FashionNet's branches: pooling round landmarks by hand, and a model that survives saving."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from hsm.export import export_saved_model
from hsm.models import EmbeddingModel, Head, build_backbone
from hsm.models.fashionnet import pool_landmarks

HEAD = Head(bottleneck="landmarks", normalization="l2", classifier="none")
IMAGES = np.random.default_rng(0).integers(0, 256, size=(4, 28, 28, 3)).astype(np.float32)


def make(backbone="strided_convnet", size=28, **arguments):
    body = build_backbone(backbone, size, dtype="float32", seed=1)
    return EmbeddingModel(
        body, HEAD, **{"num_classes": 3, "embedding_dim": 6, "seed": 0, **arguments}
    )


def ramp(height=5, width=6):
    """A map [1, h, w, 2] that grows along its rows, and falls."""
    numbers = np.arange(height * width, dtype=np.float32).reshape(1, height, width, 1) + 1
    return np.concatenate([numbers, -numbers], axis=-1)


@pytest.mark.parametrize(
    ("landmark", "largest", "smallest"),
    [
        ((0.5, 0.5), 23, 9),  # Column 3, row 2: rows 1 to 3, columns 2 to 4.
        ((0.0, 0.0), 8, 1),  # A corner: rows 0 and 1, columns 0 and 1.
        ((1.0, 1.0), 30, 23),
        ((1.7, -0.4), 12, 5),  # Outside: the nearest place.
    ],
)
def test_pooling_on_a_ramp(landmark, largest, smallest):
    found = pool_landmarks(ramp(), np.array([[landmark]], np.float32), np.array([[True]]))
    np.testing.assert_array_equal(found, [[[largest, -smallest]]])


def test_an_invisible_landmark_gives_zeros_and_no_gradient():
    maps = tf.constant(ramp())
    landmarks = tf.constant([[(0.5, 0.5), (0.0, 0.0)]])
    with tf.GradientTape() as tape:
        tape.watch(maps)
        found = pool_landmarks(maps, landmarks, tf.constant([[False, True]]))
    np.testing.assert_array_equal(found, [[[0, 0], [8, -1]]])
    gradient = tape.gradient(found, maps).numpy()[0]
    # As in max pooling, it goes to the places that were largest.
    assert np.argwhere(gradient).tolist() == [[0, 0, 1], [1, 1, 0]]


def test_landmarks_are_stacked_in_their_order():
    order = np.array([[(0.0, 0.0), (1.0, 1.0)]], np.float32)
    visible = np.array([[True, True]])
    first = pool_landmarks(ramp(), order, visible)
    np.testing.assert_array_equal(pool_landmarks(ramp(), order[:, ::-1], visible), first[:, ::-1])


def test_features_are_those_of_global_and_local_branch():
    model = make()
    maps, pooled = model.read(IMAGES)
    branches = model.bottleneck.branches([maps, pooled])
    visible = np.argmax(branches.visibility, axis=-1) == 0
    local = np.asarray(pool_landmarks(maps, branches.landmarks, visible)).reshape(4, -1)
    layers = {layer.name: layer for layer in model.bottleneck.dense}
    kernel, bias = (np.asarray(v) for v in layers["local"].weights)
    both = np.hstack([pooled, np.maximum(local @ kernel + bias, 0)])
    kernel, bias = (np.asarray(v) for v in layers["fusion"].weights)
    np.testing.assert_allclose(model.features(IMAGES), both @ kernel + bias, rtol=1e-4, atol=1e-4)
    shapes = [tuple(x.shape) for x in branches]
    assert shapes == [(4, 6), (4, 8, 2), (4, 8, 3), (4, 23), (4, 463)]
    assert (np.abs(np.asarray(branches.landmarks) - 0.5) < 0.5).all()


def test_on_googlenet_the_map_is_that_of_the_fourth_stage():
    model = make("googlenet", 224)
    assert model.bottleneck.conv.kernel.shape == (3, 3, 832, 128)
    layers = {layer.name: layer for layer in model.bottleneck.dense}
    assert layers["local"].kernel.shape == (8 * 832, 1024)
    assert layers["fusion"].kernel.shape == (1024 + 1024, 6)


def test_it_survives_a_keras_file_and_an_export(tmp_path):
    model = make()
    np.testing.assert_array_equal(make().features(IMAGES), model.features(IMAGES))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.embed(IMAGES), model.embed(IMAGES))
    serve = tf.saved_model.load(str(export_saved_model(model, tmp_path / "out"))).signatures
    vectors = serve["serving_default"](images=tf.cast(IMAGES, tf.uint8))["embedding"]
    assert vectors.shape == (4, 6)
