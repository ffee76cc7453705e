"""The flag --model of the drivers that take up a trained run, and the data it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from absl import flags

from hsm.experiments import data_flags
from hsm.experiments.config import RunConfig

if TYPE_CHECKING:
    from hsm.data.sources.source import ImageSource

flags.DEFINE_string(
    "model",
    None,
    "Folder of a trained run, as table1 leaves it: <output_dir>/runs/<name>. Default: none.",
)


def trained_source(config: RunConfig, class_names: Sequence[str]) -> ImageSource:
    """The data of the flags, held to be that of a run.

    Args:
        config: of the run.
        class_names: of its training classes.

    Raises:
        ValueError: if the flags name several data sets, or one with other training classes.
        ValueError, OSError: if it cannot be read.
    """
    from hsm.data.sources import load_source

    datasets = data_flags.datasets()
    if len(datasets) != 1:
        raise ValueError(
            f"--dataset must name one data set, that of the model. Received: {','.join(datasets)}"
        )
    options = data_flags.source_options(datasets[0], config.limit)
    source = load_source(datasets[0], split=config.split, **options)
    if source.train.class_names != tuple(class_names):
        raise ValueError(
            f"the model was trained on {len(class_names)} classes of {config.dataset} "
            f"({', '.join(class_names[:3])}, …), which are not the {source.train.num_classes} "
            f"training classes of {source.name}: name its data with --dataset and --data_dir, and "
            "with --train_classes if it was trained with that"
        )
    return source
