"""The exact search against the package's neighbours, ties included."""

from __future__ import annotations

import numpy as np
import pytest

from hsm.metrics.neighbours import nearest_neighbours
from hsm.serving import exact
from hsm.serving.rows import Rows
from hsm.serving.store import Row


def view_of(vectors):
    rows = Rows(vectors.shape[1])
    rows.append([(i + 1, Row(str(i), v.tobytes(), None, None)) for i, v in enumerate(vectors)])
    return rows.view()


@pytest.mark.parametrize("block", [exact._BLOCK, 700])
def test_neighbours_and_distances_are_those_of_the_package(unit_vectors, monkeypatch, block):
    monkeypatch.setattr(exact, "_BLOCK", block)
    points, queries = unit_vectors(300), unit_vectors(70, seed=1)
    # Equal ones, and some that float32 products cannot tell apart.
    points[100:120] = points[7]
    points[200:220] = points[9] + np.float32(1e-7) * unit_vectors(20, seed=2)
    queries[:2] = points[[7, 9]]
    found = exact.nearest(queries, view_of(points), 12, among=np.ones(300, np.bool_))
    # All of one class, so that ties are in the order of their rows.
    labels = np.zeros(300, np.int64)
    right = nearest_neighbours(queries, labels[:70], 12, gallery=points, gallery_labels=labels)
    np.testing.assert_array_equal([rows for _, rows in found], right.indices)
    np.testing.assert_allclose([d for d, _ in found], right.distances, rtol=1e-6, atol=1e-12)


def test_only_what_is_asked_for_is_looked_among(unit_vectors):
    points = unit_vectors(50)
    among = np.zeros(50, np.bool_)
    among[[3, 30]] = True
    ((distances, rows),) = exact.nearest(points[:1], view_of(points), 5, among=among)
    assert set(rows) == {3, 30}
    assert (np.diff(distances) >= 0).all()
    nothing = exact.nearest(points[:1], view_of(points), 5, among=np.zeros(50, np.bool_))
    assert nothing[0][1].tolist() == []
