"""What the sheet of a search shows, read back from figure and page."""

from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from hsm.visual.page_search import results
from hsm.visual.search_sheet import ResultPicture, ResultRow, draw_results
from hsm.visual.style import look


def picture(name, *rest):
    return ResultPicture(np.full((8, 8, 3), 90, np.uint8), name, *rest)


ROWS = [
    ResultRow(picture("a <b>.jpg"), (picture("jay", 0.25), picture("wren", 1.5, False))),
    ResultRow(picture("lonely.jpg"), ()),
]


def test_sheet_shows_pictures_names_and_distances():
    with look():
        figure = draw_results(ROWS, "birds")
        FigureCanvasAgg(figure).draw()
    (axes,) = figure.axes
    words = [text.get_text() for text in axes.texts]
    assert len(axes.images) == 4
    assert words[:4] == ["birds", "Query", "1", "2"]
    assert "jay\n0.250" in words
    assert any(word.startswith("wren\n1.500, beyond") for word in words)
    width, height = figure.canvas.get_width_height()
    for text in axes.texts:
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= width
        assert box.y0 >= 0
        assert box.y1 <= height


def test_page_names_pictures_for_screen_readers_and_escapes_names():
    text = results(ROWS)
    assert text.count('src="data:image/jpeg;base64,') == 4
    assert 'alt="Query: a &lt;b&gt;.jpg"' in text
    assert 'alt="Neighbour 2: wren"' in text
    assert "1.500, beyond the threshold" in text
    assert "<b>" not in text
