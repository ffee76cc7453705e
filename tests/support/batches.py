"""An epoch of shuffled crops, as runs train on them."""

from __future__ import annotations

from hsm.data import pipeline
from hsm.data.sampling import shuffled


def shuffled_batches(split, *, crop, batch_size, seed, epoch, start_step=0, **options):
    """The batches of an epoch; `options` are those of `pipeline.Crop`."""
    order = shuffled(split.labels, batch_size=batch_size, seed=seed, epoch=epoch)
    return pipeline.training_batches(
        split,
        order,
        crop=pipeline.Crop(crop, **options),
        seed=seed,
        epoch=epoch,
        start_step=start_step,
    )
