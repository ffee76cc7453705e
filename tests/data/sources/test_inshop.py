from __future__ import annotations

import pytest
from support import archive_factory as archive
from support.archive_factory import WITH_GALLERY, assert_zero_shot

from hsm.data.sources import benchmark
from hsm.data.sources.source import SUPER_CLASSES

LAYOUTS = [("Eval", "Img"), ("", ""), ("Eval", ""), ("", "Img"), ("Anno", "Img")]


def load(root, **options):
    return benchmark.load("inshop", str(root), expected=WITH_GALLERY, **options)


@pytest.fixture
def root(tmp_path):
    return archive.inshop(tmp_path / "In-shop Clothes Retrieval Benchmark")


@pytest.fixture
def partition(root):
    return root / "Eval" / "list_eval_partition.txt"


@pytest.mark.parametrize(("partition", "images"), LAYOUTS)
def test_every_layout_from_the_folder_and_from_its_root(partition, images, tmp_path):
    root = archive.inshop(tmp_path / "In-shop", partition=partition, images=images)
    assert_zero_shot(load(root), gallery=True)
    assert_zero_shot(load(tmp_path), gallery=True)


def test_a_class_is_an_item(root):
    assert load(root).test.class_names == ("id_00000003", "id_00000004")


def test_a_category_is_the_folder_of_its_items(partition, root):
    for old, new in (("id_00000002", "WOMEN/Skirts"), ("id_00000004", "MEN/Pants")):
        lines = partition.read_text()
        (item,) = (root / "Img/img").glob(f"*/*/{old}")
        (root / "Img/img" / new).mkdir(parents=True)
        item.rename(root / "Img/img" / new / old)
        partition.write_text(lines.replace(f"WOMEN/Dresses/{old}", f"{new}/{old}"))
    source = load(root)
    # Of MEN/Pants, WOMEN/Dresses, WOMEN/Skirts.
    for split, categories in ((source.train, [1, 2]), (source.test, [1, 0])):
        found = split.extras[SUPER_CLASSES]
        assert found.tolist() == [categories[label] for label in split.labels]


@pytest.mark.parametrize("limit", [2, 4, 5, 100])
def test_a_limited_gallery_has_the_classes_of_the_limited_queries(limit, root):
    source = load(root, limit=limit)
    assert source.gallery.class_names == source.test.class_names
    assert len(source.test) <= max(limit, 4)


def test_a_partition_that_breaks_off_is_refused(partition, root):
    partition.write_text("\n".join(partition.read_text().splitlines()[:-1]))
    message = r"partition.txt: expected as many images as the first line says, 12. Received: 11. "
    with pytest.raises(ValueError, match=message):
        load(root)


def test_a_partition_without_its_count_is_refused(partition, root):
    partition.write_text(partition.read_text().replace("12\n", "images\n"))
    with pytest.raises(ValueError, match=r"whole numbers .* as its first line. Received: 'images'"):
        load(root)


def test_other_parts_are_refused(partition, root):
    partition.write_text(partition.read_text().replace("gallery", "shop"))
    with pytest.raises(ValueError, match=r"one of train, query, gallery. Received: 'shop'"):
        load(root)


def test_images_that_were_not_unpacked_are_asked_for(root):
    (root / "Img" / "img").rename(root / "elsewhere")
    message = r"expected the folder img/ .* Received: none in .* or .*Img. Unpack img.zip"
    with pytest.raises(FileNotFoundError, match=message):
        load(root)


def test_a_half_unpacked_folder_is_refused(root):
    (root / "Img/img/WOMEN/Dresses/id_00000001/00_1_front.jpg").unlink()
    with pytest.raises(
        FileNotFoundError, match=r"the 12 images that .* all but 1, .* not wholly unpacked"
    ):
        load(root)


def test_a_query_without_its_item_in_the_gallery_is_refused(partition, root):
    lines = partition.read_text().splitlines()
    swapped = [
        line.replace("query", "gallery") if "id_00000004/00" in line else line for line in lines
    ]
    swapped = [
        line.replace("gallery", "query") if "id_00000003/02" in line else line for line in swapped
    ]
    partition.write_text("\n".join(swapped) + "\n")
    expected = {
        "zero_shot": archive.Expected(archive.Count(5, 2), archive.Count(5, 2), archive.Count(2, 1))
    }
    with pytest.raises(
        ValueError, match="expected a gallery of inshop in .* with the classes of the queries"
    ):
        benchmark.load("inshop", str(root), expected=expected)


def test_photographs_of_another_resolution_take_the_place_of_the_usual_ones(root):
    (root / "Img" / "img").rename(root / "Img" / "img_highres")
    source = load(root)
    assert_zero_shot(source, gallery=True)
    assert source.note == ("photographs of img_highres/, of another resolution than those of img/")


def test_the_packed_photographs_are_named(root):
    (root / "Img" / "img").rename(root / "elsewhere")
    (root / "Img" / "img.zip").touch()
    with pytest.raises(FileNotFoundError, match=r"none in .* Unpack .*/Img/img\.zip"):
        load(root)


@pytest.mark.parametrize("images", ["", "Img"])
def test_photographs_without_their_list_are_refused_and_not_overlooked(images, tmp_path):
    root = archive.inshop(tmp_path / "In-shop", images=images)
    (root / "Eval" / "list_eval_partition.txt").unlink()
    message = r"img: expected list_eval_partition\.txt, .* photographs alone. Put it beside the f"
    with pytest.raises(FileNotFoundError, match=message):
        load(tmp_path)
