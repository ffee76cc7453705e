from __future__ import annotations

import random
import zipfile

import keras
import numpy as np
import pytest

from hsm.models import ConvNet, EmbeddingModel, GoogLeNet, keras_file
from hsm.models.keras_file import read_keras_file
from hsm.training.step import TrainStep

SHAPE = (16, 16, 3)
IMAGES = np.random.default_rng(0).integers(0, 256, (4, *SHAPE)).astype(np.float32)


def network(shape=SHAPE, pool=True):
    """Returns a model that a user may have saved."""
    layers = [
        keras.Input(shape),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Conv2D(5, 3, strides=2),
        keras.layers.BatchNormalization(),
    ]
    return keras.Sequential([*layers, *([keras.layers.GlobalAveragePooling2D()] if pool else [])])


def saved(tmp_path, model):
    path = tmp_path / "net.keras"
    model.save(path)
    return str(path)


def test_any_saved_model_computes_the_same(tmp_path):
    model = network()
    loaded = read_keras_file(saved(tmp_path, model), SHAPE)
    np.testing.assert_array_equal(loaded(IMAGES), model(IMAGES))


@pytest.mark.parametrize("make", [lambda: GoogLeNet((64, 64, 3)), lambda: ConvNet(SHAPE)])
def test_networks_of_this_package(tmp_path, make):
    model = make()
    loaded = read_keras_file(saved(tmp_path, model), model.input_shape[1:])
    batch = np.random.default_rng(1).uniform(0, 255, (1, *model.input_shape[1:]))
    np.testing.assert_array_equal(loaded(batch), model(batch))


def test_a_model_for_images_of_any_size(tmp_path):
    loaded = read_keras_file(saved(tmp_path, network((None, None, 3))), SHAPE)
    assert loaded(IMAGES).shape == (4, 5)


def test_a_model_that_was_compiled_trains_as_a_backbone(tmp_path):
    model = network()
    model.compile("adam", "mse")
    model.fit(IMAGES, np.zeros((4, 5)), verbose=0)
    backbone = read_keras_file(saved(tmp_path, model), SHAPE)
    step = TrainStep(EmbeddingModel(backbone, num_classes=2), keras.optimizers.SGD(0.01))
    before = [np.array(weight) for weight in backbone.weights]
    step(IMAGES, np.array([0, 1, 0, 1]))
    changed = [
        not np.array_equal(a, b) for a, b in zip(backbone.get_weights(), before, strict=True)
    ]
    assert all(changed)


def two_inputs():
    inputs = [keras.Input(SHAPE), keras.Input(SHAPE)]
    return keras.Model(inputs, network()(keras.layers.Add()(inputs)))


def two_outputs():
    inputs = keras.Input(SHAPE)
    features = network()(inputs)
    return keras.Model(inputs, [features, features])


def test_an_output_before_the_pooling_is_refused(tmp_path):
    path = saved(tmp_path, network(pool=False))
    with pytest.raises(ValueError, match=r"net.keras: expected a model with features") as error:
        read_keras_file(path, SHAPE)
    assert "Received: shape (None, 7, 7, 5). Save it with a global pooling" in str(error.value)


def test_several_outputs_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"as its one output. Received: shape \[\(None, 5\), "):
        read_keras_file(saved(tmp_path, two_outputs()), SHAPE)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: network((24, 16, 3)), r"\(None, 24, 16, 3\)"),
        (lambda: network((16, 16, 1)), r"\(None, 16, 16, 1\)"),
        (lambda: keras.Sequential([keras.Input((9,)), keras.layers.Dense(2)]), r"\(None, 9\)"),
        (two_inputs, r"\[\(None, 16, 16, 3\), "),
    ],
)
def test_other_inputs_are_refused(tmp_path, make, shape):
    expected = rf"one input of shape \(None, 16, 16, 3\). Received: {shape}"
    with pytest.raises(ValueError, match=expected):
        read_keras_file(saved(tmp_path, make()), SHAPE)


@pytest.mark.parametrize("content", [b"", b"no model", None])
def test_files_that_cannot_be_read(tmp_path, content):
    path = tmp_path / "net.keras"
    saved(tmp_path, network())
    path.write_bytes(path.read_bytes()[:-100] if content is None else content)
    with pytest.raises(ValueError, match=f"{path}: expected a model that Keras saved as .keras"):
        read_keras_file(str(path), SHAPE)


def test_code_in_a_file_is_not_executed(tmp_path):
    model = keras.Sequential([keras.Input(SHAPE), keras.layers.Lambda(lambda x: x + 1)])
    with pytest.raises(ValueError, match="cannot be read: .*Lambda"):
        read_keras_file(saved(tmp_path, model), SHAPE)


def test_weights_that_are_not_finite_are_refused(tmp_path):
    model = network()
    model.layers[-2].moving_mean.assign(np.full(5, np.nan))
    with pytest.raises(ValueError, match=r"expected finite weights. Received: NaN .*moving_mean"):
        read_keras_file(saved(tmp_path, model), SHAPE)


def test_a_network_that_is_far_larger_than_the_file_is_never_built(tmp_path):
    """Its first kernel alone would fill 230 GB."""
    layers = [keras.Input(SHAPE), keras.layers.Conv2D(5, 3), keras.layers.GlobalMaxPooling2D()]
    path = saved(tmp_path, keras.Sequential(layers))
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    few, many = b'"filters": 5', b'"filters": 2147483648'
    members["config.json"] = members["config.json"].replace(few, many)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match=r"net.keras: .* of a network of 2\d\d,.* bytes"):
        read_keras_file(path, SHAPE)


def test_looking_at_the_size_draws_no_random_numbers(tmp_path, monkeypatch):
    path, states = saved(tmp_path, network()), []
    for check in (keras_file._check_size, lambda path: None):
        monkeypatch.setattr(keras_file, "_check_size", check)
        keras.utils.set_random_seed(1)
        read_keras_file(path, SHAPE)
        states.append(random.getstate())
    assert states[0] == states[1]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"\.keras file that exists.*none\.keras"):
        read_keras_file(str(tmp_path / "none.keras"), SHAPE)
