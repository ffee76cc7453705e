from __future__ import annotations

import numpy as np
import pytest
from support import caffe_factory

from hsm.models.weight_files.caffe import read_caffemodel, to_keras
from hsm.models.weight_files.caffe_schema import new_net_parameter

RNG = np.random.default_rng(0)
WEIGHTS = {
    name: [array.astype(np.float32) for array in arrays]
    for name, arrays in {
        "conv1/7x7_s2": [RNG.normal(size=(4, 3, 7, 7)), RNG.normal(size=4)],
        "one/1x1": [RNG.normal(size=(1, 1, 1, 5)), RNG.normal(size=1)],
        "square": [RNG.normal(size=(1, 1, 3, 3)), RNG.normal(size=1)],
        "loss3/classifier": [RNG.normal(size=(10, 6)), RNG.normal(size=10)],
        "row": [RNG.normal(size=(1, 6)), RNG.normal(size=1)],
    }.items()
}


def write(path, content):
    path.write_bytes(content)
    return path


@pytest.fixture
def file(tmp_path):
    """Returns a function that writes bytes to a .caffemodel file."""
    return lambda content: write(tmp_path / "net.caffemodel", content)


@pytest.mark.parametrize("legacy_layers", [False, True])
@pytest.mark.parametrize("legacy_shapes", [False, True])
@pytest.mark.parametrize("double", [False, True])
def test_every_form_of_messages_shapes_and_numbers(file, legacy_layers, legacy_shapes, double):
    content = caffe_factory.caffemodel(
        WEIGHTS, legacy_layers=legacy_layers, legacy_shapes=legacy_shapes, double=double
    )
    actual = read_caffemodel(file(content))
    assert list(actual) == list(WEIGHTS)
    for name, arrays in WEIGHTS.items():
        assert [array.dtype for array in actual[name]] == [np.float32] * 2
        for a, b in zip(actual[name], arrays, strict=True):
            np.testing.assert_array_equal(a, b)


def test_layers_of_both_generations_in_one_file(file):
    older = caffe_factory.caffemodel({"square": WEIGHTS["square"]}, legacy_layers=True)
    newer = caffe_factory.caffemodel({"row": WEIGHTS["row"]})
    assert list(read_caffemodel(file(older + newer))) == ["square", "row"]


def test_opencv_reads_the_same_file_alike(file):
    net = caffe_factory.Network(5, 5)
    net.conv("a/3x3", "data", 4, 3)
    net.inner_product("b", "a/3x3", 2)
    content = caffe_factory.caffemodel(net.weights, legacy_layers=True, legacy_shapes=True)
    actual = read_caffemodel(file(content))
    opencv = net.opencv()
    for index in (0, 1):
        expected = opencv.getParam("a/3x3", index)
        np.testing.assert_array_equal(actual["a/3x3"][index].ravel(), expected.ravel())


def test_to_keras_renames_and_transposes():
    converted = to_keras(WEIGHTS)
    kernel, bias = converted["conv1.7x7_s2"]
    assert kernel.shape == (7, 7, 3, 4)
    assert kernel[1, 2, 0, 3] == WEIGHTS["conv1/7x7_s2"][0][3, 0, 1, 2]
    np.testing.assert_array_equal(bias, WEIGHTS["conv1/7x7_s2"][1])
    dense, _ = converted["loss3.classifier"]
    assert dense.shape == (6, 10)
    assert dense[5, 9] == WEIGHTS["loss3/classifier"][0][9, 5]


@pytest.mark.parametrize("legacy_layers", [False, True])
def test_a_truncated_file_says_after_which_layer(file, legacy_layers):
    content = caffe_factory.caffemodel(WEIGHTS, legacy_layers=legacy_layers)
    path = file(content[:-200])
    with pytest.raises(ValueError, match="truncated or damaged") as error:
        read_caffemodel(path)
    message = str(error.value)
    assert f"{path}: expected a .caffemodel" in message
    assert f"Received: {len(content) - 200} bytes which break off after layer square" in message


def test_every_cut_but_between_layers_is_an_error(file):
    content = caffe_factory.caffemodel({"row": WEIGHTS["row"], "square": WEIGHTS["square"]})
    between = len(caffe_factory.caffemodel({"row": WEIGHTS["row"]}))
    for length in range(len(content)):
        path = file(content[:length])
        if length == between:
            assert list(read_caffemodel(path)) == ["row"]
            continue
        with pytest.raises(ValueError, match=r"expected a \.caffemodel.*[Gg]et it again"):
            read_caffemodel(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89HDF\r\n\x1a\n" + bytes(range(256)),
        b"PK\x03\x04" + bytes(range(256)),
        b'name: "GoogleNet"\nlayer {\n  name: "data"\n}\n',
        caffe_factory.caffemodel({}),
    ],
    ids=["empty", "HDF5", "zip", "prototxt", "no weights"],
)
def test_files_of_another_kind_are_refused(file, content):
    path = file(content)
    with pytest.raises(ValueError, match="of another kind") as error:
        read_caffemodel(path)
    assert f"{path}: expected a .caffemodel" in str(error.value)


def test_a_blob_with_too_few_values_names_its_layer(file):
    kernel = np.zeros((2, 3), np.float32)
    content = bytearray(caffe_factory.caffemodel({"fc": [kernel]}))
    shape = content.index(bytes([2, 3]))
    content[shape] = 4
    with pytest.raises(ValueError, match="layer fc: expected 12 values in blob 0") as error:
        read_caffemodel(file(bytes(content)))
    assert "whose shape is (4, 3). Received: 6" in str(error.value)


@pytest.mark.parametrize("shape", [(-2, -3), (2**62, 4), (6, *[1] * 100), (0, 6)])
def test_a_shape_that_no_blob_has_names_its_layer(shape, file):
    net = new_net_parameter()
    blob = net.layer.add(name="fc").blobs.add()
    blob.data.extend([1.0] * 6)
    blob.shape.dim.extend(shape)
    with pytest.raises(ValueError, match=r"net.caffemodel: layer fc: expected .* values in blob 0"):
        read_caffemodel(file(net.SerializeToString()))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.caffemodel"):
        read_caffemodel(tmp_path / "nowhere.caffemodel")


def test_the_real_file_holds_58_layers(shared_dir):
    path = shared_dir / "models" / "bvlc_googlenet" / "bvlc_googlenet.caffemodel"
    weights = read_caffemodel(path)
    assert len(weights) == 58
    assert weights["conv1/7x7_s2"][0].shape == (64, 3, 7, 7)
    assert weights["inception_5b/pool_proj"][1].shape == (128,)
    assert weights["loss3/classifier"][0].shape == (1000, 1024)
    assert sum(array.size for arrays in weights.values() for array in arrays) == 6_998_552
