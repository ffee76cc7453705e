"""What the compared systems minimise and how their batches are drawn; rows of `METHODS` name it.

Every number here is the default of a loss in `hsm.losses`, which gives its source, or ours;
`loss_setting` replaces it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.data.sampling import BatchOrder, bounded_classes, super_class_groups
from hsm.data.triplet_mining import random_triplets, triplet_order
from hsm.evaluation import damped_unit_length
from hsm.experiments.config import RunConfig
from hsm.losses import (
    DeepSpectralClustering,
    FacilityLocation,
    HardAwareContrastive,
    LiftedStructure,
    ProxyNCA,
    TripletRatio,
    TripletSemiHard,
)
from hsm.models.cascade import head_widths
from hsm.training.objective import OutputObjective
from hsm.training.smart_mining import SmartMining

# Images over classes in a batch: ours for triplets and the lifted loss; the facility location
# paper's for CUB-200-2011 and Cars196.
_IMAGES_A_CLASS = 4
# Ours, as the paper's batch is not known: its loss needs well more images than dimensions.
_SPECTRAL_IMAGES, _IMAGES_A_DIMENSION = 128, 2
# Yuan et al.'s for Cars196 and CUB-200-2011: 10 classes of 10 images; for Products and In-shop 10
# classes from each of two super-classes, in smaller batches fewer in proportion.
_HDC_BATCH, _HDC_CLASSES = 100, 10


def triplet_objective(config: RunConfig) -> OutputObjective:
    """Return semi-hard triplets."""
    return OutputObjective(TripletSemiHard(**loss_setting(config, "margin")))


def lifted_objective(config: RunConfig) -> OutputObjective:
    """Return the lifted structured loss."""
    return OutputObjective(LiftedStructure(**loss_setting(config, "margin")))


def clustering_objective(config: RunConfig) -> OutputObjective:
    """Return structured clustering by facility location."""
    return OutputObjective(FacilityLocation(**loss_setting(config, "gamma")))


def spectral_objective(config: RunConfig) -> OutputObjective:
    """Return spectral clustering with labels, in the memory of a batch of the other methods.

    Raises:
        ValueError: with XLA, which takes no slices of a batch whose size the graph does not know.
    """
    if config.xla:
        raise ValueError(
            "expected no xla with the method spectral, whose batches go through the network in "
            "slices. Received: xla=True. Leave one of the two out."
        )
    return OutputObjective(DeepSpectralClustering(), slice_size=config.batch_size)


def smart_mining_objective(config: RunConfig) -> OutputObjective:
    """Return triplet ratios and the global loss; count the triplets with a ratio loss."""
    loss = TripletRatio(**loss_setting(config, "margin"))
    return OutputObjective(loss, counted=loss.active)


def proxy_nca_objective(config: RunConfig) -> OutputObjective:
    """Return NCA on squared distances to proxies."""
    return OutputObjective(ProxyNCA(**loss_setting(config, "scale")))


def loss_setting(config: RunConfig, argument: str) -> dict[str, Any]:
    """Return the loss's number where the configuration has one."""
    return {} if config.loss_setting is None else {argument: config.loss_setting}


def hdc_objective(config: RunConfig) -> OutputObjective:
    """Return the contrastive loss of each of three heads, on harder and harder pairs."""
    widths = head_widths(config.embedding_dim)
    loss = HardAwareContrastive(
        cascade=config.hdc_cascade, widths=widths, **loss_setting(config, "margin")
    )
    return OutputObjective(loss)


def hdc_order(labels: ArrayLike, config: RunConfig, epoch: int) -> BatchOrder:
    """Return batches of 10 classes of 10 images where they hold 100, else as `bounded_order`.

    Raises:
        ValueError: as `bounded_order`.
    """
    if config.batch_size != _HDC_BATCH:
        return bounded_order(labels, config, epoch)
    return bounded_classes(
        labels,
        classes=_HDC_CLASSES,
        batch_size=_HDC_BATCH,
        seed=config.seed,
        epoch=epoch,
    )


def hdc_grouped_order(
    labels: ArrayLike, super_classes: ArrayLike, config: RunConfig, epoch: int
) -> BatchOrder:
    """Return batches cut from groups of classes of two super-classes, or of one as `hdc_order`.

    A class counts to the super-class of its first image.

    Raises:
        ValueError: as `hdc_order`.
    """
    numbers, kinds = np.asarray(labels), np.asarray(super_classes)
    _, first, places = np.unique(numbers, return_index=True, return_inverse=True)
    of_class = kinds[first]
    if len(np.unique(of_class)) < 2:
        return hdc_order(labels, config, epoch)
    return super_class_groups(
        numbers,
        of_class[places],
        classes=max(1, config.batch_size * _HDC_CLASSES // _HDC_BATCH),
        batch_size=config.batch_size,
        seed=config.seed,
        epoch=epoch,
    )


def bounded_order(labels: ArrayLike, config: RunConfig, epoch: int) -> BatchOrder:
    """Return batches of a quarter as many classes as images, or of all where there are fewer.

    Raises:
        ValueError: for a batch size that a quarter does not divide, or of a single class, whose
            losses are 0.
    """
    classes, rest = divmod(config.batch_size, _IMAGES_A_CLASS)
    if rest or classes < 2:
        raise ValueError(
            f"the batches of {config.method} hold {_IMAGES_A_CLASS} images of each of their "
            f"classes: expected `batch_size` to be a multiple of {_IMAGES_A_CLASS}, at least "
            f"{2 * _IMAGES_A_CLASS}. Received: batch_size={config.batch_size}"
        )
    return bounded_classes(
        labels,
        classes=classes,
        batch_size=config.batch_size,
        seed=config.seed,
        epoch=epoch,
    )


def spectral_order(labels: ArrayLike, config: RunConfig, epoch: int) -> BatchOrder:
    """Return `bounded_order`, with as many of its batches joined as the loss needs images.

    That is 128 or twice as many as the embedding has dimensions, or all images if there are fewer.

    Raises:
        ValueError: as `bounded_order`, or if there are no more images than dimensions.
    """
    order = bounded_order(labels, config, epoch)
    fewest = max(_SPECTRAL_IMAGES, _IMAGES_A_DIMENSION * config.embedding_dim)
    joined = -(-fewest // int(order.sizes[0]))
    starts = np.arange(max(1, order.steps // joined)) * joined
    sizes = np.add.reduceat(order.sizes, starts)
    if sizes.min() <= config.embedding_dim:
        raise ValueError(
            "expected batches of more images than the embedding has dimensions, without which "
            f"{config.method} learns nothing. Received: embedding_dim={config.embedding_dim} and "
            f"batches of {sizes.min()} images, from {len(np.asarray(labels))} in all. Use a "
            "smaller `embedding_dim`, or more training images."
        )
    return BatchOrder(order.indices, sizes)


def random_triplet_order(labels: ArrayLike, config: RunConfig, epoch: int) -> BatchOrder:
    """Return batches of random triplets, as those of smart mining's first epochs."""
    triplets = random_triplets(labels, batch_size=config.batch_size, seed=config.seed, epoch=epoch)
    return triplet_order(triplets, config.batch_size)


def smart_miner(
    labels: ArrayLike, config: RunConfig, embed: Callable[[], NDArray[np.float32]]
) -> SmartMining:
    """Return smart mining on features at unit length, which its loss sees."""
    return SmartMining(
        labels,
        lambda: damped_unit_length(embed()),
        batch_size=config.batch_size,
        seed=config.seed,
    )
