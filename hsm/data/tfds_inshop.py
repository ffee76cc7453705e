"""In-shop Clothes Retrieval as a data set of TensorFlow Datasets, which has none of its own.

Example:
    config = tfds.download.DownloadConfig(manual_dir="folder")
    InshopRetrieval().download_and_prepare(download_config=config)

To build, not to read, TensorFlow Datasets needs the package importlib_resources.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from hsm.data.catalog import dataset_info
from hsm.data.sources import inshop
from hsm.data.sources.annotations import Annotations


class InshopRetrieval(tfds.core.GeneratorBasedBuilder):
    """Builder of `inshop_retrieval`: splits train, query and gallery, with an item as the class."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "The partition of list_eval_partition.txt."}  # noqa: RUF012
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        f"The folder must hold {dataset_info('inshop').obtain}. "
        f"{dataset_info('inshop').addresses[0]}"
    )

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=dataset_info("inshop").summary,
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(),
                    "image/filename": tfds.features.Text(),
                    "item_id": tfds.features.Text(),
                }
            ),
            homepage="https://mmlab.ie.cuhk.edu.hk/projects/DeepFashion/InShopRetrieval.html",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        annotations = inshop.read(Path(dl_manager.manual_dir))
        if annotations is None:
            raise FileNotFoundError(
                f"{dl_manager.manual_dir}: expected list_eval_partition.txt. Received: none. "
                f"{self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
            )
        return {part: self._generate_examples(annotations, part) for part in inshop.PARTS}

    def _generate_examples(
        self, annotations: Annotations, part: str
    ) -> Iterator[tuple[str, dict[str, str]]]:
        for index in map(int, np.flatnonzero(annotations.parts == part)):
            path = Path(str(annotations.images[index]))
            name = path.relative_to(annotations.folder).as_posix()
            item = annotations.class_names[annotations.classes[index]]
            yield name, {"image": str(path), "image/filename": name, "item_id": item}
