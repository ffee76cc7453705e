"""A folder is embedded once; afterwards only what changed is."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
from support.image_factory import encode, photograph
from support.served_model import small_model

from hsm.data.sources import load_source
from hsm.serving import Embedder, Index, UnreadableImages, add_split, folder, update_from_folder


@pytest.fixture
def index(tmp_path, embedder):
    with Index.open(tmp_path / "a.index", embedder) as index:
        yield index


@pytest.fixture
def embedded(embedder, monkeypatch):
    """The paths that were embedded."""
    seen, embed = [], embedder.embed_named

    def recorded(images, **options):
        if isinstance(images, list):
            seen.extend(images)
        return embed(images, **options)

    monkeypatch.setattr(embedder, "embed_named", recorded)
    return seen


def test_only_new_and_changed_files_are_embedded_again(index, embedder, photos, embedded):
    first = update_from_folder(index, photos, embedder)
    assert (first.added, first.unchanged, len(index), len(embedded)) == (8, 0, 8, 8)
    items = index.items()
    assert list(items.ids) == [str(path) for path in embedded]
    assert items.labels == ["jay"] * 4 + ["wren"] * 4
    np.testing.assert_allclose(items.vectors, embedder.embed(photos), atol=1e-6)

    embedded.clear()
    changed, gone = photos / "jay" / "0.jpeg", photos / "wren" / "5.png"
    changed.write_bytes(encode(photograph(77, 66, seed=9), "JPEG"))
    gone.unlink()
    (photos / "new.png").write_bytes(encode(photograph(), "PNG"))
    second = update_from_folder(index, photos, embedder)
    assert (second.added, second.replaced, second.removed, second.unchanged) == (1, 1, 1, 6)
    assert set(embedded) == {changed, photos / "new.png"}
    near = index.search(embedder.embed(changed), 1)[0][0]
    assert (near.id, near.distance) == (str(changed), pytest.approx(0, abs=1e-3))
    assert index.search(embedder.embed(photos / "new.png"), 1)[0][0].label is None


def test_other_items_and_folders_stay(index, embedder, photos, unit_vectors, tmp_path):
    index.add(["mine", f"{photos}/no file"], unit_vectors(2))
    update_from_folder(index, photos / "jay", embedder)
    update_from_folder(index, photos / "wren", embedder)
    shutil.rmtree(photos / "jay")
    (photos / "jay").mkdir()
    assert update_from_folder(index, photos / "jay", embedder, may_empty=True).removed == 4
    assert len(index) == 6


def test_bad_files_are_named_and_the_others_kept(index, embedder, photos):
    update_from_folder(index, photos, embedder)
    bad = photos / "jay" / "0.jpeg"
    bad.write_bytes(b"broken")
    (photos / "wren" / "bad.png").write_bytes(b"")
    update = update_from_folder(index, photos, embedder, on_bad_image="skip")
    assert [one.name for one in update.skipped] == [str(bad), str(photos / "wren" / "bad.png")]
    # What can be read no longer is not what the index had.
    assert (update.removed, update.unchanged, len(index)) == (1, 7, 7)
    with pytest.raises(UnreadableImages, match=r"0\.jpeg"):
        update_from_folder(index, photos, embedder)


def test_a_folder_that_became_empty_empties_no_index(index, embedder, photos):
    update_from_folder(index, photos, embedder)
    photos.rename(photos.with_name("mounted"))
    photos.mkdir()
    with pytest.raises(ValueError, match="of which 8 are in .*Mount its disk, or pass may_empty"):
        update_from_folder(index, photos, embedder)
    assert len(index) == 8
    assert update_from_folder(index, photos, embedder, may_empty=True).removed == 8
    assert len(index) == 0
    update_from_folder(index, photos, embedder)


def test_what_was_interrupted_goes_on(index, embedder, photos, embedded, monkeypatch):
    monkeypatch.setattr(folder, "_AT_ONCE", 3)
    add = index.add

    def interrupted(ids, *rest, **options):
        if len(index):
            raise KeyboardInterrupt
        add(ids, *rest, **options)

    with monkeypatch.context() as patched:
        patched.setattr(index, "add", interrupted)
        with pytest.raises(KeyboardInterrupt):
            update_from_folder(index, photos, embedder)
    assert len(index) == 3
    embedded.clear()
    update = update_from_folder(index, photos, embedder)
    assert (update.added, update.unchanged, len(embedded), len(index)) == (5, 3, 5, 8)


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_name_that_is_no_utf8_is_skipped(index, embedder, photos):
    path = os.fsencode(photos) + b"/\xff.png"
    with open(path, "wb") as file:
        file.write(encode(photograph(), "PNG"))
    update = update_from_folder(index, photos, embedder)
    assert (update.added, len(update.skipped)) == (8, 1)
    assert "no UTF-8: rename it" in str(update.skipped[0])


def test_another_model_and_missing_folders_are_refused(index, photos, embedder, tmp_path):
    other = Embedder.of_model(small_model(seed=1))
    update_from_folder(index, photos, embedder)
    with pytest.raises(ValueError, match="Received: a model of digest"):
        update_from_folder(index, photos, other)
    with pytest.raises(FileNotFoundError, match="expected a folder of photographs"):
        update_from_folder(index, tmp_path / "none", embedder)


def test_a_part_of_a_data_set_is_added_with_its_classes(index, embedder):
    test = load_source("letters", limit=40).test
    assert add_split(index, test, embedder, prefix="letters/") == len(test) == len(index)
    items = index.items()
    assert items.ids[0] == "letters/0"
    assert list(items.labels) == [test.class_names[label] for label in test.labels]
    np.testing.assert_allclose(items.vectors, embedder.embed(test.images), atol=1e-6)
