"""The same checks for every backbone; one that is not in the table fails them."""

from __future__ import annotations

from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

from hsm import models
from hsm.models import build_backbone
from hsm.models.backbone_specs import BACKBONES


class Case(NamedTuple):
    """Side of a backbone's smallest images, size of its feature, and its public name if any."""

    side: int
    features: int
    public: str | None = None


CASES = {
    "convnet": Case(16, 128, "ConvNet"),
    "googlenet": Case(64, 1024, "GoogLeNet"),
    "inception_v1": Case(64, 1024, "InceptionV1"),
    "keras:MobileNetV2": Case(32, 1280),
    "lenet": Case(28, 500, "LeNet"),
    "strided_convnet": Case(28, 1536, "StridedConvNet"),
    "torchvision_googlenet": Case(64, 1024),
}
# Public names that are no backbones, and where they are tested.
OTHERS = {
    "EmbeddingModel": "test_embedding",
    "Head": "test_head",
    "HeadOptions": "test_head",
    "build_backbone": "test_backbones",
    "with_example_dropout": "test_exchange",
    "with_unbiased_variance": "test_exchange",
}


@pytest.fixture(scope="module", params=sorted(CASES))
def backbone(request):
    side, features, _ = CASES[request.param]
    keras.utils.set_random_seed(0)
    model = build_backbone(request.param, side)
    assert model.output_shape == (None, features)
    return model


@pytest.fixture(scope="module")
def images(backbone):
    shape = (2, *backbone.input_shape[1:])
    return np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)


def test_every_backbone_and_every_public_name_is_in_a_table():
    assert {name for name in CASES if not name.startswith("keras:")} == set(BACKBONES)
    public = {case.public for case in CASES.values() if case.public}
    assert public | OTHERS.keys() == set(models.__all__)
    assert not public & OTHERS.keys()


def test_one_input_of_pixels_gives_finite_float32_features(backbone, images):
    features = backbone(images)
    assert features.dtype == "float32"
    assert np.isfinite(features).all()
    assert np.ptp(features, axis=0).max() > 0
    np.testing.assert_allclose(backbone(images[:1])[0], features[0], rtol=1e-3, atol=1e-4)


def test_configuration_and_weights_make_it_again(backbone, images, tmp_path):
    again = type(backbone).from_config(backbone.get_config())
    backbone.save_weights(tmp_path / "net.weights.h5")
    again.load_weights(tmp_path / "net.weights.h5")
    np.testing.assert_array_equal(again(images), backbone(images))


def test_keras_file_round_trip(backbone, images, tmp_path):
    backbone.save(tmp_path / "net.keras")
    loaded = keras.models.load_model(tmp_path / "net.keras")
    np.testing.assert_array_equal(loaded(images), backbone(images))


def test_saved_model_round_trip(backbone, images, tmp_path):
    backbone.export(tmp_path / "saved", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "saved"))  # Alive for as long as it is called.
    served = loaded.serve(images)
    np.testing.assert_allclose(served, backbone(images), rtol=1e-3, atol=1e-4)


def test_every_trainable_weight_gets_a_finite_gradient(backbone, images):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(backbone(images, training=True) ** 2)
    gradients = tape.gradient(loss, backbone.trainable_variables)
    assert all(gradient is not None and np.isfinite(gradient).all() for gradient in gradients)
