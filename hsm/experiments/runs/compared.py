"""What the compared systems minimise and how their batches are drawn; rows of `METHODS` name it.

Numbers that a system's paper states are taken; where it states none, or settings that need another
batch than section 5.1's, what stands here is ours and says so.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hsm.data.sampling import BatchOrder, balanced, bounded_classes, shuffled
from hsm.experiments.config import RunConfig
from hsm.losses import FacilityLocation, LiftedStructure, ProxyNCA, TripletSemiHard
from hsm.training.objective import OutputObjective

# Ours: of each class in a batch, as in later comparisons at batches of 32.
_IMAGES = 4
# Images over classes in a batch, as the facility location paper has it for CUB and Cars196.
_IMAGES_A_CLASS = 4
# Ours: neither paper states its own.
_FACILITY_GAMMA, _PROXY_SCALE = 1.0, 1.0


def triplet_objective(config: RunConfig) -> OutputObjective:
    """Semi-hard triplets with the margin of FaceNet, 0.2."""
    return OutputObjective(TripletSemiHard())


def lifted_objective(config: RunConfig) -> OutputObjective:
    """The lifted structured loss with the margin of its released code, 1."""
    return OutputObjective(LiftedStructure())


def clustering_objective(config: RunConfig) -> OutputObjective:
    """Structured clustering by facility location."""
    return OutputObjective(FacilityLocation(_FACILITY_GAMMA))


def proxy_nca_objective(config: RunConfig) -> OutputObjective:
    """NCA on squared distances to proxies, the positive one outside of the denominator."""
    return OutputObjective(ProxyNCA(_PROXY_SCALE))


def triplet_order(labels: ArrayLike, config: RunConfig, epoch: int) -> BatchOrder:
    """Batches of four images from each of their classes."""
    return balanced(
        labels,
        classes=min(max(1, config.batch_size // _IMAGES), len(np.unique(labels))),
        images=min(_IMAGES, config.batch_size),
        seed=config.seed,
        epoch=epoch,
    )


def lifted_order(labels: ArrayLike, config: RunConfig, epoch: int) -> BatchOrder:
    """Batches as those of `triplet_order`."""
    return triplet_order(labels, config, epoch)


def clustering_order(labels: ArrayLike, config: RunConfig, epoch: int) -> BatchOrder:
    """Batches of a quarter as many classes as images."""
    return bounded_classes(
        labels,
        classes=max(1, config.batch_size // _IMAGES_A_CLASS),
        batch_size=config.batch_size // _IMAGES_A_CLASS * _IMAGES_A_CLASS or config.batch_size,
        seed=config.seed,
        epoch=epoch,
    )


def proxy_nca_order(labels: ArrayLike, config: RunConfig, epoch: int) -> BatchOrder:
    """Every image once, in an order that the seed and the epoch decide."""
    return shuffled(labels, batch_size=config.batch_size, seed=config.seed, epoch=epoch)
