"""The builder for In-shop under the checks that TensorFlow Datasets makes of its own builders."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import tensorflow_datasets as tfds
from support import archive_factory

from hsm.data.tfds_inshop import InshopRetrieval

for package in ("importlib_resources", "dill"):
    pytest.importorskip(package, reason="TensorFlow Datasets needs it to check a builder")


class InshopRetrievalTest(tfds.testing.DatasetBuilderTestCase):
    DATASET_CLASS = InshopRetrieval
    SPLITS = {"train": 5, "query": 5, "gallery": 2}  # noqa: RUF012

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.EXAMPLE_DIR = str(archive_factory.inshop(Path(folder.name)))
        super().setUpClass()
