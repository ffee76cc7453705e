"""Which queries were hits, as text: a bit a query."""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray


def pack_hits(hits: np.ndarray) -> str:
    """Pack bool [n] into base64 text of n / 6 characters."""
    return base64.b64encode(np.packbits(hits.astype(bool)).tobytes()).decode()


def unpack_hits(text: str, num_queries: int) -> NDArray[np.bool_]:
    """Return the inverse of `pack_hits`: bool [num_queries].

    Raises:
        ValueError: if the text is not that of so many queries.
    """
    content = base64.b64decode(text, validate=True)
    if len(content) != -(-num_queries // 8):
        raise ValueError(
            f"expected the packed hits of num_queries={num_queries}, received {len(content)} bytes"
        )
    return np.unpackbits(np.frombuffer(content, dtype=np.uint8), count=num_queries).astype(bool)
