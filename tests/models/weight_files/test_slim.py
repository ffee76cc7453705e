from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from hsm.models import GoogLeNet, InceptionV1
from hsm.models.weight_files.slim import read_checkpoint, variable_name
from hsm.models.weight_files.weights import load_weights

SCOPE = "InceptionV1/Conv2d_1a_7x7"
SHAPES = {
    f"{SCOPE}/weights": (3, 3, 3, 4),
    f"{SCOPE}/BatchNorm/beta": (4,),
    f"{SCOPE}/BatchNorm/moving_mean": (4,),
    f"{SCOPE}/BatchNorm/moving_variance": (4,),
    "InceptionV1/Logits/Conv2d_0c_1x1/biases": (7,),
    "global_step": (),
}


def small_model(scale=False):
    """Returns a model whose layers are named as InceptionV1's."""
    return keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            keras.layers.Conv2D(4, 3, use_bias=False, name="Conv2d_1a_7x7"),
            keras.layers.BatchNormalization(scale=scale, name="Conv2d_1a_7x7.BatchNorm"),
        ],
        name="small",
    )


def variables(**changes):
    """Returns variables for `small_model`; changes, by the last part, replace or remove (None)."""
    rng = np.random.default_rng(0)
    shapes = {name: changes.get(name.split("/")[-1], shape) for name, shape in SHAPES.items()}
    shapes |= {name: shape for name, shape in changes.items() if "/" in name}
    found = {name: shape for name, shape in shapes.items() if shape is not None}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in found.items()}


def write_v1(path, arrays):
    tf.raw_ops.Save(filename=str(path), tensor_names=list(arrays), data=list(arrays.values()))
    return path


def write_v2(path, arrays):
    tf.raw_ops.SaveV2(
        prefix=str(path),
        tensor_names=list(arrays),
        shape_and_slices=[""] * len(arrays),
        tensors=list(arrays.values()),
    )
    return path


@pytest.mark.parametrize(
    ("write", "suffix"), [(write_v1, ""), (write_v2, ""), (write_v2, ".index")]
)
def test_both_formats(tmp_path, write, suffix):
    expected = variables()
    path = write(tmp_path / "inception_v1.ckpt", expected)
    actual = read_checkpoint(f"{path}{suffix}")
    assert actual.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(actual[name], array)


def test_a_checkpoint_with_a_step_in_its_name(tmp_path):
    write_v2(tmp_path / "model.ckpt-100", variables())
    model = small_model()
    load_weights(model, tmp_path / "model.ckpt-100.index")
    np.testing.assert_array_equal(model.get_weights()[1], variables()[f"{SCOPE}/BatchNorm/beta"])


def test_every_variable_finds_its_place(tmp_path):
    model = small_model()
    load_weights(model, write_v1(tmp_path / "net.ckpt", variables()))
    for weight, array in zip(model.get_weights(), variables().values(), strict=False):
        np.testing.assert_array_equal(weight, array)


def test_variable_names():
    layer = "Mixed_5b.Branch_2.Conv2d_0a_3x3"
    scope = "InceptionV1/Mixed_5b/Branch_2/Conv2d_0a_3x3"
    assert variable_name(layer, "kernel") == f"{scope}/weights"
    assert variable_name(f"{layer}.BatchNorm", "gamma") == f"{scope}/BatchNorm/gamma"


def refused(model, path):
    """Returns the text of the error, having checked that the model is as it was."""
    before = model.get_weights()
    with pytest.raises(ValueError, match="expected") as error:
        load_weights(model, path)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    return str(error.value)


def test_a_missing_variable_is_named(tmp_path):
    path = write_v1(tmp_path / "net.ckpt", variables(moving_variance=None))
    assert refused(small_model(), path) == (
        f"{path}: expected weights of the model small, with the variable {SCOPE}/BatchNorm/"
        f"moving_variance of shape (4,). Received: no such name among the file's 5: {SCOPE}/"
        f"BatchNorm/beta, {SCOPE}/BatchNorm/moving_mean, {SCOPE}/weights, InceptionV1/Logits/"
        "Conv2d_0c_1x1/biases, global_step. Give a file of the same network."
    )


def test_a_wrong_shape_is_named(tmp_path):
    path = write_v1(tmp_path / "net.ckpt", variables(beta=(5,)))
    message = refused(small_model(), path)
    assert f"{SCOPE}/BatchNorm/beta of shape (4,). Received: shape (5,)." in message


@pytest.mark.parametrize("network", [InceptionV1, GoogLeNet])
def test_another_networks_checkpoint_is_named(tmp_path, network):
    other = {f"InceptionV3/Conv2d_{i}": np.zeros(3, np.float32) for i in range(7)}
    path = write_v2(tmp_path / "inception_v3.ckpt", other)
    message = refused(network((64, 64, 3)), path)
    assert "(7, 7, 3, 64). Received: no such name among the file's 7: InceptionV3/Con" in message


def test_scales_are_not_dropped_in_silence(tmp_path):
    gamma = f"{SCOPE}/BatchNorm/gamma"
    path = write_v1(tmp_path / "net.ckpt", variables(**{gamma: (4,)}))
    message = refused(small_model(), path)
    assert f"Received: the variable {gamma}. Build the model with scale=True." in message
    model = small_model(scale=True)
    load_weights(model, path)
    np.testing.assert_array_equal(model.get_weights()[1], variables(**{gamma: (4,)})[gamma])


def test_a_model_with_scales_needs_them(tmp_path):
    message = refused(small_model(scale=True), write_v1(tmp_path / "net.ckpt", variables()))
    assert f"the variable {SCOPE}/BatchNorm/gamma of shape (4,)" in message


@pytest.mark.parametrize("content", [b"", b"no checkpoint", None])
def test_files_that_cannot_be_read(tmp_path, content):
    path = write_v1(tmp_path / "net.ckpt", variables())
    path.write_bytes(path.read_bytes()[:-100] if content is None else content)
    message = refused(small_model(), path)
    assert (
        f"{path}: expected a checkpoint of TensorFlow. Received: a file that cannot be read"
        in message
    )


@pytest.mark.parametrize("write", [write_v1, write_v2])
@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda a: a * np.nan, "NaN or infinity among its values"),
        (lambda a: a.astype(np.int64), "values of type int64"),
        (lambda a: np.full(a.shape, b"x"), "values of type object"),
    ],
)
def test_values_that_are_no_weights_are_named(write, change, found, tmp_path):
    arrays = variables()
    name = next(iter(SHAPES))
    arrays[name] = change(arrays[name])
    path = write(tmp_path / "net.ckpt", arrays)
    with pytest.raises(ValueError, match=rf"with the variable {name} .*Received: {found}"):
        load_weights(small_model(), path)


def test_damage_in_the_data_beside_an_index_is_named(tmp_path):
    write_v2(tmp_path / "net.ckpt", variables())
    (data,) = tmp_path.glob("*.data-*")
    for content in (data.read_bytes()[:-8], bytes([data.read_bytes()[0] ^ 1]) + b"x"):
        data.write_bytes(content)
        with pytest.raises(ValueError, match=r"net.ckpt: expected a checkpoint of TensorFlow"):
            load_weights(small_model(), tmp_path / "net.ckpt")


def test_an_index_without_its_data(tmp_path):
    path = write_v2(tmp_path / "net.ckpt", variables())
    next(tmp_path.glob("*.data-*")).unlink()
    assert "or its .data files are missing" in refused(small_model(), f"{path}.index")


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"an .index with its data.*none\.ckpt'"):
        read_checkpoint(str(tmp_path / "none.ckpt"))
