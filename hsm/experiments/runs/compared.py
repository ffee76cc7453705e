"""What the compared systems minimise and how their batches are drawn; rows of `METHODS` name it.

Every number here is the default of a loss in `hsm.losses`, which gives its source, or ours;
`loss_setting` replaces it.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from hsm.data.sampling import BatchOrder, bounded_classes
from hsm.experiments.config import RunConfig
from hsm.losses import FacilityLocation, LiftedStructure, ProxyNCA, TripletSemiHard
from hsm.training.objective import OutputObjective

# Images over classes in a batch: ours for triplets and the lifted loss; the facility location
# paper's for CUB-200-2011 and Cars196.
_IMAGES_A_CLASS = 4


def triplet_objective(config: RunConfig) -> OutputObjective:
    """Semi-hard triplets."""
    return OutputObjective(TripletSemiHard(**_loss_setting(config, "margin")))


def lifted_objective(config: RunConfig) -> OutputObjective:
    """The lifted structured loss."""
    return OutputObjective(LiftedStructure(**_loss_setting(config, "margin")))


def clustering_objective(config: RunConfig) -> OutputObjective:
    """Structured clustering by facility location."""
    return OutputObjective(FacilityLocation(**_loss_setting(config, "gamma")))


def proxy_nca_objective(config: RunConfig) -> OutputObjective:
    """NCA on squared distances to proxies."""
    return OutputObjective(ProxyNCA(**_loss_setting(config, "scale")))


def _loss_setting(config: RunConfig, argument: str) -> dict[str, Any]:
    """The loss's number where the configuration has one."""
    return {} if config.loss_setting is None else {argument: config.loss_setting}


def bounded_order(labels: ArrayLike, config: RunConfig, epoch: int) -> BatchOrder:
    """Batches of a quarter as many classes as images, or of all where there are fewer.

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
