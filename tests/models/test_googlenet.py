from __future__ import annotations

import cv2
import keras
import numpy as np
import pytest
from support import caffe_factory

from hsm.models.googlenet import GoogLeNet

MEAN = np.array([104, 117, 123], np.float32)
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def caffe_dir(shared_dir):
    return shared_dir / "models" / "bvlc_googlenet"


@pytest.fixture(scope="module")
def pretrained(caffe_dir):
    return GoogLeNet(include_top=True, weights=caffe_dir / "bvlc_googlenet.caffemodel")


@pytest.fixture(scope="module")
def opencv(caffe_dir):
    net = cv2.dnn.readNetFromCaffe(
        str(caffe_dir / "deploy.prototxt"), str(caffe_dir / "bvlc_googlenet.caffemodel")
    )
    net.enableFusion(False)
    return net


def photographs(shared_dir, pattern, count):
    """Returns `count` photographs from as many folders as there are, RGB [count, 224, 224, 3]."""
    paths = sorted((shared_dir / "data").glob(pattern))
    chosen = [paths[index] for index in np.linspace(0, len(paths) - 1, count).astype(int)]
    images = [cv2.resize(cv2.imread(str(path)), (224, 224)) for path in chosen]
    return np.stack(images)[..., ::-1].astype(np.float32)


def caffe_blob(images):
    return np.ascontiguousarray((images[..., ::-1] - MEAN).transpose(0, 3, 1, 2))


def layer_outputs(model, images):
    """Returns every layer's output by Caffe's name."""
    probe = keras.Model(model.input, {layer.name: layer.output for layer in model.layers[1:]})
    return {name.replace(".", "/"): array.numpy() for name, array in probe(images).items()}


def relative_errors(expected, actual):
    """Returns max|a - b| / max|b| by layer."""
    return {
        name: np.abs(actual[name].reshape(b.shape) - b).max() / np.abs(b).max()
        for name, b in expected.items()
    }


def assert_equal_outputs(expected, actual):
    errors = relative_errors(expected, actual)
    assert {name: error for name, error in errors.items() if not error <= TOLERANCE} == {}


@pytest.mark.parametrize("pattern", ["cub100/*/*", "cars196_half/**/*.jpg"])
def test_all_142_layers_equal_caffe_on_photographs(shared_dir, pretrained, opencv, pattern):
    images = photographs(shared_dir, pattern, 4)
    expected = caffe_factory.opencv_outputs(opencv, caffe_blob(images))
    assert len(expected) == 142
    actual = layer_outputs(pretrained, images)
    assert set(actual) == {*expected, "data", "conv1/pad"}
    assert_equal_outputs(expected, actual)


def test_convolutions_are_compared_before_their_relu(shared_dir, pretrained, opencv):
    images = photographs(shared_dir, "cub100/*/*", 1)
    expected = caffe_factory.opencv_outputs(opencv, caffe_blob(images))
    kinds = {layer.name.replace(".", "/"): type(layer) for layer in pretrained.layers}
    before = [name for name, kind in kinds.items() if kind is keras.layers.Conv2D]
    after = [name for name, kind in kinds.items() if kind is keras.layers.ReLU]
    assert len(before) == len(after) == 57
    assert all(expected[name].min() < 0 for name in before)
    assert all(expected[name].min() == 0 for name in after)


