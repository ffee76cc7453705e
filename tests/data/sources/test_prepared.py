"""A compact copy gives the batches of the original, survives interruptions and shows damage."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from support import archive_factory as archive
from support.archive_factory import BY_CLASS
from support.batches import in_numpy, shuffled_batches
from support.image_factory import photograph, pillow_rgb, tagged

from hsm.data import images, pipeline
from hsm.data.sources import benchmark, prepare, prepared
from hsm.folder_lock import holding
from hsm.output_folder import MARKER

PARTS = ["train", "test"]


@pytest.fixture
def root(tmp_path):
    return archive.cars_one_file(tmp_path / "original")


@pytest.fixture
def write(root, tmp_path):
    """A function that copies the archive, four images a file, and returns the copy's folder."""

    def make(name="copy", **options):
        listing = benchmark.find("cars196", str(root))
        options = {"name": "cars196", "shard_size": 4, **options}
        prepare.write_copy(listing, tmp_path / name, **options)
        return tmp_path / name

    return make


def load(folder, **options):
    return benchmark.load("cars196", str(folder), expected=BY_CLASS, **options)


def batches_of(split, crop=224):
    options = {"crop": crop, "batch_size": 3, "seed": 1, "epoch": 2, "flip": True}
    return in_numpy(shuffled_batches(split, **options))


@pytest.mark.parametrize("split", ["zero_shot", "predefined"])
def test_a_lossless_copy_gives_the_very_batches_of_the_original(split, root, write):
    original, copy = load(root, split=split), load(write(encoding="png"), split=split)
    for part in PARTS:
        expected, received = getattr(original, part), getattr(copy, part)
        assert received.class_names == expected.class_names
        np.testing.assert_array_equal(received.labels, expected.labels)
    pairs = zip(batches_of(copy.train), batches_of(original.train), strict=True)
    for (pixels, labels), (expected_pixels, expected_labels) in pairs:
        np.testing.assert_array_equal(pixels, expected_pixels)
        np.testing.assert_array_equal(labels, expected_labels)


def test_a_compact_copy_is_smaller_and_nearly_the_same(root, write):
    copy, lossless = write(), write("lossless", encoding="png")
    assert size(copy) < size(lossless)
    pairs = zip(batches_of(load(copy).train), batches_of(load(root).train), strict=True)
    for (pixels, labels), (expected_pixels, expected_labels) in pairs:
        difference = pixels.astype(int) - expected_pixels
        assert np.sqrt(np.mean(difference**2)) < 3
        np.testing.assert_array_equal(labels, expected_labels)


def size(folder) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.array_record"))


def test_evaluation_reads_every_image_once_and_in_order(write):
    test = load(write()).test
    labels = [labels for _, labels in pipeline.evaluation_batches(test, crop=224, batch_size=2)]
    np.testing.assert_array_equal(np.concatenate(labels), test.labels)


def test_a_gallery_is_copied_too(tmp_path):
    listing = benchmark.find("inshop", str(archive.inshop(tmp_path / "original")))
    (tmp_path / "copy").mkdir()
    prepare.write_copy(listing, tmp_path / "copy", name="inshop")
    assert (tmp_path / "copy" / MARKER).exists()
    source = benchmark.load("inshop", str(tmp_path / "copy"), expected=archive.WITH_GALLERY)
    assert (len(source.test), len(source.gallery)) == (5, 2)
    assert source.gallery.class_names == source.test.class_names


def test_a_copy_is_preferred_to_the_archive_beside_it(tmp_path, write):
    folder = write("original/small")
    assert benchmark.find("cars196", str(tmp_path / "original")).folder == folder


def test_a_copy_of_another_set_is_not_taken(tmp_path, write):
    write()
    archive.cub200(tmp_path / "CUB_200_2011")
    assert benchmark.find("cub200", str(tmp_path)).folder == tmp_path / "CUB_200_2011"


def test_checksums_differ_by_content_and_not_by_place(root, write):
    first, moved = load(write()), load(write("moved"))
    assert first.checksum() == moved.checksum() != load(root).checksum()


