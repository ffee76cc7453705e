"""A few digits in the forms that libraries leave on disk, and the real file where it is."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import tensorflow_datasets as tfds
from support.tfds_factory import prepare

from hsm.data import pipeline
from hsm.data.sources import load_source

RNG = np.random.default_rng(0)
TRAIN, TEST = ((RNG.integers(0, 256, (n, 28, 28), np.uint8), np.arange(n) % 10) for n in (40, 20))


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """The caches of other libraries, empty."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


def write(folder, train=TRAIN, test=TEST):
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"x_train": train[0], "y_train": train[1], "x_test": test[0], "y_test": test[1]}
    np.savez(folder / "mnist.npz", **{k: np.asarray(v, np.uint8) for k, v in arrays.items()})
    return str(folder)


def assert_whole(source):
    assert source.name == "mnist"
    for split, (pixels, labels) in ((source.train, TRAIN), (source.test, TEST)):
        np.testing.assert_array_equal(split.labels, labels)
        assert split.class_names == tuple("0123456789")
        assert split.images.shape == (len(labels), 32, 32, 3)
        for channel in range(3):
            np.testing.assert_array_equal(split.images[:, 2:-2, 2:-2, channel], pixels)
    assert source.train.images[:, :2].max() == source.train.images[..., -2:, :].max() == 0
    assert not source.flip


def test_the_predefined_parts_hold_all_digits(tmp_path):
    assert_whole(load_source("mnist", data_dir=write(tmp_path), split="classification"))
    assert_whole(load_source("mnist", data_dir=write(tmp_path / "mnist"), split="classification"))


def test_the_file_itself_is_taken(tmp_path):
    file = f"{write(tmp_path)}/mnist.npz"
    assert_whole(load_source("mnist", data_dir=file, split="classification"))
    np.save(tmp_path / "other.npy", TRAIN[0])
    with pytest.raises(ValueError, match="expected the arrays x_train, .*Get it again"):
        load_source("mnist", data_dir=str(tmp_path / "other.npy"))


def test_a_central_crop_is_the_original_image(tmp_path):
    source = load_source("mnist", data_dir=write(tmp_path), split="classification")
    images, _ = next(iter(pipeline.evaluation_batches(source.test, crop=28)))
    np.testing.assert_array_equal(images[..., 0], TEST[0])


def test_small_digits_train_and_large_ones_of_the_test_part_are_tested(tmp_path):
    source = load_source("mnist", data_dir=write(tmp_path))
    assert source.train.class_names == tuple("01234")
    assert source.test.class_names == tuple("56789")
    for split, (pixels, labels), first in ((source.train, TRAIN, 0), (source.test, TEST, 5)):
        chosen = (labels >= first) & (labels < first + 5)
        np.testing.assert_array_equal(split.images[:, 2:-2, 2:-2, 1], pixels[chosen])
        np.testing.assert_array_equal(split.labels, labels[chosen] - first)


def test_it_can_be_limited(tmp_path):
    source = load_source("mnist", data_dir=write(tmp_path), split="classification", limit=20)
    assert np.bincount(source.train.labels).tolist() == [4] * 5
    divided = load_source("mnist", data_dir=write(tmp_path), split="query_gallery")
    assert divided.gallery.class_names == tuple("56789")


def test_keras_own_cache_is_found(tmp_path):
    write(tmp_path / "keras" / "datasets")
    assert_whole(load_source("mnist", split="classification"))


def test_what_tensorflow_datasets_prepared_is_found_first(tmp_path, monkeypatch):
    pytest.importorskip("importlib_resources", reason="TensorFlow Datasets needs it to build")
    module = tfds.image_classification.mnist
    monkeypatch.setattr(module, "_TRAIN_EXAMPLES", len(TRAIN[1]))
    monkeypatch.setattr(module, "_TEST_EXAMPLES", len(TEST[1]))
    files = {}
    for part, (pixels, labels) in (("train", TRAIN), ("test", TEST)):
        files[f"{part}_data"] = tmp_path / f"{part}_images"
        header = struct.pack(">IIII", 2051, len(pixels), 28, 28)
        files[f"{part}_data"].write_bytes(header + pixels.tobytes())
        files[f"{part}_labels"] = tmp_path / f"{part}_labels"
        header = struct.pack(">II", 2049, len(labels))
        files[f"{part}_labels"].write_bytes(header + labels.astype(np.uint8).tobytes())
    builder = tfds.builder("mnist", data_dir=tmp_path / "tfds")
    prepare(builder, {name: str(path) for name, path in files.items()})
    for data_dir in (None, str(tmp_path / "tfds")):
        source = load_source("mnist", data_dir=data_dir, split="classification")
        for split, (pixels, labels) in ((source.train, TRAIN), (source.test, TEST)):
            found = {(image[2:-2, 2:-2, 0].tobytes(), int(label))
                     for image, label in zip(split.images, split.labels, strict=True)}  # fmt: skip
            expected = zip((image.tobytes() for image in pixels), labels.tolist(), strict=True)
            assert found == set(expected)


@pytest.mark.parametrize("data_dir", [None, "gone"])
def test_where_to_get_it_is_said(tmp_path, data_dir):
    folder = None if data_dir is None else str(tmp_path / data_dir)
    with pytest.raises(
        FileNotFoundError, match=r"expected `data_dir`.*mnist.npz.*Received: data_dir"
    ):
        load_source("mnist", data_dir=folder)


def test_broken_files_are_said(tmp_path):
    path = tmp_path / "mnist.npz"
    folder = write(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"mnist.npz: expected the arrays x_train.*Get it again"):
        load_source("mnist", data_dir=folder)
    path.write_text("no archive")
    with pytest.raises(ValueError, match="expected the arrays"):
        load_source("mnist", data_dir=folder)
    np.savez(path, x_train=TRAIN[0])
    with pytest.raises(ValueError, match="expected the arrays"):
        load_source("mnist", data_dir=folder)
    write(tmp_path, test=(TEST[0][:, :14], TEST[1]))
    with pytest.raises(ValueError, match=r"28x28 pixels.*Received: uint8 .*\(20, 14, 28\)"):
        load_source("mnist", data_dir=folder)


def test_the_real_file(shared_dir):
    source = load_source("mnist", data_dir=str(shared_dir / "data"), split="classification")
    assert (len(source.train), len(source.test)) == (60_000, 10_000)
    # The numbers of each test digit, as its authors' file has them.
    counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(source.test.labels).tolist() == counts
