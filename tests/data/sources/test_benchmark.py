"""What is common to the paper's data sets: true counts, damaged images, where they are found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import archive_factory as archive
from support.archive_factory import BY_CLASS, BY_PART, assert_zero_shot
from support.image_factory import photograph, tagged

from hsm.data.catalog import dataset_info
from hsm.data.sources import benchmark, load_source
from hsm.data.sources.source import EncodedImages
from hsm.data.sources.splitting import check_counts, split_parts


def load(root, **options):
    return benchmark.load("products", str(root), expected=BY_PART, **options)


@pytest.fixture
def root(tmp_path):
    return archive.products(tmp_path / "Stanford_Online_Products")


def true_size(root: Path, name: str) -> None:
    """Annotations in the true format and of the true size, without images."""
    {"cars196": _cars, "cub200": _birds, "products": _articles, "inshop": _clothes}[name](root)


def _classes(*counts) -> np.ndarray:
    """Class numbers from 1 on: for every (images, classes), that many of each, about evenly."""
    numbers, first = [], 1
    for images, classes in counts:
        numbers.append(first + np.arange(images) * classes // images)
        first += classes
    return np.concatenate(numbers)


def _tested(classes: np.ndarray, count: int) -> np.ndarray:
    """About every second image of each class, `count` in all."""
    tested = np.zeros(len(classes), bool)
    tested[np.arange(count) * len(classes) // count] = True
    return tested


def _cars(root: Path) -> None:
    classes = _classes((8054, 98), (8131, 98))
    names = [f"car_ims/{number:06}.jpg" for number in range(1, 16186)]
    fields = ("relative_im_path", "class", "test")
    rows = zip(names, classes, _tested(classes, 8041), strict=True)
    class_names = [f"Car {number}" for number in range(196)]
    archive.save_annotations(root / "cars_annos.mat", fields, list(rows), class_names=class_names)
    (root / "car_ims").mkdir()


def _birds(root: Path) -> None:
    classes = _classes((5864, 100), (5924, 100))
    names = [f"{number:03}.Bird/{index}.jpg" for index, number in enumerate(classes)]
    columns = {"images": names, "image_class_labels": classes}
    columns["train_test_split"] = (~_tested(classes, 5794)).astype(int)
    for name, values in columns.items():
        lines = [f"{index} {value}" for index, value in enumerate(values, 1)]
        (root / f"{name}.txt").write_text("\n".join(lines))


def _articles(root: Path) -> None:
    classes = _classes((59551, 11318), (60502, 11316))
    names = [f"lamp_final/{index}.JPG" for index in range(len(classes))]
    heading = "image_id class_id super_class_id path"
    rows = [f"{i} {c} 7 {name}" for i, (c, name) in enumerate(zip(classes, names, strict=True), 1)]
    (root / "Ebay_train.txt").write_text("\n".join([heading, *rows[:59551]]))
    (root / "Ebay_test.txt").write_text("\n".join([heading, *rows[59551:]]))


def _clothes(root: Path) -> None:
    train = _classes((25882, 3997))
    parts = [("train", train), ("query", 3997 + _classes((14218, 3985)))]
    parts.append(("gallery", 3997 + _classes((12612, 3985))))
    rows = [
        f"img/MEN/Denim/{part}{index}.jpg id_{number:08} {part}"
        for part, numbers in parts
        for index, number in enumerate(numbers)
    ]
    (root / "img").mkdir()
    lines = [str(len(rows)), "image_name item_id evaluation_status", *rows]
    (root / "list_eval_partition.txt").write_text("\n".join(lines))


@pytest.mark.parametrize(
    ("name", "split", "counts"),
    [
        ("cars196", "zero_shot", {"train": (8054, 98), "test": (8131, 98)}),
        ("cars196", "predefined", {"train": (8144, 196), "test": (8041, 196)}),
        ("cub200", "zero_shot", {"train": (5864, 100), "test": (5924, 100)}),
        ("cub200", "predefined", {"train": (5994, 200), "test": (5794, 200)}),
        ("products", "zero_shot", {"train": (59551, 11318), "test": (60502, 11316)}),
        (
            "inshop",
            "zero_shot",
            {"train": (25882, 3997), "test": (14218, 3985), "gallery": (12612, 3985)},
        ),
    ],
)
def test_the_true_counts(name, split, counts, tmp_path, monkeypatch):
    monkeypatch.setattr(f"hsm.data.sources.{name}.check_unpacked", lambda *arguments: None)
    true_size(tmp_path, name)
    annotations = benchmark.find(name, str(tmp_path))
    check_counts(name, dataset_info(name).expected, annotations)
    parts = split_parts(annotations, dataset_info(name).expected[split])
    received = {
        role: (len(indices), len(set(annotations.classes[indices])))
        for role, indices in parts.items()
    }
    assert received == counts


@pytest.mark.parametrize("name", benchmark.NAMES)
def test_other_folders_are_refused_with_what_is_needed(name, tmp_path):
    message = (
        f"folder of data set {name}, or to hold it: .*has nothing of this: it holds nothing. `pyt"
    )
    with pytest.raises(FileNotFoundError, match=message):
        load_source(name, data_dir=str(tmp_path))
    with pytest.raises(FileNotFoundError, match="nowhere is not a folder"):
        load_source(name, data_dir=str(tmp_path / "nowhere"))


@pytest.mark.parametrize("name", benchmark.NAMES)
def test_without_a_folder_the_place_of_tensorflow_datasets_is_tried(name, tmp_path, monkeypatch):
    archive.cub200(tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=f"data_dir=None, and {tmp_path} has nothing"):
        load_source(name)


def test_the_catalog_decides_where_nothing_else_is_expected(root):
    message = (
        "expected 59,551 images of 11,318 classes in the train part of products .* Received: 5 im"
    )
    with pytest.raises(ValueError, match=message):
        load_source("products", data_dir=str(root))


def test_load_source_passes_everything_on(tmp_path, monkeypatch):
    root = archive.cub200(tmp_path)
    small = archive.replace_expected("cub200", BY_CLASS, monkeypatch)
    assert dataset_info("cub200").expected == small
    source = load_source("cub200", data_dir=str(root), split="classification", limit=4)
    assert (source.name, source.flip) == ("cub200", True)
    assert source.train.class_names == source.test.class_names == archive.BIRDS[:2]


def test_a_broken_image_is_refused_by_name_or_left_out(root):
    path = root / "bicycle_final" / "1113_1.JPG"
    path.write_bytes(path.read_bytes()[:200])
    message = r"Received: 1 of 12 that cannot.*\n  bicycle_final/1113_1.JPG: cannot be decod"
    with pytest.raises(ValueError, match=message):
        load(root)
    source = load(root, on_bad_image="skip")
    assert source.skipped == ("bicycle_final/1113_1.JPG",)
    assert (len(source.train), len(source.test)) == (5, 6)
    assert not any(path.name in image for image in source.test.images)


def test_many_broken_images_are_counted(root):
    for path in (root / "bicycle_final").iterdir():
        path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"12 of 12 that cannot(.*\n)*  and 2 more"):
        load(root)


def test_a_class_of_the_gallery_must_not_vanish(tmp_path):
    root = archive.inshop(tmp_path)
    (root / "Img/img/WOMEN/Dresses/id_00000003/02_1_front.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match="the gallery and the test part to have the same"):
        benchmark.load("inshop", str(root), expected=archive.WITH_GALLERY, on_bad_image="skip")


def test_a_limit_keeps_the_first_classes_evenly(root):
    source = load(root, limit=4)
    assert source.train.labels.tolist() == source.test.labels.tolist() == [0, 0, 1, 1]


def test_several_sets_lie_side_by_side(tmp_path):
    archive.cars_one_file(tmp_path / "cars196")
    archive.cub200(tmp_path / "CUB_200_2011")
    archive.products(tmp_path / "Stanford_Online_Products")
    archive.inshop(tmp_path / "In-shop")
    expected = {"cars196": BY_CLASS, "cub200": BY_CLASS, "products": BY_PART}
    for name in benchmark.NAMES:
        counts = expected.get(name, archive.WITH_GALLERY)
        source = benchmark.load(name, str(tmp_path), expected=counts)
        assert_zero_shot(source, gallery=name == "inshop")


def test_too_large_an_image_is_refused_by_name(root):
    with pytest.raises(
        ValueError, match=r"bicycle_final/\S+: expected at most `max_pixels=1000` pixels, rec"
    ):
        load(root, max_pixels=1000)
    assert load(root, max_pixels=36 * 48).skipped == ()


def test_turned_images_are_counted_in_every_form(root, monkeypatch):
    for path in (root / "bicycle_final").iterdir():
        path.write_bytes(tagged(photograph(20, 30), "JPEG", 6))
    assert load(root).turned() == 12
    assert load(root, limit=4).turned() == 8
    annotations = benchmark.find("products", str(root))
    contents = [Path(path).read_bytes() for path in annotations.images]
    encoded = EncodedImages(contents.__getitem__, np.arange(len(contents)))
    monkeypatch.setattr(benchmark, "find", lambda *_: replace(annotations, images=encoded))
    assert load(root).turned() == 12
