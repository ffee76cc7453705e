from __future__ import annotations

import h5py
import keras
import numpy as np
import pytest

from hsm.models import EmbeddingModel
from hsm.models.applications import build_application
from hsm.training import checkpoint
from hsm.training.step import TrainStep

SHAPE = (32, 32, 3)
IMAGES = np.random.default_rng(0).integers(0, 256, (2, *SHAPE)).astype(np.float32)


@pytest.fixture(scope="module")
def resnet():
    return build_application("ResNet50", SHAPE)


def body(model):
    """Returns the network of keras.applications inside of a backbone."""
    return next(layer for layer in model.layers if isinstance(layer, keras.Model))


def test_resnet_gets_its_own_preprocessing_and_an_average_pooling(resnet):
    # Keras's function changes an array in place.
    pixels = keras.applications.resnet.preprocess_input(IMAGES.copy())
    np.testing.assert_allclose(pixels, IMAGES[..., ::-1] - [103.939, 116.779, 123.68], atol=1e-4)
    expected = np.mean(body(resnet)(pixels), axis=(1, 2))
    assert resnet.output_shape == (None, 2048)
    np.testing.assert_allclose(resnet(IMAGES), expected, rtol=1e-4, atol=1e-5)
    assert not np.allclose(np.mean(body(resnet)(IMAGES), axis=(1, 2)), expected, rtol=1e-2)


def test_mobilenet_gets_another_preprocessing():
    model = build_application("MobileNetV2", SHAPE)
    expected = np.mean(body(model)(IMAGES / 127.5 - 1), axis=(1, 2))
    np.testing.assert_allclose(model(IMAGES), expected, rtol=1e-4, atol=1e-5)


def test_the_weights_are_those_of_keras(resnet):
    plain = keras.applications.ResNet50(include_top=False, weights=None, input_shape=SHAPE)
    assert resnet.count_params() == plain.count_params()


def test_keras_file_round_trip(resnet, tmp_path):
    resnet.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(IMAGES), resnet(IMAGES))


def test_a_weights_file_of_the_network_without_its_top(resnet, tmp_path):
    path = tmp_path / "resnet.weights.h5"
    body(resnet).save_weights(path)
    loaded = build_application("ResNet50", SHAPE, weights=str(path))
    np.testing.assert_array_equal(loaded(IMAGES), resnet(IMAGES))
    with pytest.raises(ValueError, match="keras:MobileNetV2 takes.*weights=.*resnet.weights.h5"):
        build_application("MobileNetV2", SHAPE, weights=str(path))


def test_the_policy_is_the_networks_and_not_the_features():
    before = keras.config.dtype_policy()
    model = build_application("MobileNetV2", SHAPE, dtype="mixed_bfloat16")
    assert keras.config.dtype_policy() == before
    assert {layer.compute_dtype for layer in body(model).layers} == {"bfloat16"}
    assert model(IMAGES).dtype == "float32"
    with pytest.raises(ValueError, match="expected arguments that"):
        build_application("MobileNetV2", (8, 8, 3), dtype="mixed_bfloat16")
    assert keras.config.dtype_policy() == before


def test_a_model_trains_and_its_checkpoint_restores_it(tmp_path):
    model, other = (
        EmbeddingModel(build_application("MobileNetV2", SHAPE), "BN", num_classes=2, seed=seed)
        for seed in (0, 1)
    )
    step = TrainStep(model, keras.optimizers.SGD(0.01))
    step(np.concatenate([IMAGES, IMAGES]), np.array([0, 1, 0, 1]))
    assert np.isfinite(step.totals().mean_loss)
    checkpoint.save(tmp_path / "file.npz", {}, model=model, optimizer=step.optimizer)
    assert not np.array_equal(other.embed(IMAGES), model.embed(IMAGES))
    checkpoint.restore(tmp_path / "file.npz", model=other)
    np.testing.assert_array_equal(other.embed(IMAGES), model.embed(IMAGES))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet50", "near it: ResNet50, .*Received: name='resnet50'"),
        ("ResNet51", "near it: ResNet50, .*Received: name='ResNet51'"),
        ("VGG", "near it: VGG.*Received: name='VGG'"),
        ("quantum", "all of them: ConvNeXtBase, .*, Xception. Received: name='quantum'"),
        ("", "all of them: ConvNeXtBase, "),
        ("resnet", "near it: ResNet50"),
    ],
)
def test_unknown_names_list_what_is_near(name, message):
    with pytest.raises(ValueError, match=f"network of keras.applications after keras:, {message}"):
        build_application(name, SHAPE)


def test_images_that_are_too_small_are_refused():
    with pytest.raises(
        ValueError, match=r"ResNet50 takes. Received: input_shape=\(28, 28, 3\), .*32"
    ):
        build_application("ResNet50", (28, 28, 3))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'be "imagenet" or a file.*none\.weights\.h5'):
        build_application("ResNet50", SHAPE, weights=str(tmp_path / "none.weights.h5"))


@pytest.mark.parametrize("name", ["resnet.h5", "resnet.weights.h5"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"no HDF5")
    with pytest.raises(ValueError, match=f"{path}.*"):
        build_application("ResNet50", SHAPE, weights=str(path))
    with h5py.File(path, "w") as file:
        file["something"] = 1
    with pytest.raises(ValueError, match=f"{path}.*"):
        build_application("ResNet50", SHAPE, weights=str(path))


def test_imagenet_weights_that_cannot_be_fetched(monkeypatch):
    def fail(*args, **kwargs):
        raise Exception("URL fetch failure on https://host/resnet50_notop.h5: no network")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", fail)
    with pytest.raises(FileNotFoundError) as error:
        build_application("ResNet50", SHAPE, weights="imagenet")
    message = str(error.value)
    assert "expected the ImageNet weights of keras:ResNet50 in Keras's folder" in message
    assert "cannot be fetched: URL fetch failure on https://host/resnet50_notop.h5" in message
    assert "or pass its path as `weights`" in message


def test_imagenet_weights_in_keras_folder_are_used(monkeypatch, tmp_path, resnet):
    path = tmp_path / "resnet.weights.h5"
    body(resnet).save_weights(path)
    monkeypatch.setattr("keras.src.utils.file_utils.get_file", lambda *args, **kwargs: str(path))
    model = build_application("ResNet50", SHAPE, weights="imagenet")
    np.testing.assert_array_equal(model(IMAGES), resnet(IMAGES))