def test_interrupted_it_goes_on_and_ends_the_same(root, write, tmp_path, monkeypatch):
    whole = prepared.read_manifest(write("whole") / "manifest.json")
    write_records, written = prepare.write_records, []

    def interrupted(path, records):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(path.name.removesuffix(".partial"))
        write_records(path, records)

    monkeypatch.setattr(prepare, "write_records", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write()
    assert not (tmp_path / "copy" / "manifest.json").exists()
    assert prepared.find(tmp_path / "copy", "cars196") is None
    written.clear()
    write()
    assert written == ["cars196-00002-of-00003.array_record"]
    assert prepared.read_manifest(tmp_path / "copy" / "manifest.json") == whole
    assert not list((tmp_path / "copy").glob("*.partial"))


def damage(path):
    """Change a byte of a file, whose size stays."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def break_off(write, monkeypatch, after):
    """Interrupt the copying when `after` files of images are there."""
    write_records, written = prepare.write_records, []

    def interrupted(path, records):
        if len(written) == after:
            raise KeyboardInterrupt
        written.append(path)
        write_records(path, records)

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "write_records", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write()


def test_a_byte_that_changed_while_the_work_lay_is_not_signed_as_complete(
    write, tmp_path, monkeypatch
):
    whole = prepared.read_manifest(write("whole") / "manifest.json")
    break_off(write, monkeypatch, after=2)
    damage(tmp_path / "copy" / "cars196-00000-of-00003.array_record")
    prepared.verify(write())
    assert prepared.read_manifest(tmp_path / "copy" / "manifest.json") == whole


def test_a_whole_copy_is_mended_and_never_signed_anew(write):
    folder = write()
    whole = prepared.read_manifest(folder / "manifest.json")
    damage(folder / "cars196-00001-of-00003.array_record")
    write()
    prepared.verify(folder)
    assert prepared.read_manifest(folder / "manifest.json") == whole


def test_a_copy_that_is_being_mended_is_not_found(write, monkeypatch):
    folder = write()
    damage(folder / "cars196-00001-of-00003.array_record")
    break_off(write, monkeypatch, after=0)
    assert prepared.find(folder, "cars196") is None
    prepared.verify(write())


def test_a_whole_copy_stays_in_use_while_it_is_looked_through(write, monkeypatch):
    folder = write()
    whole = prepared.read_manifest(folder / "manifest.json")

    def look(done, total):
        assert prepared.find(folder, "cars196") == folder

    write(progress=look)
    assert prepared.read_manifest(folder / "manifest.json") == whole


class KilledError(BaseException):
    """SIGKILL: nothing is tidied up after it."""


def killed(write, monkeypatch, survived):
    """Kill the copying after so many flushes and renames; tell whether it came to that."""
    left = [survived]

    def killing(call):
        def counted(*arguments):
            if not left[0]:
                raise KilledError
            left[0] -= 1
            return call(*arguments)

        return counted

    with monkeypatch.context() as patch:
        for name in ("fsync", "replace"):
            patch.setattr(os, name, killing(getattr(os, name)))
        patch.setattr(Path, "unlink", lambda path, missing_ok=False: None)
        try:
            write()
        except KilledError:
            return True
    return False


def test_killed_anywhere_it_goes_on_and_ends_the_same(write, tmp_path, monkeypatch):
    expected = prepared.read_manifest(write("whole", shard_size=12) / "manifest.json")
    # The note, a file, its note and the manifest: each a flush, a rename and a flush.
    for survived in range(12):
        folder = tmp_path / f"killed_after_{survived}"
        begin = functools.partial(write, folder.name, shard_size=12)
        assert killed(begin, monkeypatch, survived)
        prepared.verify(begin())
        assert prepared.read_manifest(folder / "manifest.json") == expected
    assert not killed(functools.partial(write, "last", shard_size=12), monkeypatch, 12)


def test_a_byte_that_changes_in_the_note_of_an_unfinished_copy_is_found(
    write, tmp_path, monkeypatch
):
    break_off(write, monkeypatch, after=2)
    note = tmp_path / "copy" / "unfinished.json"
    note.write_text(note.read_text().replace("Acura", "Akura"))
    with pytest.raises(ValueError, match=r"unfinished.json: expected the manifest.*the checksum"):
        write()


@pytest.mark.parametrize("files", [(), (MARKER,), (MARKER, "unfinished.json.partial")])
def test_a_folder_with_no_more_than_its_own_first_files_is_taken(files, write, tmp_path):
    (tmp_path / "copy").mkdir()
    for name in files:
        (tmp_path / "copy" / name).write_text("{")
    prepared.verify(write())


def test_a_file_lies_on_the_disk_before_it_has_its_name_and_is_noted(write, tmp_path, monkeypatch):
    """A note of a file that a power cut then takes away would be a lie."""
    done = []
    fsync, replace = os.fsync, os.replace

    def flush(descriptor):
        done.append(("flush", Path(os.readlink(f"/proc/self/fd/{descriptor}")).name))
        fsync(descriptor)

    def rename(source, target):
        done.append(("rename", Path(target).name))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(os, "replace", rename)
    write()
    shards = [f"cars196-0000{number}-of-00003.array_record" for number in range(3)]
    noted = [name for shard in shards for name in (shard, "unfinished.json")]
    order = ["unfinished.json", *noted, "manifest.json"]
    assert [name for step, name in done if step == "rename"] == order
    expected = [
        step
        for name in order
        for step in (("flush", f"{name}.partial"), ("rename", name), ("flush", "copy"))
    ]
    assert done == expected


def test_what_broke_off_in_the_middle_of_a_file_is_written_again(write, tmp_path, monkeypatch):
    read, count = prepare._encoded, []

    def breaking(*arguments):
        for number, record in enumerate(read(*arguments)):
            if number == 2 and not count:
                count.append(number)
                raise KeyboardInterrupt
            yield record

    monkeypatch.setattr(prepare, "_encoded", breaking)
    with pytest.raises(KeyboardInterrupt):
        write()
    assert {path.name for path in (tmp_path / "copy").iterdir()} == {MARKER, "unfinished.json"}
    assert len(load(write()).train) == 5


def test_another_folder_is_asked_for_where_there_is_something_else(write, tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "notes.txt").touch()
    with pytest.raises(
        ValueError, match=r"copy: expected an empty folder.*a folder with other files. Name"
    ):
        write()
    write("whole")
    with pytest.raises(
        ValueError, match=r"whole: expected an empty folder.*Received: another copy"
    ):
        write("whole", encoding="png")
    assert len(load(write("whole")).train) == 5


def test_a_folder_that_another_process_writes_into_is_refused(write, tmp_path):
    folder = write()
    with (
        holding(folder),
        pytest.raises(BlockingIOError, match=r"no other process to write into .*copy\. .*wait"),
    ):
        write()
    assert write() == folder


def test_other_encodings_are_refused(write):
    with pytest.raises(ValueError, match="`encoding` to be one of jpeg, png. Received: webp"):
        write(encoding="webp")


def test_an_image_that_cannot_be_decoded_is_named(root, write):
    (root / "car_ims" / "000006.jpg").write_bytes(b"\xff\xd8\xff broken")
    with pytest.raises(ValueError, match=r"that can be read. Received: .*000006.jpg: cannot be de"):
        write()


def test_a_file_of_another_size_is_refused_and_mended(write):
    folder = write()
    path = folder / "cars196-00001-of-00003.array_record"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"00001-of-00003.array_record: expected .* bytes, as man"):
        load(folder)
    path.unlink()
    with pytest.raises(ValueError, match=r"Received: 0. Run `python -m hsm.experiments.pre"):
        load(folder)
    assert len(load(write()).train) == 5


def test_a_changed_byte_is_found(write):
    folder = write()
    calls = []
    prepared.verify(folder, lambda *counts: calls.append(counts))
    assert calls == [(1, 3), (2, 3), (3, 3)]
    damage(folder / "cars196-00002-of-00003.array_record")
    for look in (prepared.verify, load):
        with pytest.raises(ValueError, match=r"00002-of-00003.array_record: expected the SHA-256"):
            look(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "expected a manifest of schema 1"),
        ({"more": 1}, "only keys that this version knows; 'more' is not"),
        ({"side": 128}, "expected the content of the checksum"),
        ({"classes": ["0"] * 12}, r"classes\[0\]: expected a whole number. Received: '0'"),
        ({"parts": ["valid"] * 12}, r"parts\[0\]: expected one of train, test, query, gallery"),
        ({"shards": [{"file": "../x"}]}, r"shards\[0\]: expected the keys images, size, sha256"),
        ({"classes": [0]}, "expected as many classes, parts and records. Received: 1, 12, 12"),
    ],
)
def test_other_manifests_are_refused(change, message, write):
    path = write() / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match=f"manifest.json: expected the manifest.*{message}"):
        load(path.parent)


def test_a_manifest_of_before_they_had_a_checksum_is_read(write):
    path = write() / "manifest.json"
    content = json.loads(path.read_text())
    del content["checksum"]
    path.write_text(json.dumps(content))
    assert len(load(path.parent).train) == 5


def test_a_manifest_of_another_tool_is_none(root):
    """Web pages, for one, have a file of this name."""
    (root / "manifest.json").write_text('{"name": "a page", "icons": []}')
    assert benchmark.find("cars196", str(root)).folder == root / "car_ims"


def test_a_manifest_that_is_no_json_is_refused(write):
    path = write() / "manifest.json"
    path.write_text("{")
    with pytest.raises(
        ValueError, match=r"manifest.json: expected the manifest of a copy.*or a damaged one: "
    ):
        load(path.parent)


@pytest.mark.parametrize("encoding", ["jpeg", "png"])
def test_a_copy_is_upright_and_needs_no_tag(encoding, root, write):
    (root / "car_ims/000001.jpg").write_bytes(tagged(photograph(36, 48), "JPEG", 6))
    copy = load(write(encoding=encoding))
    assert (load(root).turned(), copy.turned()) == (1, 0)
    first = tf.io.decode_image(copy.train.images[0]).numpy().astype(int)
    upright = pillow_rgb((root / "car_ims/000001.jpg").read_bytes())
    expected = images.resize(tf.constant(upright), prepare.SIDE).numpy()
    if encoding == "png":
        np.testing.assert_array_equal(first, expected)
    assert np.sqrt(np.mean((first - expected) ** 2)) < 3


def test_too_large_an_image_is_named(write):
    with pytest.raises(ValueError, match=r"000001\.jpg: expected at most `max_pixels=100` pixels"):
        write(max_pixels=100)
