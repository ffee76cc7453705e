"""Smart mining: each epoch's triplets from its first weights, as hard as a controller asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.data.sampling import BatchOrder
from hsm.data.triplet_mining import mined_triplets, random_triplets, triplet_order
from hsm.training.step import Totals

# The paper's.
_RANDOM_EPOCHS = 2
# The middle of the paper's 50 to 75 %.
_TARGET = 0.625
# Of the paper's 1, 4, 16 and 64: it starts large and relaxes. Which one is ours.
_FIRST_KAPPA, _LARGEST_KAPPA = 16.0, 64.0
# A smaller one is the same: neighbours are sorted, and the bound lies at the nearest positive.
_LEAST_KAPPA = 1.0
# Ours, as the paper has none: enough to hold positives and negatives.
_NEIGHBOURS = 200


def next_kappa(history: Sequence[tuple[float, float]]) -> float:
    """Return the bound at which the share of triplets with a loss is expected to be the target.

    kappa = a share + b by least squares over the epochs so far. A larger bound gives softer
    triplets: where the line does not fall, as with a single epoch, the bound is halved if the share
    was less than the target, and else doubled. That is ours, as the limits 1 and 64 are.

    Args:
        history: share 0..1 and kappa of every epoch that was mined, in order.

    Returns:
        1 to 64; 16 without a history.
    """
    if not history:
        return _FIRST_KAPPA
    shares, kappas = np.array(history, np.float64).T
    spread = shares - shares.mean()
    covariance = float(spread @ kappas)
    if covariance < 0.0:
        kappa = kappas.mean() + covariance / float(spread @ spread) * (_TARGET - shares.mean())
    else:
        kappa = kappas[-1] * (0.5 if shares[-1] < _TARGET else 2.0)
    return float(np.clip(kappa, _LEAST_KAPPA, _LARGEST_KAPPA))


class SmartMining:
    """The batches of every epoch, a function of what a checkpoint keeps.

    Two epochs of random triplets, then those that the weights at the start of the epoch give.

    Args:
        labels: int [n], of the training images.
        embed: the embeddings [n, d] of all training images by the weights of now.
        batch_size: images a batch, see `random_triplets`.
        seed: 0 or more.
    """

    def __init__(
        self,
        labels: ArrayLike,
        embed: Callable[[], NDArray[np.float32]],
        *,
        batch_size: int,
        seed: int,
    ) -> None:
        self._labels = labels
        self._embed = embed
        self._batch_size = batch_size
        self._seed = seed
        self._history: list[tuple[float, float]] = []
        # The epoch under way, whose first weights are gone, and its triplets.
        self._mined: tuple[int, NDArray[np.int64]] | None = None

    @property
    def history(self) -> tuple[tuple[float, float], ...]:
        """Share of the triplets that had a loss, and kappa, of every epoch that was mined."""
        return tuple(self._history)

    def order(self, epoch: int) -> BatchOrder:
        """Return the batches of an epoch, mined with the present weights if it is a new one."""
        if epoch > _RANDOM_EPOCHS and (self._mined is None or self._mined[0] != epoch):
            self._mined = epoch, self._mine(epoch)
        triplets = self._random(epoch) if self._mined is None else self._mined[1]
        return triplet_order(triplets, self._batch_size)

    def learn(self, epoch: int, totals: Totals) -> None:
        """Add an epoch to the history; `totals.correct` are its triplets with a loss."""
        if epoch > _RANDOM_EPOCHS:
            self._history.append((totals.correct / (totals.examples / 3), self._kappa()))
        self._mined = None

    def state(self) -> dict[str, Any]:
        """Return history and triplets of the epoch under way as JSON values."""
        mined = self._mined and {"epoch": self._mined[0], "triplets": self._mined[1].tolist()}
        return {"history": self.history, "mined": mined}

    def restore(self, state: dict[str, Any] | None) -> None:
        """Go on from `state`.

        Raises:
            ValueError: if it is not what `state` returned, of as many images.
        """
        try:
            given = state or {"history": [], "mined": None}
            history = [(float(share), float(kappa)) for share, kappa in given["history"]]
            mined = given["mined"] and (int(given["mined"]["epoch"]), self._checked(given["mined"]))
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(
                f"expected the history and the triplets of smart mining. Received: {error!r}"
            ) from error
        self._history, self._mined = history, mined

    def _checked(self, mined: dict[str, Any]) -> NDArray[np.int64]:
        triplets, expected = np.array(mined["triplets"], np.int64), self._random(1).shape
        is_valid = triplets.shape == expected and 0 <= triplets.min() <= triplets.max() < len(
            np.asarray(self._labels)
        )
        if not is_valid:
            raise ValueError(
                f"expected {expected[0]} triplets of these images. Received: shape={triplets.shape}"
            )
        return triplets

    def _kappa(self) -> float:
        return next_kappa(self._history)

    def _random(self, epoch: int) -> NDArray[np.int64]:
        return random_triplets(
            self._labels, batch_size=self._batch_size, seed=self._seed, epoch=epoch
        )

    def _mine(self, epoch: int) -> NDArray[np.int64]:
        return mined_triplets(
            self._embed(),
            self._labels,
            self._random(epoch),
            kappa=self._kappa(),
            neighbours=_NEIGHBOURS,
            seed=(self._seed, epoch),
        )
