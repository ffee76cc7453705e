"""Items go to files and to Qdrant, and come back as they were."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from hsm.serving import Index
from hsm.serving.files import read_items, write_items
from hsm.serving.items import Items


@pytest.fixture
def items(unit_vectors):
    ids = ["a/ü.jpg", "b", *(f"id {i}" for i in range(300))]
    labels = ["jay", None, *(["wren"] * 300)]
    return Items(ids, unit_vectors(302), labels, [{"n": i} if i else {} for i in range(302)], "m")


def check_same(found, items):
    order = [found.ids.index(key) for key in items.ids]
    np.testing.assert_array_equal(found.vectors[order], items.vectors)
    assert [found.labels[i] for i in order] == list(items.labels)
    assert [found.metadata[i] for i in order] == list(items.metadata)
    assert (len(found), found.digest) == (len(items), items.digest)


@pytest.mark.parametrize("name", ["items.npz", "items.parquet"])
def test_files_hold_all(items, tmp_path, name):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow", reason="needs the extra parquet")
    path = tmp_path / name
    write_items(items, path)
    check_same(read_items(path), items)
    nothing = Items((), np.empty((0, 0), np.float32), (), (), None)
    write_items(nothing, path)
    assert len(read_items(path)) == 0


def test_npz_needs_no_pickle(items, tmp_path):
    write_items(items, tmp_path / "items.npz")
    arrays = np.load(tmp_path / "items.npz", allow_pickle=False)
    np.testing.assert_array_equal(arrays["vectors"], items.vectors)
    assert arrays["labels"][:2].tolist() == ["jay", ""]


def test_parquet_is_a_plain_table(items, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra parquet")
    write_items(items, tmp_path / "items.parquet")
    table = parquet.read_table(tmp_path / "items.parquet")
    assert table.column_names == ["id", "vector", "label", "metadata"]
    assert table["id"][0].as_py() == "a/ü.jpg"
    np.testing.assert_array_equal(table["vector"][1].as_py(), items.vectors[1])


def test_an_index_takes_the_items_of_its_own_model_only(items, tmp_path):
    with Index.open(tmp_path / "a.index", digest="m") as index:
        index.add_items(items)
        check_same(index.items(), items)
        index.add_items(items, replace=True)
        other = Items(["x"], items.vectors[:1], [None], [{}], "other")
        with pytest.raises(ValueError, match="of digest m. Received: a model of digest other"):
            index.add_items(other)
    with Index.open(tmp_path / "b.index") as index:
        index.add_items(items)
        assert index.digest == "m"


def test_other_files_are_refused_in_words(items, tmp_path):
    with pytest.raises(ValueError, match=r"a file \*\.npz or \*\.parquet. Received: .*items\.csv"):
        write_items(items, tmp_path / "items.csv")
    with pytest.raises(FileNotFoundError, match="none.npz"):
        read_items(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", a=1)
    with pytest.raises(ValueError, match=r"other\.npz to hold ids"):
        read_items(tmp_path / "other.npz")
    (tmp_path / "bad.npz").write_bytes(b"bad")
    with pytest.raises(ValueError, match=r"bad\.npz"):
        read_items(tmp_path / "bad.npz")


def test_without_pyarrow_an_error_says_what_to_install(items, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r'pip install "hsm-embedding\[parquet\]"'):
        write_items(items, tmp_path / "items.parquet")


@pytest.fixture
def client():
    qdrant = pytest.importorskip("qdrant_client", reason="needs the extra qdrant")
    return qdrant.QdrantClient(":memory:")


def test_qdrant_holds_all_and_finds_the_same(items, client, tmp_path):
    from hsm.serving.qdrant import from_qdrant, to_qdrant

    to_qdrant(items, client, "birds")
    to_qdrant(items, client, "birds")  # Again, which replaces.
    found = from_qdrant(client, "birds")
    assert len(found) == 302
    # It keeps vectors as it likes: not to the last bit.
    order = [found.ids.index(key) for key in items.ids]
    np.testing.assert_allclose(found.vectors[order], items.vectors, atol=1e-6)
    assert [found.metadata[i] for i in order] == list(items.metadata)
    query = items.vectors[7]
    points = client.query_points("birds", query=query.tolist(), limit=5).points
    with Index.open(tmp_path / "a.index") as index:
        index.add_items(items)
        near = index.search(query[None], 5)[0]
    assert [point.payload["id"] for point in points] == [one.id for one in near]
    np.testing.assert_allclose([p.score for p in points], [n.distance for n in near], atol=1e-3)


def test_a_collection_of_other_vectors_is_refused(items, client):
    from hsm.serving.qdrant import from_qdrant, to_qdrant

    to_qdrant(items, client, "birds")
    other = Items(["x"], items.vectors[:1], [None], [{}], "other")
    with pytest.raises(ValueError, match="of the model other. Received: m"):
        to_qdrant(other, client, "birds")
    narrow = items.vectors[:1, :9] / np.linalg.norm(items.vectors[:1, :9])
    with pytest.raises(ValueError, match="vectors of 9 numbers by Euclidean"):
        to_qdrant(Items(["x"], narrow, [None], [{}], "m"), client, "birds")
    with pytest.raises(ValueError, match="'none', not there"):
        from_qdrant(client, "none")
