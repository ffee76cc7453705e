"""FAISS finds what the exact search finds, as often as it says."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from hsm.serving import Index


@pytest.fixture
def index(tmp_path, unit_vectors):
    with Index.open(tmp_path / "a.index") as index:
        index.add([str(i) for i in range(2000)], unit_vectors(2000), ["x", "y"] * 1000)
        yield index


def ids_of(found):
    return [[near.id for near in one] for one in found]


@pytest.mark.parametrize("kind", ["flat", "ivf", "hnsw"])
def test_recall_is_stated_and_right(index, unit_vectors, kind):
    pytest.importorskip("faiss", reason="needs the extra faiss")
    queries = unit_vectors(200, seed=5)
    exact = index.search(queries, 10)
    labelled = index.search(queries[:3], 5, label="y")
    built = index.accelerate(kind)
    found = index.search(queries, 10)
    hits = [len(set(a) & set(b)) / 10 for a, b in zip(ids_of(exact), ids_of(found), strict=True)]
    assert np.mean(hits) == pytest.approx(built.recall, abs=0.05)
    assert built.recall > (0.5 if kind == "ivf" else 0.95)
    assert f"{kind}: {100 * built.recall:.2f} % of the 10 nearest" in str(built)
    assert ids_of(index.search(queries[:3], 5, label="y")) == ids_of(labelled)
    if kind == "flat":
        assert found == exact


def test_items_added_and_removed_later_count(index, unit_vectors):
    pytest.importorskip("faiss", reason="needs the extra faiss")
    index.accelerate("hnsw")
    query = unit_vectors(1, seed=9)
    near = [found.id for found in index.search(query, 30)[0]]
    index.remove(near[:25])
    index.add(["new"], query)
    # More were removed than FAISS is asked for: the exact search steps in.
    assert [found.id for found in index.search(query, 6)[0]] == ["new", *near[25:]]


def test_more_probes_find_more(index):
    pytest.importorskip("faiss", reason="needs the extra faiss")
    few = index.accelerate("ivf", lists=100, probes=1)
    assert few.recall < index.accelerate("ivf", lists=100, probes=100).recall == 1.0


def test_wrong_kinds_and_settings_are_refused(index, tmp_path):
    with pytest.raises(ValueError, match="one of flat, ivf, hnsw. Received: 'tree'"):
        index.accelerate("tree")
    with pytest.raises(ValueError, match="settings of ivf among lists, probes"):
        index.accelerate("ivf", links=3)
    with Index.open(tmp_path / "b.index") as empty, pytest.raises(ValueError, match="Received: no"):
        empty.accelerate()


def test_without_faiss_an_error_says_what_to_install(index, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ImportError, match=r'pip install "hsm-embedding\[faiss\]"'):
        index.accelerate("flat")
