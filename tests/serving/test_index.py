"""An index keeps what was added, finds the nearest, and refuses what it cannot compare."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from support.served_model import small_model

from hsm.serving import Embedder, Index

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def index(tmp_path):
    with Index.open(tmp_path / "a.index", digest="model") as index:
        yield index


def ids_of(found):
    return [[near.id for near in one] for one in found]


def test_nearest_items_with_label_and_metadata(index, unit_vectors):
    vectors = unit_vectors(40)
    labels = [("jay", "wren", None)[i % 3] for i in range(40)]
    index.add([str(i) for i in range(40)], vectors, labels, [{"place": i} for i in range(40)])
    queries = unit_vectors(5, seed=1)
    distances = np.linalg.norm(queries[:, None].astype(np.float64) - vectors, axis=2)
    found = index.search(queries, 4)
    assert ids_of(found) == np.argsort(distances, axis=1)[:, :4].astype(str).tolist()
    near = found[0][0]
    place = int(near.id)
    assert near.distance == pytest.approx(distances[0, place])
    assert (near.label, near.metadata) == (labels[place], {"place": place})
    wrens = [str(i) for i in np.argsort(distances[0]) if labels[i] == "wren"]
    assert ids_of(index.search(queries[:1], 99, label="wren")) == [wrens]
    assert ids_of(index.search(queries[:1], 3, label="owl")) == [[]]
    assert index.search(queries[:0], 3) == []


def test_an_item_is_found_by_its_id(index, unit_vectors):
    vectors = unit_vectors(2)
    index.add(["1", "2"], vectors, ["jay", None], [{"year": 2026}, {}])
    found = index.get("1")
    assert (found.id, found.label, found.metadata) == ("1", "jay", {"year": 2026})
    np.testing.assert_array_equal(found.vector, vectors[0])
    assert (index.get("2").label, index.get("2").metadata) == (None, {})
    assert index.get("3") is None
    index.remove("1")
    assert index.get("1") is None


def test_items_are_replaced_and_removed_by_id(index, unit_vectors):
    vectors = unit_vectors(4)
    index.add(["a", "b", "c"], vectors[:3], ["x", "x", "y"])
    with pytest.raises(ValueError, match=r"ids that are not in .*'b'. Pass replace=True"):
        index.add(["d", "b"], vectors[2:])
    assert len(index) == 3
    index.add(["d", "b"], vectors[2:], ["z", "z"], replace=True)
    assert ids_of(index.search(vectors[1:2], 9)) != [["b"]]
    assert index.search(vectors[3:], 1)[0][0].id == "b"
    assert index.search(vectors[3:], 1)[0][0].label == "z"
    assert index.remove(["a", "gone", "c"]) == 2
    assert sorted(index.items().ids) == ["b", "d"]
    assert ids_of(index.search(vectors[:1], 9, label="x")) == [[]]
    assert index.remove("d") == 1
    left = index.get("b")
    assert (left.id, left.label, left.metadata, index.get("d")) == ("b", "z", {}, None)
    np.testing.assert_array_equal(left.vector, vectors[3])
    assert len(index) == 1


def test_everything_is_there_again(tmp_path, unit_vectors):
    vectors = unit_vectors(3000)
    path = tmp_path / "a.index"
    with Index.open(path, digest="model") as index:
        index.add([str(i) for i in range(3000)], vectors, ["x"] * 3000)
        index.remove([str(i) for i in range(2500)])  # Most of them, so that rows are read anew.
        index.add(["new"], vectors[:1], metadata=[{"a": [1, "ü"]}])
        before = index.items()
    with Index.open(path, digest="model", must_exist=True) as index:
        after = index.items()
    assert list(after.ids) == list(before.ids) == [*map(str, range(2500, 3000)), "new"]
    np.testing.assert_array_equal(after.vectors, np.r_[vectors[2500:], vectors[:1]])
    assert after.labels == before.labels == ["x"] * 500 + [None]
    assert after.metadata[-1] == {"a": [1, "ü"]}
    assert after.digest == "model"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((["a", "a"], 2), "'a' twice"),
        (([""], 1), "none empty"),
        (("ab", 2), "expected ids to be texts"),
        ((["a"], 2), "one of vectors for each of the 1 ids. Received: 2"),
        ((["a"], 1, ["x", "y"]), "one of labels"),
        ((["a"], 1, [""]), "label to be a text that is not empty"),
        ((["a"], 1, None, [{"x": object()}]), "JSON can hold.*for 'a'"),
        ((["a"], 1, None, [{"x": float("nan")}]), "JSON can hold"),
        ((["a"], 1, None, [{"x": "\ud800"}]), "JSON can hold.*surrogates"),
        ((["a"], 1, None, [json.loads('{"x": ' + "[" * 100 + "]" * 100 + "}")]), "100 levels"),
    ],
)
def test_wrong_items_are_refused_in_words(index, unit_vectors, arguments, words):
    ids, count, *rest = arguments
    with pytest.raises(ValueError, match=words):
        index.add(ids, unit_vectors(count), *rest)
    assert len(index) == 0


def test_vectors_that_cannot_be_compared_are_refused(index, unit_vectors):
    index.add(["a"], unit_vectors(1))
    for use in (lambda v: index.add(["b"], v), lambda v: index.search(v, 1)):
        with pytest.raises(ValueError, match="expected vectors of 16 numbers.*Received: 9"):
            use(unit_vectors(1, width=9))
        with pytest.raises(ValueError, match="unit length. Received: length 2 in row 0"):
            use(2 * unit_vectors(1))
        with pytest.raises(ValueError, match="to be finite"):
            use(np.full((1, 16), np.nan))
    with pytest.raises(ValueError, match="k to be a whole number"):
        index.search(unit_vectors(1), 0)


def test_another_model_is_refused(tmp_path, embedder, photos):
    path = tmp_path / "a.index"
    with Index.open(path, embedder) as index:
        found = embedder.embed_named(photos)
        index.add(found.names, found.vectors)
        assert index.search(found.vectors[:1], 1)[0][0].id == found.names[0]
    for other in ({"embedder": Embedder.of_model(small_model(seed=1))}, {"digest": "other"}):
        with pytest.raises(ValueError, match=f"holds, of digest {embedder.digest}. Received"):
            Index.open(path, **other)
    with Index.open(path) as index:
        assert (index.digest, index.width, len(index)) == (embedder.digest, 16, 8)


def test_other_files_are_refused_in_words(tmp_path):
    (tmp_path / "text").write_text("no database " * 1000)
    with pytest.raises(ValueError, match="text to be an index. Received: file is not a database"):
        Index.open(tmp_path / "text")
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE t (a)").connection.close()
    with pytest.raises(ValueError, match=r"other\.db to be an index that this version"):
        Index.open(tmp_path / "other.db")
    with pytest.raises(FileNotFoundError, match="expected an index that exists"):
        Index.open(tmp_path / "new", must_exist=True)
    with pytest.raises(FileNotFoundError, match="a folder for the index"):
        Index.open(tmp_path / "no" / "new")


def test_a_second_index_sees_what_the_first_commits(tmp_path, unit_vectors):
    vectors = unit_vectors(6)
    with Index.open(tmp_path / "a.index") as one, Index.open(tmp_path / "a.index") as two:
        assert two.search(vectors[:1], 1) == [[]]
        one.add(["a", "b"], vectors[:2])
        assert ids_of(two.search(vectors[:1], 2))[0][0] == "a"
        two.add(["c"], vectors[2:3])
        one.add(["a"], vectors[3:4], replace=True)
        for index in (one, two):
            assert sorted(index.items().ids) == ["a", "b", "c"]
            assert index.search(vectors[3:4], 1)[0][0].id == "a"
        two.remove(["b"])
        assert len(one) == len(two) == 2


def test_searches_see_whole_commits_while_a_thread_writes(index, unit_vectors):
    vectors = unit_vectors(400)
    index.add(["seed"], vectors[:1])
    wrong, done = [], threading.Event()

    def read():
        while not done.is_set():
            found = [near.id for near in index.search(vectors[:1], 1000)[0]]
            if len(found) % 4 != 1 or len(set(found)) < len(found):
                wrong.append(found)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for start in range(0, 100, 4):
        index.add([str(i) for i in range(start, start + 4)], vectors[start : start + 4])
        index.add([str(i) for i in range(start, start + 4)], vectors[:4], replace=True)
        if start % 8 == 4:
            index.remove([str(i) for i in range(start, start + 4)])
    done.set()
    for reader in readers:
        reader.join()
    assert not wrong
    assert len(index) == 53


def test_a_search_does_not_wait_for_a_writer(index, unit_vectors):
    index.add(["a"], unit_vectors(1))
    with index._live._lock:
        assert ids_of(index.search(unit_vectors(1), 2)) == [["a"]]


def test_what_an_error_interrupts_is_not_there(index, unit_vectors, monkeypatch):
    vectors = unit_vectors(3)
    index.add(["a"], vectors[:1])
    insert = index._store.insert

    def fails(rows):
        insert(rows)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(index._store, "insert", fails)
        with pytest.raises(KeyboardInterrupt):
            index.add(["a", "b"], vectors[:2], replace=True)
    assert list(index.items().ids) == ["a"]
    index.add(["b"], vectors[1:2])
    assert list(index.items().ids) == ["a", "b"]


def test_an_interrupt_behind_the_commit_loses_nothing(index, unit_vectors, monkeypatch):
    def fails(*_):
        raise KeyboardInterrupt

    index.add(["a"], unit_vectors(1))
    with monkeypatch.context() as patched:
        patched.setattr(index._live._rows, "append", fails)
        with pytest.raises(KeyboardInterrupt):
            index.add(["b"], unit_vectors(1))
    assert list(index.items().ids) == ["a", "b"]


def test_threshold_lets_the_stated_share_through_and_is_kept(tmp_path, unit_vectors):
    path = tmp_path / "a.index"
    vectors = unit_vectors(300)
    labels = [str(i % 6) for i in range(300)]
    with Index.open(path) as index:
        assert index.threshold is None
        index.add([str(i) for i in range(300)], vectors, labels)
        found = index.calibrate(["1", "4"], false_accept_rate=0.1)
        held = [i for i in range(300) if labels[i] in ("1", "4")]
        nearest = [
            min(
                np.linalg.norm(vectors[i] - vectors[j])
                for j in range(300)
                if labels[j] != labels[i]
            )
            for i in held
        ]
        own = [
            min(
                np.linalg.norm(vectors[i] - vectors[j])
                for j in range(300)
                if labels[j] == labels[i] and i != j
            )
            for i in held
        ]
        assert np.mean(nearest <= np.float64(found.threshold)) == found.false_accept_rate == 0.1
        assert np.mean(own <= np.float64(found.threshold)) == found.true_accept_rate
        assert (found.num_queries, found.num_classes, found.num_items) == (100, 2, 300)
        # The largest such: at the next distance one more gets through.
        assert np.nextafter(found.threshold, 9) == pytest.approx(np.sort(nearest)[10], abs=1e-6)
        elsewhere = index.calibrate(["owl"] * 20, vectors=unit_vectors(20, seed=3))
        assert (elsewhere.false_accept_rate, elsewhere.true_accept_rate) == (0.0, None)
    with Index.open(path) as index:
        assert index.calibration == elsewhere
        assert index.threshold == elsewhere.threshold


def test_calibration_refuses_what_it_cannot_use(index, unit_vectors):
    with pytest.raises(ValueError, match="expected items in"):
        index.calibrate(["x"])
    index.add(["a", "b"], unit_vectors(2), ["x", "x"])
    with pytest.raises(ValueError, match="'owl', which no item has"):
        index.calibrate(["owl"])
    with pytest.raises(ValueError, match="items of other classes"):
        index.calibrate(["x"])
    with pytest.raises(ValueError, match="false_accept_rate above 0"):
        index.calibrate(["x"], false_accept_rate=0)
    with pytest.raises(ValueError, match="a label for each of the 3"):
        index.calibrate(["x"], vectors=unit_vectors(3))
    with pytest.raises(ValueError, match="list of classes. Received: 'x'"):
        index.calibrate("x")


def test_a_file_that_another_process_holds_is_named(tmp_path, unit_vectors, monkeypatch):
    from hsm.serving import store

    monkeypatch.setattr(store, "_SECONDS_FOR_LOCK", 0.05)
    with Index.open(tmp_path / "a.index") as index:
        other = sqlite3.connect(tmp_path / "a.index", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OSError, match=r"a\.index cannot.*locked. Another process is writing"):
            index.add(["a"], unit_vectors(1))
        other.close()
        index.add(["a"], unit_vectors(1))


def test_a_closed_index_says_that_it_is_closed(index, unit_vectors):
    index.add(["a"], unit_vectors(1))
    index.close()
    for call in (lambda: index.search(unit_vectors(1), 1), lambda: index.remove(["a"])):
        with pytest.raises(ValueError, match="to be open. Received: one that was closed. Open"):
            call()


def test_commits_are_flushed(index):
    connection = index._store._connection
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_kills_inside_a_commit_lose_nothing():
    command = [sys.executable, "tools/kill_index.py", "--kills=4", "--seed=1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "none lost" in done.stdout


def test_metadata_is_json_in_the_file(index, unit_vectors):
    index.add(["a"], unit_vectors(1), metadata=[{"b": 1}])
    row = index._store._connection.execute("SELECT metadata, vector FROM items").fetchone()
    assert json.loads(row[0]) == {"b": 1}
    np.testing.assert_array_equal(np.frombuffer(row[1], "<f4"), unit_vectors(1)[0])


def test_several_may_make_an_index_at_the_same_time(tmp_path):
    start = threading.Barrier(6)

    def make(turn):
        start.wait()
        Index.open(tmp_path / f"{turn}.index").close()

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for turn in range(20):
            list(pool.map(make, [turn] * 6))


def test_an_index_whose_making_was_cut_off_is_made(tmp_path, unit_vectors):
    connection = sqlite3.connect(tmp_path / "a.index", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    with Index.open(tmp_path / "a.index") as index:
        index.add(["a"], unit_vectors(1))
        assert len(index) == 1


def test_what_another_process_commits_right_behind_a_commit_is_seen(
    tmp_path, unit_vectors, monkeypatch
):
    vectors = unit_vectors(4)
    with Index.open(tmp_path / "a.index") as one, Index.open(tmp_path / "a.index") as two:
        one.add(["x"], vectors[:1])
        commit = one._store.transaction

        @contextlib.contextmanager
        def overtaken():
            with commit():
                yield
            two.remove(["x"])
            two.add(["z"], vectors[2:3])

        with monkeypatch.context() as patched:
            patched.setattr(one._store, "transaction", overtaken)
            one.add(["y"], vectors[1:2])
        assert sorted(ids_of(one.search(vectors[3:], 9))[0]) == ["y", "z"]
        two.add(["v"], vectors[3:])
        assert len(one) == 3
