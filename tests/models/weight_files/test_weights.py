from __future__ import annotations

import h5py
import keras
import numpy as np
import pytest
from support import caffe_factory

from hsm.models.weight_files.weights import load_weights


def small_model(filters=4, top=True):
    """Returns a model whose layers are named as a Caffe network's."""
    layers = [
        keras.Input((6, 6, 3)),
        keras.layers.Conv2D(filters, 3, name="conv.3x3"),
        keras.layers.GlobalAveragePooling2D(name="pool"),
    ]
    if top:
        layers.append(keras.layers.Dense(2, name="classifier"))
    return keras.Sequential(layers, name="small")


def blobs(**changes):
    """Returns weights for `small_model` in Caffe's layout; changes replace or, if None, remove."""
    rng = np.random.default_rng(0)
    shapes = {
        "conv/3x3": [(4, 3, 3, 3), (4,)],
        "classifier": [(2, 4), (2,)],
        "loss1/classifier": [(5, 4), (5,)],
        **changes,
    }
    return {
        name: [rng.normal(size=shape).astype(np.float32) for shape in arrays]
        for name, arrays in shapes.items()
        if arrays is not None
    }


def caffe_file(tmp_path, **changes):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(caffe_factory.caffemodel(blobs(**changes)))
    return path


def h5_file(tmp_path, model):
    path = tmp_path / "net.weights.h5"
    model.save_weights(path)
    return path


def test_caffemodel_without_its_auxiliary_classifiers(tmp_path):
    model = small_model()
    load_weights(model, caffe_file(tmp_path))
    expected = blobs()
    kernel, bias = model.get_layer("conv.3x3").get_weights()
    np.testing.assert_array_equal(kernel.transpose(3, 2, 0, 1), expected["conv/3x3"][0])
    np.testing.assert_array_equal(bias, expected["conv/3x3"][1])
    kernel, _ = model.get_layer("classifier").get_weights()
    np.testing.assert_array_equal(kernel.T, expected["classifier"][0])


@pytest.mark.parametrize("top", [True, False])
def test_weights_h5_with_or_without_the_classifier(tmp_path, top):
    source = small_model()
    model = small_model(top=top)
    load_weights(model, str(h5_file(tmp_path, source)))
    for weight in model.weights:
        expected = next(other for other in source.weights if other.path == weight.path)
        np.testing.assert_array_equal(weight, expected)


def refused(model, path):
    """Returns the text of the error, having checked that the model is as it was."""
    before = model.get_weights()
    with pytest.raises(ValueError, match="expected") as error:
        load_weights(model, path)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    return str(error.value)


def test_a_missing_layer_is_named(tmp_path):
    path = caffe_file(tmp_path, classifier=None)
    assert refused(small_model(), path) == (
        f"{path}: expected weights of the model small, whose layer classifier has shapes "
        "[(4, 2), (2,)]. Received: no such layer among the file's 2: conv.3x3, loss1.classifier. "
        "Give a file of the same network."
    )


def test_a_wrong_shape_is_named(tmp_path):
    path = caffe_file(tmp_path, classifier=[(3, 4), (3,)])
    message = refused(small_model(), path)
    assert "layer classifier has shapes [(4, 2), (2,)]" in message
    assert "Received: [(4, 3), (3,)]" in message


def test_a_missing_bias_is_named(tmp_path):
    message = refused(small_model(), caffe_file(tmp_path, **{"conv/3x3": [(4, 3, 3, 3)]}))
    assert "layer conv.3x3 has shapes [(3, 3, 3, 4), (4,)]" in message
    assert "Received: [(3, 3, 3, 4)]." in message


def test_another_networks_file_is_named_with_its_layers(tmp_path):
    path = tmp_path / "net.caffemodel"
    other = {f"fc{i}": [np.zeros((2, 2), np.float32)] for i in range(7)}
    path.write_bytes(caffe_factory.caffemodel(other))
    message = refused(small_model(), path)
    assert "among the file's 7: fc0, fc1, fc2, fc3, fc4, ..." in message


def test_weights_h5_of_another_shape_or_network(tmp_path):
    message = refused(small_model(), h5_file(tmp_path, small_model(filters=5)))
    assert "layer conv.3x3 has shapes [(3, 3, 3, 4), (4,)]" in message
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="other")])
    message = refused(small_model(), h5_file(tmp_path, other))
    assert "layer conv.3x3 has shapes" in message
    assert "no such layer among the file's 1: other" in message


@pytest.mark.parametrize("content", [b"", b"not HDF5", None])
def test_weights_h5_that_cannot_be_read(tmp_path, content):
    path = h5_file(tmp_path, small_model())
    path.write_bytes(path.read_bytes()[:2000] if content is None else content)
    message = refused(small_model(), path)
    assert (
        f"{path}: expected a .weights.h5 file. Received: a file that cannot be read as HDF5"
        in message
    )


def test_hdf5_without_layers(tmp_path):
    path = tmp_path / "net.weights.h5"
    with h5py.File(path, "w") as file:
        file["vars/0"] = np.zeros(3)
    assert "expected a .weights.h5 file with named layers" in refused(small_model(), path)


def _replace(group, name, **dataset):
    del group[name]
    group.create_dataset(name, **dataset)


def _link_outside(group, name):
    del group[name]
    group[name] = h5py.ExternalLink("/etc/hostname", "/x")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g.__setitem__("17", 1.0), "the variables 0, 1, .... Received: 0, 1, 17"),
        (lambda g: g.move("1", "x"), "the variables 0, 1, .... Received: 0, x"),
        (lambda g: _replace(g, "1", shape=(2**40,), dtype="f4"), "within the file. Received: a l"),
        (lambda g: _link_outside(g, "1"), "cannot be read as HDF5"),
        (lambda g: _replace(g, "1", data=np.zeros(4, "i4")), "values of type int32 in its bias"),
        (lambda g: _replace(g, "1", data=np.full(4, np.nan)), "NaN or infinity among its values"),
        (lambda g: _replace(g, "1", data=np.full(4, 1e300)), "NaN or infinity among its values"),
    ],
)
def test_weights_h5_of_odd_content(change, message, tmp_path):
    path = h5_file(tmp_path, small_model())
    with h5py.File(path, "r+") as file:
        change(file["layers/conv2d/vars"])
    received = refused(small_model(), path)
    assert message in received
    assert str(path) in received


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_caffemodel_whose_weights_are_not_finite(value, tmp_path):
    arrays = blobs()
    arrays["classifier"][1][1] = value
    path = tmp_path / "net.caffemodel"
    path.write_bytes(caffe_factory.caffemodel(arrays))
    message = "layer classifier has finite numbers. Received: NaN or infinity among its val"
    assert message in refused(small_model(), path)


@pytest.mark.parametrize("name", ["net.h5", "net.pt", "net", "net.caffemodel.gz"])
def test_other_extensions_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"to be a \.caffemodel, .* or \.pth file") as error:
        load_weights(small_model(), tmp_path / name)
    assert f"Received: weights='{tmp_path / name}'" in str(error.value)


@pytest.mark.parametrize(
    "name", ["none.caffemodel", "none.weights.h5", "none.ckpt", "none.ckpt.index", "none.pth"]
)
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(FileNotFoundError, match=f"that exists.*{name}"):
        load_weights(small_model(), tmp_path / name)
