"""An epoch of shuffled crops, as runs train on them."""

from __future__ import annotations

import numpy as np

from hsm.data import pipeline
from hsm.data.sampling import shuffled


def shuffled_batches(split, *, crop, batch_size, seed, epoch, start_step=0, **options):
    """The batches of an epoch; `options` are those of `pipeline.Crop`."""
    order = shuffled(split.labels, batch_size=batch_size, seed=seed, epoch=epoch)
    crops = pipeline.TrainingBatches(split, pipeline.Crop(crop, **options))
    return crops(order, seed=seed, epoch=epoch, start_step=start_step)


def in_numpy(batches):
    """Batches as a list of pairs of arrays."""
    return [(np.asarray(pixels), np.asarray(labels)) for pixels, labels in batches]
