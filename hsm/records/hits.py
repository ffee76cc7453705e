"""Which queries were hits, as text: a bit a query.

NumPy is imported where it is needed: a configuration is read by what must not wait for it.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def pack_hits(hits: NDArray[np.generic]) -> str:
    """Pack bool [n] into base64 text of n / 6 characters."""
    import numpy as np

    return base64.b64encode(np.packbits(hits.astype(bool)).tobytes()).decode()


def unpack_hits(text: str, num_queries: int) -> NDArray[np.bool_]:
    """Return the inverse of `pack_hits`: bool [num_queries].

    Raises:
        ValueError: if the text is not that of so many queries.
    """
    import numpy as np

    check_hits(text, num_queries)
    content = np.frombuffer(base64.b64decode(text), dtype=np.uint8)
    return np.unpackbits(content, count=num_queries).astype(bool)


def check_hits(text: str, num_queries: int) -> None:
    """Refuse text that is not the packed hits of `num_queries` queries with a ValueError."""
    count = len(base64.b64decode(text, validate=True))
    if count != -(-num_queries // 8):
        raise ValueError(
            f"expected the packed hits of num_queries={num_queries}. Received: {count} bytes"
        )
