"""A gallery as a part of a page: queries, and what a search finds nearest to each of them.

Right and wrong are told apart by a sign, a word and the frame's line, not by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from hsm.records.json_values import JsonObject
from hsm.visual.hit_marks import mark

# Pictures of fewer pixels a side keep them as squares when they are enlarged.
SMALL = 64


@dataclass(frozen=True)
class Card:
    """A picture with its name.

    Attributes:
        source: the picture as a `data:` address.
        name: of its class.
        side: in pixels.
    """

    source: str
    name: str
    side: int


@dataclass(frozen=True)
class Neighbour:
    """What a search found: a picture, how far from the query it lies, and whether it is right."""

    card: Card
    distance: float
    is_right: bool


@dataclass(frozen=True)
class Query(JsonObject):
    """What was looked up.

    Attributes:
        card: its picture.
        place: of the first neighbour of its class, from 1.
        neighbours: the nearest first.
    """

    card: Card
    place: int
    neighbours: tuple[Neighbour, ...]


def neighbours(queries: Iterable[Query]) -> str:
    """Return the queries, one below the other, each with its neighbours beside or below it."""
    return "\n".join(map(_query, queries))


def _query(query: Query) -> str:
    right, name = mark(True), escape(query.card.name)
    neighbours = "".join(_neighbour(i, near) for i, near in enumerate(query.neighbours, start=1))
    return (
        f'<div class="query"><p class="card">{_image(query.card, f"Query: {query.card.name}")}'
        f'<span class="name">{name}</span> looked up; '
        f'<span class="right">first {right.sign}</span> at place {query.place:,}</p>'
        f'<ol class="found" aria-label="Nearest to {name}">{neighbours}</ol></div>'
    )


def _neighbour(place: int, near: Neighbour) -> str:
    word = "right" if near.is_right else "wrong"
    alt = f"Neighbour {place}: {near.card.name}, {word}"
    return (
        f'<li class="card is-{word}">{_image(near.card, alt)}'
        f'<span class="name">{place}. {escape(near.card.name)}</span>'
        f'<span class="{word}">{mark(near.is_right).sign} {word}</span> '
        f'<span class="far">{near.distance:.2f}</span></li>'
    )


def _image(card: Card, alt: str) -> str:
    small = ' class="small"' if card.side < SMALL else ""
    size = f'width="{card.side}" height="{card.side}"'
    return f'<img{small} src="{card.source}" alt="{escape(alt)}" {size}>'
