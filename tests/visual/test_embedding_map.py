"""The map of embeddings: what its legend calls the classes."""

from __future__ import annotations

import numpy as np
import pytest

from hsm.visual.embedding_map import MapPoints, draw_map, pictured

LONG = "Mercedes-Benz Sprinter Van "


def drawn(names):
    """A map of eight points a class."""
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(names)), 8)
    points = MapPoints(
        places=generator.normal(size=(len(labels), 2)),
        labels=labels,
        class_names=tuple(names),
        right=labels % 2 == 0,
    )
    pixels = np.zeros((len(pictured(points.places)), 4, 4, 3), np.uint8)
    return draw_map(points, pixels, "a map")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["cat", "dog"], ["cat", "dog"]),
        ([LONG + "2011", LONG + "2012", LONG + "2013", "dog"], 4),
        (["cost $5", "$a_{"], ["cost $5", "$a {"]),
    ],
)
def test_every_class_has_its_own_name_in_the_legend(names, expected, tmp_path):
    figure = drawn(names)
    figure.savefig(tmp_path / "map.png")
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    if isinstance(expected, int):
        assert len(set(texts)) == expected
        assert texts[1] == f"{texts[0]} (2)"
    else:
        assert texts == expected
    assert not any(text.get_parse_math() for text in figure.legends[0].get_texts())
