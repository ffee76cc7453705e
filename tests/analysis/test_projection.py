"""Maps in two dimensions: PCA against a singular value decomposition, t-SNE by its groups."""

from __future__ import annotations

import numpy as np
import pytest

from hsm.analysis.projection import METHODS, project


def test_pca_is_the_two_largest_singular_directions():
    points = np.random.default_rng(0).normal(size=(60, 5)) * [5, 1, 3, 0.5, 0.1]
    centred = points - points.mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    expected = left[:, :2] * values[:2]
    np.testing.assert_allclose(np.abs(project(points, "pca")), np.abs(expected), atol=1e-10)


def test_tsne_keeps_groups_apart_and_gives_the_same_again():
    generator = np.random.default_rng(1)
    points = generator.normal(size=(40, 8)) + 30 * (np.arange(40) % 2)[:, None]
    flat = project(points, "tsne", seed=3)
    distances = np.linalg.norm(flat[:, None] - flat, axis=2) + 1e9 * np.eye(40)
    assert (distances.argmin(axis=1) % 2 == np.arange(40) % 2).all()
    np.testing.assert_array_equal(flat, project(points, "tsne", seed=3))


@pytest.mark.parametrize("method", METHODS)
def test_three_points_are_enough(method):
    assert project(np.eye(3), method).shape == (3, 2)
    with pytest.raises(ValueError, match="at least 3 vectors of at least 2 dimensions"):
        project(np.eye(2), method)


def test_other_methods_are_refused():
    with pytest.raises(ValueError, match="one of pca, tsne. Received: method='umap'"):
        project(np.eye(3), "umap")
