"""What the service counts, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_IMAGES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counters of one service, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "hsm_requests", "Requests that were answered.", ["route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "hsm_request_seconds",
            "From a request's first byte to the last of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._batches = Histogram(
            "hsm_batch_images", "Images in a batch.", buckets=_IMAGES, registry=registry
        )
        self._images = Counter(
            "hsm_images", "Images by what became of them.", ["outcome"], registry=registry
        )

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def batch(self, size: int) -> None:
        """Count a batch that goes to the network."""
        self._batches.observe(size)

    def images(self, embedded: int, refused: int) -> None:
        """Count images that left the network."""
        self._images.labels("embedded").inc(embedded)
        self._images.labels("refused").inc(refused)

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show a number that is asked for when it is read."""
        Gauge(name, text, registry=self._registry).set_function(value)

    def text(self) -> bytes:
        """Return what `GET /metrics` answers."""
        return generate_latest(self._registry)
