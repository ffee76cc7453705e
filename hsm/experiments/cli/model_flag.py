"""The flag --model of the drivers that take up a trained run, and the data it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from absl import flags

from hsm.data.catalog import CATALOG
from hsm.experiments.cli import data_flags
from hsm.experiments.config import RunConfig

if TYPE_CHECKING:
    from hsm.data.sources.source import ImageSource

FLAGS = flags.FLAGS

flags.DEFINE_string(
    "model",
    None,
    "Folder of a trained run, as table1 leaves it: <output_dir>/runs/<name>. Default: none.",
)


def dataset_of(config: RunConfig) -> str:
    """Return the data set that --dataset names, or else the run's own.

    Raises:
        ValueError: if it names several, or the flags do not go together.
    """
    # A folder of images goes by its own name in the configuration.
    own = config.dataset if config.dataset in CATALOG else "image_folder"
    chosen = data_flags.datasets(None if FLAGS["dataset"].present else [own])
    if len(chosen) > 1:
        raise ValueError(
            f"expected --dataset to be one data set. Received: --dataset={','.join(chosen)}"
        )
    return chosen[0]


def trained_source(config: RunConfig, class_names: Sequence[str]) -> ImageSource:
    """Return the data of the flags, held to be that of a run.

    Args:
        config: of the run.
        class_names: of its training classes.

    Raises:
        ValueError: if its training classes are others, or as `dataset_of`.
        ValueError, OSError: if it cannot be read.
    """
    from hsm.data.sources import load_source

    dataset = dataset_of(config)
    options = data_flags.source_options(dataset, config.limit)
    source = load_source(
        dataset,
        split=config.split,
        validation_classes=config.validation_classes,
        **options,
    )
    if source.train.class_names != tuple(class_names):
        raise ValueError(
            f"expected the data of the model, which was trained on {len(class_names)} classes of "
            f"{config.dataset} ({', '.join(class_names[:3])}, …). Received: the "
            f"{source.train.num_classes} training classes of {source.name}. Name its data with "
            "--dataset and --data_dir, and with --train_classes and --folder_layout if it was "
            "trained with those."
        )
    return source
