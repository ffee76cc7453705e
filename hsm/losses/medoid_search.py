"""The search for the clustering that violates the labels most, every candidate at once."""

from __future__ import annotations

from typing import NamedTuple

from keras import ops

from hsm.losses.pairwise import itself, same_label
from hsm.losses.tensors import Tensor, places

_NONE = -1  # a place of the list of medoids that is still empty


class MedoidSearch(NamedTuple):
    """The loss-augmented search for medoids, every candidate of a step at once.

    Medoids are int32 [b]: the examples in the order in which they were chosen, then _NONE.

    Attributes:
        distances: float32 [b, b], constants.
        same: bool [b, b], which pairs share a label.
        classes: int32 scalar, how many labels there are: the number of medoids.
        gamma: float32 scalar, weight of the structured margin.
    """

    distances: Tensor
    same: Tensor
    classes: Tensor
    gamma: Tensor

    def greedy(self) -> Tensor:
        """Return as many medoids as there are classes, each the best addition to those before."""

        def add(place: Tensor, medoids: Tensor) -> tuple[Tensor, Tensor]:
            nearest, margin = self._with_each_candidate(medoids)
            score = self.gamma * margin - ops.sum(nearest, axis=1)
            return place + 1, self._put_best(medoids, place, score, ~_among(medoids))

        medoids = ops.zeros_like(self._places()) + _NONE
        return ops.while_loop(self._any_place_left, add, (_first(), medoids))[1]

    def refined(self, medoids: Tensor, rounds: int) -> Tensor:
        """Return the medoids after `rounds` rounds over all clusters."""

        def one_round(number: Tensor, medoids: Tensor) -> tuple[Tensor, Tensor]:
            return number + 1, self._one_round(medoids)

        def goes_on(number: Tensor, medoids: Tensor) -> Tensor:
            return number < rounds

        return ops.while_loop(goes_on, one_round, (_first(), medoids))[1]

    def assigned(self, medoids: Tensor) -> Tensor:
        """Return every example's medoid, int32 [b]: its nearest, and a medoid's is itself."""
        return ops.cast(ops.argmin(self._to_medoids(medoids), axis=1), "int32")

    def class_medoids(self) -> Tensor:
        """Return every example's best single medoid of its class, int32 [b]."""
        same = ops.cast(self.same, "float32")
        travel = ops.sum(same * self.distances, axis=0)
        own = ops.where(self.same, travel[None], float("inf"))
        return ops.cast(ops.argmin(own, axis=1), "int32")

    def margin(self, medoids: Tensor) -> Tensor:
        """Return Delta of the clustering by `medoids`, a float32 scalar."""
        together = same_label(self.assigned(medoids))
        nobody = ops.zeros_like(self.distances[:1])
        return self._margins(nobody, together)[0]

    def _one_round(self, medoids: Tensor) -> Tensor:
        """Return the medoids after every cluster, in their order, tried its members in its place.

        Clusters are those at the beginning of the round.
        """
        cluster = self.assigned(medoids)
        members = ops.cast(same_label(cluster), "float32")
        travel = ops.sum(members * self.distances, axis=0)

        def swap(place: Tensor, current: Tensor) -> tuple[Tensor, Tensor]:
            others = ops.where(self._places() == place, _NONE, current)
            score = self.gamma * self._with_each_candidate(others)[1] - travel
            return place + 1, self._put_best(current, place, score, cluster == medoids[place])

        return ops.while_loop(self._any_place_left, swap, (_first(), medoids))[1]

    def _any_place_left(self, place: Tensor, _: Tensor) -> Tensor:
        return place < self.classes

    def _put_best(self, medoids: Tensor, place: Tensor, score: Tensor, allowed: Tensor) -> Tensor:
        """Return `medoids` with the candidate of the highest score, of the allowed ones."""
        best = ops.cast(ops.argmax(ops.where(allowed, score, -float("inf"))), "int32")
        return ops.where(self._places() == place, best, medoids)

    def _places(self) -> Tensor:
        return places(self.distances)

    def _own_first(self) -> Tensor:
        """Return distances, float32 [b, b], but -1 from an example to itself."""
        return ops.where(itself(self.distances), -1.0, self.distances)

    def _to_medoids(self, medoids: Tensor) -> Tensor:
        """Return distances to medoids, float32 [b, b]: infinite to others, -1 of one to itself."""
        return ops.where(_among(medoids)[None], self._own_first(), float("inf"))

    def _with_each_candidate(self, medoids: Tensor) -> tuple[Tensor, Tensor]:
        """Return what clusterings are like that have each example as one more medoid.

        Returns:
            Distances of examples to their medoids, float32 [candidate, b], and Delta, float32
            [candidate].
        """
        to_medoids = self._to_medoids(medoids)
        nearest = ops.min(to_medoids, axis=1)
        moves = self._own_first() < nearest[None]
        together = same_label(ops.argmin(to_medoids, axis=1))
        distances = ops.where(moves, self.distances, ops.maximum(nearest, 0.0)[None])
        return distances, self._margins(ops.cast(moves, "float32"), together)

    def _margins(self, moves: Tensor, together: Tensor) -> Tensor:
        """Return 1 - NMI of clusterings and labels, float32 [candidate].

        A sum over the cells of a contingency table, n log n, is a sum over examples, log n of the
        cell that an example lies in; n is a product of two matrices.

        Args:
            moves: float32 [candidate, b], 1 where an example goes over to the candidate.
            together: bool [b, b], which pairs are in one cluster where neither moves.
        """
        stays = 1.0 - moves
        same = ops.cast(self.same, "float32")
        old = ops.cast(together, "float32")
        cell = moves * ops.matmul(moves, same) + stays * ops.matmul(stays, same * old)
        cluster = moves * ops.sum(moves, axis=1, keepdims=True) + stays * ops.matmul(stays, old)
        of_labels, of_clusters = _entropy(ops.sum(same, axis=0)), _entropy(cluster)
        information = of_labels + of_clusters - _entropy(cell)
        mean = ops.sqrt(of_labels * of_clusters)
        trivial = ops.cast((of_labels == 0.0) & (of_clusters == 0.0), "float32")
        return 1.0 - ops.where(mean > 0.0, ops.divide_no_nan(information, mean), trivial)


def _entropy(counts: Tensor) -> Tensor:
    """Return entropies in nats, float32 [...], from the size of each example's cell, [..., b]."""
    size = ops.cast(ops.shape(counts)[-1], "float32")
    return -ops.mean(ops.log(counts / size), axis=-1)


def _first() -> Tensor:
    return ops.zeros((), "int32")


def _among(medoids: Tensor) -> Tensor:
    """Return which examples are medoids, bool [b]."""
    return ops.any(medoids[:, None] == places(medoids)[None], axis=0)
