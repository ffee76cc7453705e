"""A source and a configuration that train in a second."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def few_digits():
    from hsm.data.sources import load_source

    return load_source("digits", limit=48)


@pytest.fixture(scope="session")
def quick_config():
    from hsm.experiments.config import RunConfig

    return RunConfig(
        dataset="digits",
        method="BN",
        backbone="convnet",
        image_size=28,
        embedding_dim=8,
        batch_size=16,
        epochs=1,
        heated_epochs=1,
        eval_every=1,
        limit=48,
    )
