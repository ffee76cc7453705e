"""A small model in every form that is served."""

from __future__ import annotations

import numpy as np
import pytest
from support.image_factory import encode, photograph
from support.served_model import small_model

from hsm.export import export_saved_model


@pytest.fixture(scope="session")
def model():
    return small_model()


@pytest.fixture(scope="session")
def exported(model, tmp_path_factory):
    return export_saved_model(model, tmp_path_factory.mktemp("served") / "saved_model")


@pytest.fixture(scope="session")
def embedder(exported):
    from hsm.serving import Embedder

    return Embedder(exported, batch_size=4)


@pytest.fixture
def photos(tmp_path):
    """A folder with two classes of four pictures, of several sizes and formats."""
    kinds = ("JPEG", "PNG", "WEBP", "BMP")
    for number in range(8):
        picture = photograph(30 + 9 * number, 40 + 5 * number, seed=number)
        turned = picture if number % 2 else picture.rotate(90)
        folder = tmp_path / "photos" / ("jay", "wren")[number // 4]
        folder.mkdir(parents=True, exist_ok=True)
        kind = kinds[number % 4]
        (folder / f"{number}.{kind.lower()}").write_bytes(encode(turned, kind))
    return tmp_path / "photos"


@pytest.fixture
def unit_vectors():
    def drawn(count, width=16, seed=0):
        vectors = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    return drawn
