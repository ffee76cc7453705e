"""What the real builders of TensorFlow Datasets make of small archives, read back offline."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow_datasets as tfds
from support import archive_factory as archive
from support.archive_factory import (
    BY_CLASS,
    BY_PART,
    WITH_GALLERY,
    assert_predefined,
    assert_zero_shot,
)
from support.batches import shuffled_batches
from support.tfds_factory import PREPARE

from hsm.data import tfds_inshop
from hsm.data.sources import benchmark

pytest.importorskip("importlib_resources", reason="TensorFlow Datasets needs it to build")

EXPECTED = {"cars196": BY_CLASS, "cub200": BY_CLASS, "products": BY_PART, "inshop": WITH_GALLERY}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A function that returns the `data_dir` with one data set in one format, prepared once."""
    folders = {}

    def get(name, file_format="tfrecord"):
        if (name, file_format) not in folders:
            root = tmp_path_factory.mktemp("archive")
            data_dir = tmp_path_factory.mktemp("tensorflow_datasets")
            PREPARE[name](root, data_dir=str(data_dir), file_format=file_format)
            folders[name, file_format] = data_dir
        return folders[name, file_format]

    return get


def load(name, root, **options):
    return benchmark.load(name, str(root), expected=EXPECTED[name], **options)


@pytest.mark.parametrize("file_format", ["tfrecord", "array_record"])
@pytest.mark.parametrize("name", PREPARE)
def test_zero_shot_from_what_the_builder_prepared(name, file_format, prepared):
    source = load(name, prepared(name, file_format))
    assert_zero_shot(source, gallery=name == "inshop")


@pytest.mark.parametrize("name", ["cars196", "cub200"])
def test_predefined_from_what_the_builder_prepared(name, prepared):
    assert_predefined(load(name, prepared(name), split="predefined"))


def test_class_names_are_those_of_the_builder(prepared):
    cars = load("cars196", prepared("cars196"))
    names = tfds.builder("cars196").info.features["label"].names
    assert cars.train.class_names + cars.test.class_names == tuple(names[:4])
    assert load("inshop", prepared("inshop")).test.class_names == ("id_00000003", "id_00000004")


def test_batches_are_those_of_the_archive(prepared, tmp_path):
    archive.products(tmp_path)
    batches = {}
    for root in (tmp_path, prepared("products")):
        train = load("products", root).train
        # The builder shuffles; sorted by content both have the same order.
        keys = [archive.key(photo) for photo in archive.photos_of(train)]
        split = archive.reordered(train, np.array(sorted(range(len(keys)), key=keys.__getitem__)))
        batches[root] = list(
            shuffled_batches(
                split, crop=28, batch_size=2, seed=0, epoch=1, flip=True
            ).as_numpy_iterator()
        )
    for (pixels, labels), (other_pixels, other_labels) in zip(*batches.values(), strict=True):
        np.testing.assert_array_equal(pixels, other_pixels)
        np.testing.assert_array_equal(labels, other_labels)


@pytest.mark.parametrize("depth", ["caltech_birds2011", "caltech_birds2011/0.2.0"])
def test_the_folder_of_the_set_or_of_the_version_will_do(depth, prepared):
    assert_zero_shot(load("cub200", prepared("cub200") / depth))


def test_the_newest_version_is_read(prepared, tmp_path):
    root = shutil.copytree(prepared("products"), tmp_path / "data") / "stanford_online_products"
    newer = shutil.copytree(root / "1.0.0", root / "1.10.0")
    older = shutil.copytree(root / "1.0.0", root / "1.9.0")
    assert benchmark.find("products", str(tmp_path / "data")).folder == newer
    shutil.rmtree(newer)
    assert benchmark.find("products", str(tmp_path / "data")).folder == older


def test_an_archive_is_preferred(prepared, tmp_path):
    root = shutil.copytree(prepared("products"), tmp_path / "data")
    archive.products(root / "Stanford_Online_Products")
    assert isinstance(load("products", root).train.images[0], str)


def test_the_default_place_is_that_of_tensorflow_datasets(prepared, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(prepared("inshop")))
    assert_zero_shot(benchmark.load("inshop", None, expected=WITH_GALLERY), gallery=True)


