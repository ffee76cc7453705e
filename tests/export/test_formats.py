"""Every format gives the vectors of the SavedModel, and says what it needs."""

from __future__ import annotations

import importlib
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.image_factory import photograph

from hsm.data import images
from hsm.export import FORMATS, RunFacts, export_format, export_saved_model, formats, load_format
from hsm.layers import CeilMaxPooling2D, LocalResponseNormalization
from hsm.models import EmbeddingModel

SIDE = 28
# The least that is measured here, with room for other processors.
COSINES = {"tflite_float16": 0.999, "tflite_int8": 0.9, "onnx": 0.99999, "openvino": 0.999}


def make_model():
    """A network with each of the layers that GoogLeNet needs and Keras lacks."""
    inputs = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Conv2D(8, 5, 2, activation="relu")(keras.layers.Rescaling(1 / 64, -2)(inputs))
    x = LocalResponseNormalization()(CeilMaxPooling2D(3, 2)(x))
    x = keras.layers.Conv2D(16, 3, activation="relu")(x)
    backbone = keras.Model(inputs, keras.layers.Flatten()(x), name="small")
    model = EmbeddingModel(backbone, "BN", num_classes=3, embedding_dim=8, seed=0)
    # As after training: else all vectors were alike.
    features = model.bottleneck(backbone(pictures(40).astype(np.float32))).numpy()
    model.normalization.batch_norm.moving_mean.assign(features.mean(axis=0))
    model.normalization.batch_norm.moving_variance.assign(features.var(axis=0))
    return model


def pictures(count):
    """Photographs as the evaluation crops them: uint8 [count, SIDE, SIDE, 3]."""
    size = images.resize_size(SIDE)
    made = [np.asarray(photograph(40, 50, seed=seed).convert("RGB")) for seed in range(count)]
    return np.stack([images.center_crop(images.resize(p, size), SIDE).numpy() for p in made])


@pytest.fixture(scope="module")
def model():
    return make_model()


@pytest.fixture(scope="module")
def expected(model, tmp_path_factory):
    """Pictures, and the vectors that the SavedModel gives for them."""
    folder = export_saved_model(model, tmp_path_factory.mktemp("saved") / "model")
    given = pictures(5)
    # Of the size that is cropped of, so that nothing is resized.
    border = (images.resize_size(SIDE) - SIDE) // 2
    padded = np.pad(given, ((0, 0), (border, border), (border, border), (0, 0)))
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    return given, serve(images=tf.constant(padded))["embedding"].numpy()


@pytest.mark.parametrize("name", FORMATS)
def test_it_gives_the_vectors_of_the_saved_model(name, model, expected, tmp_path):
    for module in FORMATS[name].needs:
        pytest.importorskip(module)
    folder = export_format(model, tmp_path / name, name, calibration=pictures(40))
    embed = load_format(folder)
    given, vectors = expected
    received = embed(given.astype(np.float32))
    assert (received.dtype, received.shape) == (np.float32, vectors.shape)
    np.testing.assert_allclose(np.linalg.norm(received, axis=1), 1.0, atol=0.03)
    assert (received * vectors).sum(axis=1).min() >= COSINES[name]
    one_by_one = np.concatenate([embed(image[None].astype(np.float32)) for image in given])
    np.testing.assert_allclose(one_by_one, received, atol=0.05)
    # Vectors that all look alike would agree whatever the conversion.
    assert np.ptp(vectors, axis=0).max() > 0.5

    facts = json.loads((folder / "hsm_embedding.json").read_text())
    assert (facts["format"], facts["file"]) == (name, FORMATS[name].file)
    assert facts["least_cosine_to_the_network"] >= FORMATS[name].least_cosine
    card = json.loads((folder / "model_card.json").read_text())
    assert card["preprocessing"]["done_by"] == "the caller"
    assert (folder / FORMATS[name].file).is_file()


def test_an_unknown_format_and_missing_calibration_are_refused(model, tmp_path):
    with pytest.raises(ValueError, match=r"one of tflite_float16, .*Received: format='caffe'"):
        export_format(model, tmp_path / "model", "caffe")
    with pytest.raises(ValueError, match="expected calibration, training images"):
        export_format(model, tmp_path / "model", "tflite_int8")
    assert not list(tmp_path.iterdir())


def test_a_missing_library_is_named_before_anything_is_written(model, tmp_path, monkeypatch):
    real = importlib.import_module
    monkeypatch.setattr(
        "hsm.export.extras.importlib.import_module",
        lambda name: real("no_such_module") if name == "openvino" else real(name),
    )
    with pytest.raises(ImportError, match=r'format openvino need openvino.*-embedding\[formats\]"'):
        export_format(model, tmp_path / "model", "openvino")
    assert not list(tmp_path.iterdir())


def test_vectors_that_are_not_the_networks_are_an_error(model, tmp_path, monkeypatch):
    pytest.importorskip("openvino")
    monkeypatch.setattr(
        "hsm.export.openvino_file.load", lambda path: lambda pixels: -np.ones((len(pixels), 8))
    )
    with pytest.raises(
        RuntimeError, match="expected the network's vectors, with a cosine of at least"
    ):
        export_format(model, tmp_path / "model", "openvino", run=RunFacts(method="HBN"))
    assert not list(tmp_path.iterdir())


def test_a_folder_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected a folder of one of the formats"):
        load_format(tmp_path)


def test_every_format_says_how_near_it_must_be():
    assert set(COSINES) == set(FORMATS)
    assert all(formats.FORMATS[name].least_cosine <= cosine for name, cosine in COSINES.items())
