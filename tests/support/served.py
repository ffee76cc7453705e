"""A model and an index as the service sees them, without a network: quick, and as slow as asked."""

from __future__ import annotations

import base64
import contextlib
import io
import socket
import threading
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

TOKEN = "a-token-of-some-length"


def b64(content):
    """A file as JSON holds it."""
    return {"b64": base64.b64encode(content).decode()}


def skip_without_extra():
    """Skip the tests of the module that calls it where the service cannot run."""
    for name in ("fastapi", "httpx", "prometheus_client", "python_multipart", "uvicorn"):
        pytest.importorskip(name, reason='needs pip install "hsm-embedding[serve]" httpx')


class FakeEmbedder:
    """Embeds b"picture 30" as the unit vector at 30 degrees, pixels by the red of the first."""

    embedding_dim = 2

    def __init__(self):
        self.is_free = threading.Event()
        self.is_free.set()
        self.sizes = []

    def embed_named(self, images, *, on_bad_image):
        assert on_bad_image == "skip"
        self.is_free.wait(30)
        self.sizes.append(len(images))
        vectors, places, skipped = [], [], []
        for place, image in enumerate(images):
            try:
                vectors.append(at(self.degrees(image)))
                places.append(place)
            except ValueError:
                skipped.append(SimpleNamespace(place=place, reason="no picture: send another"))
        vectors = np.float32(vectors).reshape(-1, 2)
        return SimpleNamespace(
            vectors=vectors, places=np.int64(places), skipped=tuple(skipped), names=()
        )

    def degrees(self, image):
        if isinstance(image, np.ndarray):
            return float(image[0, 0, 0])
        if image == b"broken model":
            raise RuntimeError("the model is broken")
        if image.startswith(b"\x89PNG"):
            if image[-8:-4] != b"IEND":
                raise ValueError("it breaks off")
            return float(np.asarray(Image.open(io.BytesIO(image)).convert("RGB"))[0, 0, 0])
        return float(image.removeprefix(b"picture "))


def at(degrees):
    """The unit vector at an angle."""
    return np.float32([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])


@dataclass
class FakeItem:
    id: str
    vector: np.ndarray
    label: str | None
    metadata: dict | None


@dataclass
class FakeIndex:
    """Items in a dictionary."""

    threshold: float | None = 0.5
    items: dict = field(default_factory=dict)
    error: Exception | None = None

    def __len__(self):
        return len(self.items)

    def get(self, id):
        return self.items.get(id)

    def add(self, ids, vectors, *, labels, metadata, replace):
        self.fail()
        for made in map(FakeItem, ids, vectors, labels, metadata):
            assert replace or made.id not in self.items
            self.items[made.id] = made

    def fail(self):
        """As an index that cannot be written to."""
        if self.error is not None:
            raise self.error

    def remove(self, ids):
        self.fail()
        return sum(self.items.pop(id, None) is not None for id in ids)

    def search(self, vectors, k, *, label):
        return [self.nearest(vector, label)[:k] for vector in vectors]

    def nearest(self, vector, label):
        found = [
            SimpleNamespace(
                id=each.id,
                distance=float(np.linalg.norm(each.vector - vector)),
                label=each.label,
                metadata=each.metadata,
            )
            for each in self.items.values()
            if label is None or each.label == label
        ]
        return sorted(found, key=lambda near: near.distance)


def served(**options):
    """A model and an index with nothing in it."""
    from hsm.serving.service_engine import Served

    return Served(FakeEmbedder(), FakeIndex(**options), "angles")


@contextlib.contextmanager
def running(app, **options):
    """The address of an application that is served by a thread."""
    import uvicorn

    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, **options))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
