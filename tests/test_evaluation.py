"""Every image once, then the scores of section 5.2."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hsm import metrics
from hsm.evaluation import damped_unit_length, embed, evaluate


def batches(images, labels, size):
    for start in range(0, len(images), size):
        yield images[start : start + size], labels[start : start + size]


@pytest.fixture
def vectors():
    generator = np.random.default_rng(0)
    labels = np.arange(120) % 6
    lengths = generator.lognormal(0.0, 1.5, size=(120, 1))
    centres = generator.normal(size=(6, 8))
    directions = centres[labels] + 1.2 * generator.normal(size=(120, 8))
    return (lengths * directions).astype(np.float32), labels


@pytest.mark.parametrize("size", [1, 7, 40, 500])
def test_embed_keeps_all_vectors_in_order(vectors, size):
    images, labels = vectors
    counts = []
    features, found = embed(
        lambda x: 2.0 * x, batches(images, labels, size), num_examples=120, progress=counts.append
    )
    assert (features.dtype, found.dtype) == (np.float32, np.int32)
    np.testing.assert_array_equal(features, 2.0 * images)
    np.testing.assert_array_equal(found, labels)
    assert sum(counts) == 120
    assert set(counts[:-1]) <= {size}


@pytest.mark.parametrize(
    ("num_examples", "message"),
    [(121, r"num_examples=121 images once. Received: 120 images"), (119, r"at least 120 images")],
)
def test_embed_refuses_missing_and_repeated_images(vectors, num_examples, message):
    with pytest.raises(ValueError, match=message):
        embed(lambda x: x, batches(*vectors, 40), num_examples=num_examples)


def test_embed_refuses_no_batches_and_no_examples(vectors):
    with pytest.raises(ValueError, match=r"num_examples=3 images once. Received: 0 images"):
        embed(lambda x: x, [], num_examples=3)
    with pytest.raises(ValueError, match=r"num_examples to be a whole number of at least 1"):
        embed(lambda x: x, [], num_examples=0)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_embed_names_the_image_that_is_not_finite(vectors, value):
    images, labels = vectors
    images[87, 3] = value
    with pytest.raises(ValueError, match=r"for image 87 \(counting from 0\).*learning rate"):
        embed(lambda x: x, batches(images, labels, 40), num_examples=120)


def test_embed_refuses_anything_but_one_vector_an_image(vectors):
    with pytest.raises(ValueError, match=r"shape=\(40, 1, 8\) for a batch of 40, from image 0"):
        embed(lambda x: x[:, None], batches(*vectors, 40), num_examples=120)
    with pytest.raises(ValueError, match=r"shape=\(39, 8\) for a batch of 40"):
        embed(lambda x: x[1:], batches(*vectors, 40), num_examples=120)


def test_evaluate_is_the_metrics_of_unit_vectors(vectors):
    features, labels = vectors
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    result = evaluate(features, labels, ks=(1, 4), seed=7, n_init=3)
    clusters = metrics.cluster(unit, 6, seed=7, n_init=3)
    assert result.recall == metrics.recall_at_k(unit, labels, ks=(1, 4))
    assert result.r_precision == metrics.r_precision(unit, labels)
    assert result.map_at_r == metrics.mean_average_precision_at_r(unit, labels)
    assert result.nmi_arithmetic == pytest.approx(metrics.nmi(labels, clusters), abs=1e-6)
    geometric = metrics.nmi(labels, clusters, "geometric")
    assert result.nmi_geometric == pytest.approx(geometric, abs=1e-6)
    assert (result.num_queries, result.num_gallery, result.num_classes) == (120, None, 6)
    assert result.hits(4).mean() == result.recall[4]


def test_evaluate_takes_vectors_as_they_are_on_request(vectors):
    features, labels = vectors
    result = evaluate(features, labels, ks=(1,), normalize=False)
    assert result.recall == metrics.recall_at_k(features, labels, ks=(1,))
    assert result.recall[1] < evaluate(features, labels, ks=(1,)).recall[1]


def test_evaluate_with_a_gallery_does_not_cluster(vectors):
    features, labels = vectors
    result = evaluate(
        features[:50],
        labels[:50],
        ks=(1, 2),
        gallery=100.0 * features[50:],
        gallery_labels=labels[50:],
    )
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    expected = metrics.recall_at_k(unit[:50], labels[:50], (1, 2), unit[50:], labels[50:])
    assert result.recall == expected
    searched = (unit[:50], labels[:50], unit[50:], labels[50:])
    assert result.map_at_r == metrics.mean_average_precision_at_r(*searched)
    assert (result.num_queries, result.num_gallery, result.num_classes) == (50, 70, 6)
    assert (result.nmi_geometric, result.nmi_arithmetic) == (None, None)


def test_zero_vectors_are_scored():
    result = evaluate(np.zeros((8, 3)), [0, 1] * 4, ks=(1,))
    assert result.recall == {1: 0.0}
    assert result.nmi_arithmetic == 0.0


def test_to_json_holds_json_types(vectors):
    result = evaluate(*vectors, ks=(1, 8))
    document = json.loads(json.dumps(result.to_json()))
    assert document == {
        "recall": {"1": result.recall[1], "8": result.recall[8]},
        "r_precision": result.r_precision,
        "map_at_r": result.map_at_r,
        "nmi_geometric": result.nmi_geometric,
        "nmi_arithmetic": result.nmi_arithmetic,
        "num_queries": 120,
        "num_gallery": None,
        "num_classes": 6,
    }


def test_evaluate_passes_on_the_metrics_errors(vectors):
    features, labels = vectors
    with pytest.raises(ValueError, match=r"another image of its class.*: 77"):
        evaluate(features, np.where(np.arange(120) == 5, 77, labels), ks=(1,))
    with pytest.raises(ValueError, match=r"every K of ks"):
        evaluate(features, labels, ks=(0,))
    with pytest.raises(ValueError, match=r"k to be a whole number of at least 1. Received: -1"):
        evaluate(features, labels, ks=(1,)).hits(-1)


def test_damped_features_are_the_released_codes(vectors):
    features = vectors[0].astype(np.float64)
    squares = (features**2).sum(axis=1, keepdims=True)
    damped = damped_unit_length(vectors[0], 1e-4)
    np.testing.assert_allclose(damped, features / np.sqrt(squares + 1e-4), rtol=1e-5)
    unit = damped_unit_length(vectors[0])
    np.testing.assert_allclose(unit, features / np.sqrt(squares), rtol=1e-5)
    np.testing.assert_array_equal(damped_unit_length(np.zeros((1, 3)), 1e-4), np.zeros((1, 3)))