@pytest.mark.parametrize("file_format", ["tfrecord", "array_record"])
def test_a_file_that_breaks_off_is_refused(file_format, prepared, tmp_path):
    root = shutil.copytree(prepared("products", file_format), tmp_path / "data")
    (path,) = root.glob(f"*/*/*-test.{file_format}-*")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(
        ValueError,
        match=r"data/.*: expected what TensorFlow Datasets prepared.*prepare the data set again",
    ):
        load("products", root)


def test_no_module_that_a_folder_names_is_imported(prepared, tmp_path):
    """Neither of the folder's own module nor of TensorFlow Datasets, which would import it."""
    root = shutil.copytree(prepared("cars196"), tmp_path / "data")
    (features,) = root.glob("*/*/features.json")
    content = features.read_text()
    names = ("features_dict.FeaturesDict", "class_label_feature.ClassLabel")
    for name in names:
        assert f"tensorflow_datasets.core.features.{name}" in content
        content = content.replace(f"tensorflow_datasets.core.features.{name}", f"trace.{name}")
    features.write_text(content)
    (info,) = root.glob("*/*/dataset_info.json")
    info.write_text(info.read_text().replace("tensorflow_datasets.image_classification", "trace"))
    (root / "trace.py").write_text(f"open({str(root / 'imported')!r}, 'w')")
    code = (
        "import sys; from hsm.data.sources import benchmark; "
        f"found = benchmark.find('cars196', {str(root)!r}); "
        "assert found.class_names[1] == 'Acura RL Sedan 2012', found.class_names; "
        "assert not {'trace', 'tensorflow_datasets'} & sys.modules.keys()"
    )
    # The folder is where Python looks for modules.
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, env=search_path())
    assert not (root / "imported").exists()


def search_path():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('"8"', '"-8"', r"splits\[0\].shardLengths\[0\]: expected a whole number"),
        ('"8"', '"99"', r"12 of 103 records"),
        ('"name": "train"', '"name": "tain"', "no split train"),
        (
            '"{DATASET}-{SPLIT}',
            '"../{DATASET}-{SPLIT}',
            "expected the name of a file in the folder",
        ),
        ('"name": "cars196"', '"name": 7', "name: expected text. Received: 7"),
        ("{", "", "dataset_info.json: expected which records there are. .*: "),
    ],
)
def test_what_a_folder_says_wrongly_of_itself_is_named(old, new, place, prepared, tmp_path):
    root = shutil.copytree(prepared("cars196"), tmp_path / "data")
    (info,) = root.glob("*/*/dataset_info.json")
    change(info, old, new)
    with pytest.raises(ValueError, match=rf"data/.*{place}.*prepare"):
        load("cars196", root)


def test_a_label_without_a_class_is_refused(prepared, tmp_path):
    root = shutil.copytree(prepared("cars196"), tmp_path / "data")
    (names,) = root.glob("*/*/label.labels.txt")
    names.write_text("a\nb\nc\n")
    with pytest.raises(ValueError, match=r"a label that is not always one of 3 classes"):
        load("cars196", root)
    names.unlink()
    assert benchmark.find("cars196", str(root)).class_names == ("0", "1", "2", "3")


@pytest.mark.parametrize("file_format", ["tfrecord", "array_record"])
def test_a_changed_byte_is_refused(file_format, prepared, tmp_path):
    root = shutil.copytree(prepared("products", file_format), tmp_path / "data")
    (path,) = root.glob(f"*/*/*-test.{file_format}-*")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(
        ValueError,
        match=r"data/.*: expected what TensorFlow Datasets prepared.*prepare the data set again",
    ):
        load("products", root)


def test_other_formats_are_refused_with_the_command_that_converts_them(prepared, tmp_path):
    root = shutil.copytree(prepared("products"), tmp_path / "data")
    (info,) = root.glob("*/*/dataset_info.json")
    info.write_text(info.read_text().replace('"tfrecord"', '"riegeli"'))
    message = "expected TFRecord or ArrayRecord files. Received: riegeli. Prepare it again"
    with pytest.raises(ValueError, match=message):
        load("products", root)


def test_the_builder_for_inshop_asks_for_its_files(tmp_path):
    builder = tfds_inshop.InshopRetrieval(data_dir=str(tmp_path / "data"))
    (tmp_path / "manual").mkdir()
    (tmp_path / "manual" / "img.zip").touch()
    config = tfds.download.DownloadConfig(manual_dir=str(tmp_path / "manual"))
    with pytest.raises(
        FileNotFoundError, match=r"expected list_eval_partition.txt. .* The folder must"
    ):
        builder.download_and_prepare(download_config=config)
