"""A search as a part of a page: photographs that were looked up, and what lies nearest to each."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape

import numpy as np
import tensorflow as tf

from hsm.visual.search_sheet import ResultPicture, ResultRow

_QUALITY = 90


def results(rows: Iterable[ResultRow]) -> str:
    """Return the queries, one below the other, each with what was found beside or below it."""
    return "\n".join(map(_query, rows))


def _query(row: ResultRow) -> str:
    name = escape(row.query.name)
    items = "".join(_item(place, picture) for place, picture in enumerate(row.neighbours, start=1))
    return (
        f'<div class="query"><p class="card">{_image(row.query, f"Query: {row.query.name}")}'
        f'<span class="name">{name}</span> looked up</p>'
        f'<ol class="found" aria-label="Nearest to {name}">{items}</ol></div>'
    )


def _item(place: int, picture: ResultPicture) -> str:
    alt = f"Neighbour {place}: {picture.name}"
    return (
        f'<li class="card">{_image(picture, alt)}<span class="name">{place}. '
        f'{escape(picture.name)}</span><span class="far">{escape(picture.words)}</span></li>'
    )


def _image(picture: ResultPicture, alt: str) -> str:
    side = picture.pixels.shape[0]
    size = f'width="{side}" height="{side}"'
    return f'<img src="{_address(picture.pixels)}" alt="{escape(alt)}" {size}>'


def _address(pixels: np.ndarray) -> str:
    encoded = tf.io.encode_jpeg(pixels, quality=_QUALITY).numpy()
    return f"data:image/jpeg;base64,{base64.b64encode(encoded).decode()}"
