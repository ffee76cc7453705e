"""The search for the clustering that violates the labels most, every candidate at once."""

from __future__ import annotations

import math
from typing import NamedTuple

import tensorflow as tf

from hsm.losses.pairwise import same_label

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

    distances: tf.Tensor
    same: tf.Tensor
    classes: tf.Tensor
    gamma: tf.Tensor

    def greedy(self) -> tf.Tensor:
        """Return as many medoids as there are classes, each the best addition to those before."""

        def add(place: tf.Tensor, medoids: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            nearest, margin = self._with_each_candidate(medoids)
            score = self.gamma * margin - tf.reduce_sum(nearest, axis=1)
            return place + 1, self._put_best(medoids, place, score, _among(medoids) == 0)

        medoids = tf.fill([self._size()], _NONE)
        return tf.while_loop(self._any_place_left, add, (0, medoids))[1]

    def refined(self, medoids: tf.Tensor, rounds: int) -> tf.Tensor:
        """Return the medoids after `rounds` rounds over all clusters."""

        def one_round(number: tf.Tensor, medoids: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return number + 1, self._one_round(medoids)

        return tf.while_loop(lambda number, _: number < rounds, one_round, (0, medoids))[1]

    def assigned(self, medoids: tf.Tensor) -> tf.Tensor:
        """Return every example's medoid, int32 [b]: its nearest, and a medoid's is itself."""
        return tf.argmin(self._to_medoids(medoids), axis=1, output_type=tf.int32)

    def class_medoids(self) -> tf.Tensor:
        """Return every example's best single medoid of its class, int32 [b]."""
        same = tf.cast(self.same, tf.float32)
        travel = tf.reduce_sum(same * self.distances, axis=0)
        return tf.argmin(tf.where(self.same, travel[None], math.inf), axis=1, output_type=tf.int32)

    def margin(self, medoids: tf.Tensor) -> tf.Tensor:
        """Return Delta of the clustering by `medoids`, a float32 scalar."""
        together = same_label(self.assigned(medoids))
        nobody = tf.zeros([1, self._size()])
        return self._margins(nobody, together)[0]

    def _one_round(self, medoids: tf.Tensor) -> tf.Tensor:
        """Return the medoids after every cluster, in their order, tried its members in its place.

        Clusters are those at the beginning of the round.
        """
        cluster = self.assigned(medoids)
        members = tf.cast(same_label(cluster), tf.float32)
        travel = tf.reduce_sum(members * self.distances, axis=0)

        def swap(place: tf.Tensor, current: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            others = tf.tensor_scatter_nd_update(current, [[place]], [_NONE])
            score = self.gamma * self._with_each_candidate(others)[1] - travel
            return place + 1, self._put_best(current, place, score, cluster == medoids[place])

        return tf.while_loop(self._any_place_left, swap, (0, medoids))[1]

    def _any_place_left(self, place: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
        return place < self.classes

    def _put_best(
        self, medoids: tf.Tensor, place: tf.Tensor, score: tf.Tensor, allowed: tf.Tensor
    ) -> tf.Tensor:
        """Return `medoids` with the candidate of the highest score, of the allowed ones."""
        best = tf.argmax(tf.where(allowed, score, -math.inf), output_type=tf.int32)
        return tf.tensor_scatter_nd_update(medoids, [[place]], [best])

    def _size(self) -> tf.Tensor:
        return tf.shape(self.distances)[0]

    def _to_medoids(self, medoids: tf.Tensor) -> tf.Tensor:
        """Return distances to medoids, float32 [b, b]: infinite to others, -1 of one to itself."""
        itself = tf.linalg.set_diag(self.distances, tf.fill([self._size()], -1.0))
        return tf.where(_among(medoids)[None] > 0, itself, math.inf)

    def _with_each_candidate(self, medoids: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return what clusterings are like that have each example as one more medoid.

        Returns:
            Distances of examples to their medoids, float32 [candidate, b], and Delta, float32
            [candidate].
        """
        to_medoids = self._to_medoids(medoids)
        nearest = tf.reduce_min(to_medoids, axis=1)
        itself = tf.linalg.set_diag(self.distances, tf.fill([self._size()], -1.0))
        moves = itself < nearest[None]
        together = same_label(tf.argmin(to_medoids, axis=1))
        distances = tf.where(moves, self.distances, tf.maximum(nearest, 0.0)[None])
        return distances, self._margins(tf.cast(moves, tf.float32), together)

    def _margins(self, moves: tf.Tensor, together: tf.Tensor) -> tf.Tensor:
        """Return 1 - NMI of clusterings and labels, float32 [candidate].

        A sum over the cells of a contingency table, n log n, is a sum over examples, log n of the
        cell that an example lies in; n is a product of two matrices.

        Args:
            moves: float32 [candidate, b], 1 where an example goes over to the candidate.
            together: bool [b, b], which pairs are in one cluster where neither moves.
        """
        stays = 1.0 - moves
        same = tf.cast(self.same, tf.float32)
        old = tf.cast(together, tf.float32)
        cell = moves * (moves @ same) + stays * (stays @ (same * old))
        cluster = moves * tf.reduce_sum(moves, axis=1, keepdims=True) + stays * (stays @ old)
        of_labels, of_clusters = _entropy(tf.reduce_sum(same, axis=0)), _entropy(cluster)
        information = of_labels + of_clusters - _entropy(cell)
        mean = tf.sqrt(of_labels * of_clusters)
        trivial = tf.cast((of_labels == 0.0) & (of_clusters == 0.0), tf.float32)
        return 1.0 - tf.where(mean > 0.0, tf.math.divide_no_nan(information, mean), trivial)


def _entropy(counts: tf.Tensor) -> tf.Tensor:
    """Return entropies in nats, float32 [...], from the size of each example's cell, [..., b]."""
    return -tf.reduce_mean(tf.math.log(counts / tf.cast(tf.shape(counts)[-1], tf.float32)), axis=-1)


def _among(medoids: tf.Tensor) -> tf.Tensor:
    """Return 1 for the examples that are medoids, else 0, float32 [b]."""
    return tf.reduce_sum(tf.one_hot(medoids, tf.size(medoids)), axis=0)
