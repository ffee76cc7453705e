"""Retrieval of a run: scored as its record, also with a gallery and with known classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hsm.data.catalog import CLASSIFICATION, QUERY_GALLERY
from hsm.data.sources import load_source
from hsm.data.sources.source import ImageSource, Split
from hsm.experiments.reporting.retrieval_scores import score_table
from hsm.experiments.runs import build
from hsm.experiments.runs.evaluator import Evaluator
from hsm.experiments.studies import retrieval_figures
from hsm.experiments.studies.retrieval import retrieve, without_singletons
from hsm.visual.style import look


def untrained(config, source):
    return build.build_model(config, source.train.num_classes)


def test_scores_are_the_evaluators_also_with_a_damped_length(few_digits, quick_config):
    config = replace(quick_config, test_epsilon=1e-4)
    model = untrained(config, few_digits)
    found = retrieve(model, config, few_digits).to_json()
    scores = Evaluator(model.features, few_digits, config).score()
    assert {key: found[key] for key in ("recall", "nmi_arithmetic", "num_queries")} == {
        key: scores[key] for key in ("recall", "nmi_arithmetic", "num_queries")
    }


def test_with_a_gallery_neighbours_come_from_there(quick_config, tmp_path):
    source = load_source("digits", split=QUERY_GALLERY, limit=48)
    config = replace(quick_config, split=QUERY_GALLERY)
    found = retrieve(untrained(config, source), config, source)
    near = found.neighbours(np.arange(len(source.test)), 3)
    assert found.searched is source.gallery
    assert near.right[:, 0].mean() == found.evaluation.recall[1]
    assert "looked up in a gallery of" in score_table(found, config)
    with look():
        views = retrieval_figures.write_neighbours(
            found, tmp_path, queries=2, k=3, worst_first=True
        )
        views += retrieval_figures.write_confusion(found, tmp_path, pairs=2)
    assert all(path.exists() for path in views)


def test_of_known_classes_the_accuracy_is_scored_too(quick_config):
    source = load_source("digits", split=CLASSIFICATION, limit=48)
    config = replace(quick_config, split=CLASSIFICATION)
    model = untrained(config, source)
    found = retrieve(model, config, source)
    expected = Evaluator(model.features, source, config, logits=model.logits).score()
    assert found.accuracy == pytest.approx(expected["accuracy"])
    assert "accuracy" in score_table(found, config)


def test_classes_of_one_image_are_left_out_and_named(quick_config):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
    split = Split(pixels, np.array([0, 1, 1, 2, 2], np.int32), ("a", "b", "c"))
    kept, single = without_singletons(split)
    assert (kept.class_names, single, len(kept)) == (("b", "c"), ("a",), 4)
    np.testing.assert_array_equal(kept.images, pixels[1:])
    source = ImageSource("few", split, split)
    found = retrieve(untrained(quick_config, source), quick_config, source, "train")
    assert "Left out: 1 classes of one image" in score_table(found, quick_config)


def test_fewer_than_two_classes_are_refused(quick_config):
    one = Split(np.zeros((2, 8, 8, 3), np.uint8), np.zeros(2, np.int32), ("a",))
    source = ImageSource("lonely", one, one)
    with pytest.raises(
        ValueError, match="two test classes of two images or more.*Received: 1 in lonely"
    ):
        retrieve(untrained(quick_config, source), quick_config, source)


def test_without_an_error_there_is_nothing_to_draw(few_digits, quick_config, tmp_path):
    found = retrieve(untrained(quick_config, few_digits), quick_config, few_digits)
    perfect = replace(
        found, evaluation=replace(found.evaluation, ranks=np.zeros(len(few_digits.test), np.int32))
    )
    (path,) = retrieval_figures.write_confusion(perfect, tmp_path, pairs=3)
    assert len(path.read_text().splitlines()) == 1


def test_worst_first_is_by_rank_and_otherwise_they_are_spread():
    ranks = np.array([0, 5, 2, 5, 0])
    chosen = retrieval_figures.chosen_queries
    np.testing.assert_array_equal(chosen(ranks, 3, worst_first=True), [1, 3, 2])
    np.testing.assert_array_equal(chosen(ranks, 3, worst_first=False), [0, 2, 4])
    np.testing.assert_array_equal(chosen(ranks, 9, worst_first=False), np.arange(5))
