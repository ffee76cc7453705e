"""The service in a process of its own: a small network, and an index of the package's letters."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hsm.data.sources import load_source

# The pictures without the border that the data set gives them.
_SIDE, _BORDER = 28, 2
_DIMENSIONS = 64


@dataclass(frozen=True)
class Running:
    """A service that answers.

    Attributes:
        host: where it listens.
        port: where it listens.
        process: its number.
    """

    host: str
    port: int
    process: int

    def resident(self) -> int:
        """Return bytes of memory that the process holds."""
        status = Path(f"/proc/{self.process}/status").read_text()
        match = re.search(r"VmRSS:\s+(\d+) kB", status)
        if match is None:
            raise ValueError(f"/proc/{self.process}/status does not say VmRSS: Linux is needed")
        return 1024 * int(match[1])


def prepare(folder: Path) -> list[bytes]:
    """Export a network and index the letters, in `folder`; returns their pictures as PNG files."""
    import tensorflow as tf

    from hsm.export import export_saved_model
    from hsm.models import EmbeddingModel, build_backbone
    from hsm.serving import Embedder, Index

    # Its speed does not depend on its weights.
    backbone = build_backbone("convnet", _SIDE, seed=0)
    model = EmbeddingModel(backbone, "BN", num_classes=2, embedding_dim=_DIMENSIONS, seed=0)
    saved = export_saved_model(model, folder / "model")
    test = load_source("letters").test
    inner = slice(_BORDER, _BORDER + _SIDE)
    pictures = [tf.io.encode_png(image[inner, inner]).numpy() for image in np.asarray(test.images)]
    embedder = Embedder(saved, show_progress=False)
    labels = [test.class_names[label] for label in test.labels]
    with Index.open(folder / "letters.index", embedder) as index:
        index.add([str(i) for i in range(len(pictures))], embedder.embed(pictures), labels)
    return pictures


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    """Serve what `prepare` wrote until the block ends; then the service ends by SIGTERM.

    Raises:
        RuntimeError: if it does not start, or does not end as it should.
    """
    files = (f"--model={folder / 'model'}", f"--index={folder / 'letters.index'}")
    command = [sys.executable, "-m", "hsm.experiments.serve", *files, "--port=0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield Running(*_address(process), process.pid)
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=120)
    if process.returncode != 143:
        raise RuntimeError(f"the service ended with {process.returncode}: {errors}")


def _address(process: subprocess.Popen[str]) -> tuple[str, int]:
    for line in process.stdout or io.StringIO():
        if match := re.search(r"http://([\d.]+):(\d+)/", line):
            return match[1], int(match[2])
    raise RuntimeError("the service did not start")
