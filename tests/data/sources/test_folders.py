"""Where a data set is looked for below a folder, and in which order."""

from __future__ import annotations

import pytest
from support import archive_factory as archive

from hsm.data.catalog import CATALOG
from hsm.data.sources import benchmark, load_source
from hsm.data.sources.folders import candidate_roots, locate


def make(root, *folders):
    for folder in folders:
        (root / folder).mkdir(parents=True)


def test_usual_names_come_first_then_what_is_within_then_the_others(tmp_path):
    make(tmp_path, "aaa/in", "InShop/b", "InShop/a", "In-Shop", ".hidden", "zzz")
    found = [str(home.relative_to(tmp_path)) for home in candidate_roots(tmp_path, "inshop")]
    assert found == [".", "In-Shop", "InShop", "InShop/a", "InShop/b", "aaa", "zzz"]


def test_files_are_no_homes(tmp_path):
    (tmp_path / "cub200").touch()
    assert candidate_roots(tmp_path, "cub200") == [tmp_path]


def test_the_likeliest_home_decides_before_the_preferred_place(tmp_path):
    make(tmp_path, "cub200/first", "other/second")
    assert locate(tmp_path, "cub200", "second", "first") == tmp_path / "cub200/first"
    assert locate(tmp_path, "cub200", "third") is None


def test_every_name_is_compared_as_it_can_match():
    names = [name for known in CATALOG.values() for name in known.folders]
    assert names == [name.casefold() for name in names]
    assert len(names) == len(set(names)), "a name of two data sets decides nothing"


@pytest.mark.parametrize("place", ["", "DeepFashion"])
def test_another_benchmark_of_deepfashion_is_not_taken_for_inshop(tmp_path, place):
    """They have a partition file, too, with other columns."""
    root = tmp_path / place
    for other in ("Category and Attribute Prediction Benchmark", "Consumer-to-shop"):
        make(root, f"{other}/Eval")
        text = "1\nimage_name evaluation_status\nimg/Coat/img_00000001.jpg train\n"
        (root / other / "Eval/list_eval_partition.txt").write_text(text)
    archive.inshop(root / "In-shop Clothes Retrieval Benchmark")
    source = benchmark.load("inshop", str(tmp_path), expected=archive.WITH_GALLERY)
    archive.assert_zero_shot(source, gallery=True)


def test_omniglot_in_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"to be a folder that holds images_background_s"):
        load_source("omniglot", data_dir=str(tmp_path / "gone"))
