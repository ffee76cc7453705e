"""What embedding gives: vectors with names, and which images could not be read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SHOWN = 10


@dataclass(frozen=True)
class Skipped:
    """An image that could not be read.

    Attributes:
        name: its path, or "image 3" for the one at place 3 of those without a path.
        place: among the images that were given, from 0; those of a folder count one by one.
        reason: why, in words.
    """

    name: str
    place: int
    reason: str

    def __str__(self) -> str:
        """Return name and reason, "bird.jpg: empty file"."""
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Vectors of the images that could be read, in the order in which they were given.

    Attributes:
        vectors: float32 [m, k], of unit length.
        names: of the m images, as those of `Skipped`.
        places: int64 [m], among the images that were given, from 0, ascending.
        skipped: the others.
    """

    vectors: NDArray[np.float32]
    names: tuple[str, ...]
    places: NDArray[np.int64]
    skipped: tuple[Skipped, ...] = ()

    def __len__(self) -> int:
        """Return the number of vectors, m."""
        return len(self.vectors)

    def unreadable(self) -> UnreadableImages:
        """Return the error for those that were skipped."""
        return UnreadableImages(self)


class UnreadableImages(ValueError):
    """Some images could not be read; the others were embedded.

    Attributes:
        embeddings: what the others gave; its `skipped` says which ones could not be read, and why.
    """

    def __init__(self, embeddings: Embeddings) -> None:
        self.embeddings = embeddings
        count = len(embeddings.skipped) + len(embeddings)
        super().__init__(
            f"expected images that can be read. Received: {len(embeddings.skipped):,} of {count:,} "
            f"that cannot, {listed(embeddings.skipped)}. Mend or remove them, or leave them out "
            'with on_bad_image="skip"; the vectors of the others are in this error\'s `embeddings`'
        )


def listed(skipped: tuple[Skipped, ...]) -> str:
    """Return the first images that were skipped, with reasons, and how many more there are."""
    more = len(skipped) - _SHOWN
    shown = "; ".join(map(str, skipped[:_SHOWN]))
    return f"{shown}; and {more:,} more" if more > 0 else shown