def test_top_1_equals_caffe_on_64_photographs(shared_dir, caffe_dir, pretrained, opencv):
    images = np.concatenate(
        [
            photographs(shared_dir, "cub100/020.American_Goldfinch/*", 16),
            photographs(shared_dir, "cub100/*/*", 24),
            photographs(shared_dir, "cars196_half/**/*.jpg", 24),
        ]
    )
    opencv.setInput(caffe_blob(images))
    expected = opencv.forward("prob").argmax(1)
    actual = pretrained.predict(images, verbose=0).argmax(1)
    np.testing.assert_array_equal(actual, expected)
    classes = (caffe_dir / "synset_words.txt").read_text().splitlines()
    assert [classes[index].split()[1] for index in actual[:16]] == ["goldfinch,"] * 16
    assert len(set(actual)) > 20


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_sees_the_same_on_photographs(shared_dir, caffe_dir, pretrained, policy):
    images = photographs(shared_dir, "cub100/020.American_Goldfinch/*", 16)
    weights = caffe_dir / "bvlc_googlenet.caffemodel"
    actual = GoogLeNet(include_top=True, weights=weights, dtype=policy)(images)
    expected = pretrained(images)
    assert actual.dtype == "float32"
    np.testing.assert_array_equal(np.argmax(actual, 1), np.argmax(expected, 1))
    np.testing.assert_allclose(actual, expected, atol=0.05)


@pytest.fixture(scope="module")
def random_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("googlenet") / "random.caffemodel"
    path.write_bytes(caffe_factory.caffemodel(caffe_factory.googlenet(64, 64).weights))
    return path


@pytest.mark.parametrize(("height", "width"), [(75, 90), (47, 128)])
def test_random_weights_equal_opencv_at_any_size(random_file, height, width):
    images = np.random.default_rng(0).uniform(0, 255, (2, height, width, 3)).astype(np.float32)
    net = caffe_factory.googlenet(height, width).opencv()
    expected = caffe_factory.opencv_outputs(net, caffe_blob(images))
    model = GoogLeNet((height, width, 3), include_top=True, weights=random_file)
    assert len(expected) == 142
    assert_equal_outputs(expected, layer_outputs(model, images))


def test_the_feature_is_the_pooling_before_the_dropout(random_file):
    images = np.random.default_rng(1).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    model = GoogLeNet((64, 64, 3), weights=random_file)
    full = GoogLeNet((64, 64, 3), include_top=True, weights=random_file)
    features = model(images, training=True)
    assert model.output_shape == (None, 1024)
    np.testing.assert_allclose(features, layer_outputs(full, images)["pool5/7x7_s1"], rtol=1e-5)


def test_dropout_acts_in_training_only(random_file):
    images = np.random.default_rng(1).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)
    model = GoogLeNet((64, 64, 3), include_top=True, weights=random_file)
    assert not np.allclose(model(images, training=True), model(images), rtol=1e-3)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", None])
def test_the_policy_reaches_the_body_and_not_the_feature(random_file, policy):
    images = np.random.default_rng(2).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    model = GoogLeNet((64, 64, 3), weights=random_file, dtype=policy)
    whole = {"images", "data", "pool5.7x7_s1"}
    body = [layer for layer in model.layers if layer.name not in whole]
    assert {layer.dtype_policy.name for layer in body} == {policy or "float32"}
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert model(images).dtype == "float32"
    expected = GoogLeNet((64, 64, 3), weights=random_file)(images).numpy()
    error = np.linalg.norm(model(images) - expected) / np.linalg.norm(expected)
    assert error < (0.03 if policy else 1e-6)


def test_keras_file_round_trip(random_file, tmp_path):
    images = np.random.default_rng(3).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)
    model = GoogLeNet((64, 64, 3), weights=random_file, dtype="mixed_bfloat16")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    np.testing.assert_array_equal(loaded(images), model(images))


def test_config_round_trip():
    model = GoogLeNet((64, 64, 3), include_top=True, dtype="mixed_float16")
    copy = keras.Model.from_config(model.get_config())
    assert copy.get_config() == model.get_config()


@pytest.mark.parametrize("shape", [(46, 224, 3), (224, 46, 3), (224, 224, 1), (224, 224)])
def test_input_shapes_that_do_not_fit_are_refused(shape):
    with pytest.raises(ValueError, match="at least 47") as error:
        GoogLeNet(shape)
    assert f"Received: input_shape={shape}" in str(error.value)
