"""Scores of single queries, 0..1, as text: two bytes a query before they are compressed.

NumPy is imported where it is needed: a configuration is read by what must not wait for it.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hsm.records.json_values import JsonObject

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# A score is kept to half of 1 / 65,535: a mean of them is off by less than a printed digit.
_STEPS = 65_535


@dataclass(frozen=True, kw_only=True)
class QueryScores(JsonObject):
    """What each query scored, as `pack_scores` writes it, by the name of its mean.

    Attributes:
        final: after the last epoch: "r_precision", "map_at_r".
        further: keys that this version does not know.
    """

    final: Mapping[str, str]
    further: Mapping[str, Any] = field(default_factory=dict)


def pack_scores(scores: NDArray[np.floating]) -> str:
    """Pack scores [n] in 0..1 into text."""
    import numpy as np

    steps = np.rint(scores * _STEPS).astype("<u2")
    return base64.b64encode(zlib.compress(steps.tobytes(), 9)).decode()


def unpack_scores(text: str, num_queries: int) -> NDArray[np.float64]:
    """Return the inverse of `pack_scores`: float64 [num_queries], to 1 / 131,070.

    Raises:
        ValueError: if the text is not that of so many queries.
    """
    import numpy as np

    return np.frombuffer(_unpacked(text, num_queries), dtype="<u2") / _STEPS


def check_scores(text: str, num_queries: int) -> None:
    """Refuse text that is not the packed scores of `num_queries` queries with a ValueError."""
    _unpacked(text, num_queries)


def _unpacked(text: str, num_queries: int) -> bytes:
    # Never more than is expected: a few bytes can announce gigabytes.
    reader = zlib.decompressobj()
    try:
        content = reader.decompress(base64.b64decode(text, validate=True), 2 * num_queries + 1)
    except zlib.error as error:
        raise ValueError(f"expected packed scores. Received: {error}") from error
    if len(content) != 2 * num_queries or not reader.eof:
        raise ValueError(
            f"expected the packed scores of num_queries={num_queries}, two bytes a query. "
            f"Received: {len(content)} bytes"
        )
    return content
