"""What the service takes on, and how it says that it does not."""

from __future__ import annotations

from dataclasses import dataclass, fields

# Of what a camera makes; decoded, 150 MB.
MAX_PIXELS = 50_000_000
MAX_NEIGHBOURS = 1000


@dataclass(frozen=True)
class Limits:
    """How much the service takes on.

    Attributes:
        max_batch: images that are embedded together, at most.
        max_wait: seconds that an image waits for others to join its batch.
        max_queue: images that wait for the network, and requests that are under way, at most.
        max_body: bytes of a request.
        max_pixels: height times width of an image.
        timeout: seconds from a request's first byte until its images are embedded; and those that a
            connection may be without a whole header, or an answer unread.

    Raises:
        ValueError: if one of them is not above zero.
    """

    max_batch: int = 32
    max_wait: float = 0.002
    max_queue: int = 256
    max_body: int = 16 * 2**20
    max_pixels: int = MAX_PIXELS
    timeout: float = 30.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (value > 0 or (field.name == "max_wait" and value == 0)):
                raise ValueError(f"expected {field.name} above 0. Received: {field.name}={value}")


class Refusal(Exception):
    """A request, or an image of one, that is not served.

    Args:
        status: of HTTP: 4xx for what the client can mend, 503 for what it can only wait for.
        sentence: what was expected, what was received, what to do.
        retry_after: seconds after which it is worth another try; None where it is not.
    """

    def __init__(self, status: int, sentence: str, *, retry_after: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer that say when to come again."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
