"""The table of exports: what is measured, and how it is shown."""

from __future__ import annotations

import json

import numpy as np
import pytest
import render_results
from exports import measure, table

TESTED = measure.Tested(
    np.arange(4 * 12, dtype=np.uint8).reshape(4, 2, 2, 3), np.array([0, 0, 1, 1], np.int32)
)
# Each of the first two finds the other, and so do the last two.
GOOD = np.array([[1, 0], [0.96, 0.28], [0, 1], [0.28, 0.96]], np.float32)
BAD = GOOD[[0, 2, 1, 3]]


def content():
    row = {
        "bytes": 2_345_678,
        "recall": {"value": 0.5, "low": 0.45, "high": 0.55},
        "difference": {"value": -0.01, "low": -0.02, "high": 0.0},
        "cosine": {"least": 0.98765, "mean": 0.99},
        "seconds": {"alone": 0.00123, "batch": 0.0001},
    }
    return {
        "network": "a network",
        "test": {"images": 1234, "classes": 5},
        "calibration_images": 256,
        "turns": 15,
        "formats": {"saved_model": row, "tflite_int8": row},
        "libraries": {"tensorflow": "2.21.0"},
        "machine": {"hardware": {"cpu": "a processor", "cores": 2}, "commit": "0123456789"},
    }


def test_scores_are_of_all_queries_and_beside_the_saved_models():
    same = measure.scores(GOOD, GOOD, TESTED)
    assert same["recall"]["value"] == 1.0
    assert same["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert same["cosine"]["least"] == pytest.approx(1.0)
    worse = measure.scores(BAD, GOOD, TESTED)
    assert worse["recall"]["value"] == 0.0
    assert worse["difference"]["value"] == -1.0
    assert worse["cosine"]["least"] == pytest.approx(0.28)


def test_every_image_is_embedded_once_and_gets_unit_length():
    found = measure.vectors(lambda pixels: pixels.reshape(len(pixels), -1) + 1.0, TESTED)
    assert found.shape == (4, 12)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, rtol=1e-6)


def test_size_is_of_graph_and_weights_alone(tmp_path):
    (tmp_path / "variables").mkdir()
    for name, size in (
        ("saved_model.pb", 10),
        ("variables/data", 20),
        ("embedding.xml", 3),
        ("embedding.bin", 4),
        ("model_card.md", 500),
    ):
        (tmp_path / name).write_bytes(bytes(size))
    assert measure.size(tmp_path) == 37


def test_the_table_shows_points_and_what_they_were_measured_on(tmp_path):
    (tmp_path / "net.json").write_text(json.dumps(content()))
    text = render_results.export_texts(tmp_path)["exports:net"]
    assert text == table.markdown(content())
    row = "| 2.35 MB | 50.00 | 45.00 to 55.00 | {} | 0.9877 | 1.23 ms | 10000/s |"
    assert "| SavedModel " + row.format("–") in text
    assert "| TFLite, int8 " + row.format("−1.00 (−2.00 to +0.00)") in text
    assert "a network; 1,234 test images of 5 classes, 256 training images" in text
    assert "a processor, 2 cores" in text
