"""Structured clustering by facility location: the best wrong clustering against the labels' own."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from hsm.losses.embedding_loss import EmbeddingLoss, not_negative
from hsm.losses.medoid_search import MedoidSearch
from hsm.losses.pairwise import root, same_label, squared_distances
from hsm.losses.tensors import Tensor, places


@keras.saving.register_keras_serializable(package="hsm")
class FacilityLocation(EmbeddingLoss):
    """The most violated clustering of a batch against the clustering by its labels.

    Formula, with D_ij = ||x_i - x_j||, not squared, g(S) the assignment of every example to its
    nearest medoid in S, C the number of classes in the batch, y its labels, and H entropies:

        F(S) = -sum_i min_{j in S} D_ij
        Delta(S) = 1 - NMI(g(S), y),  NMI = I(g(S), y) / sqrt(H(g(S)) H(y))
        L = [ max_{|S| = C} (F(S) + gamma Delta(S)) - sum_c max_{j in c} sum_{i in c} -D_ij ]+

    The maximum is searched: greedily, one medoid after another, and then in rounds in which every
    cluster tries each of its members as its medoid, scored by the distances to the cluster's
    members plus gamma Delta. Medoids, assignment and Delta are constants in the gradient. L is a
    sum over the batch: gamma and learning rate depend on its size. A batch of one class, and one
    in which every class has one example, give 0.

    NMI has the geometric mean, as in the paper, which is no longer scikit-learn's default. The
    search equals that of `cluster_loss` in TensorFlow's contrib, where no distances are equal.

    For a gamma that decays while a graph is in use, call `facility_location` with a variable.

    Example:
        >>> model.compile("rmsprop", loss=FacilityLocation(gamma=10.0))

    Args:
        gamma: weight of the structured margin Delta; 0 or more.
        rounds: rounds after the greedy search; 0 or more. 5 in the authors' code.
        **kwargs: `name` and `reduction` of `keras.losses.Loss`; `dtype` has no effect.

    Call arguments:
        y_true: labels, `(batch,)` or `(batch, 1)`; integers of any dtype.
        y_pred: embeddings, floating-point `(batch, k)`, of unit length in the paper.

    Raises:
        ValueError: If an argument is out of range; in a call if a shape is another.

    Reference:
        Oh Song et al., Deep Metric Learning via Facility Location, 2017.
    """

    def __init__(self, gamma: float = 1.0, *, rounds: int = 5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if rounds < 0 or rounds != int(rounds):
            raise ValueError(
                f"expected rounds to be an integer of 0 or more. Received: rounds={rounds!r}"
            )
        self.gamma = not_negative("gamma", gamma)
        self.rounds = int(rounds)

    def batch_loss(self, labels: Tensor, embeddings: Tensor) -> Tensor:
        """Return the hinge, a float32 scalar."""
        return facility_location(labels, embeddings, self.gamma, rounds=self.rounds)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "gamma": self.gamma, "rounds": self.rounds}


def facility_location(labels: Tensor, embeddings: Tensor, gamma: Any, *, rounds: int = 5) -> Tensor:
    """Return the loss of `FacilityLocation`.

    Args:
        labels: int [b].
        embeddings: float32 [b, k].
        gamma: weight of the structured margin: a number, a tensor or a variable, float32 scalar.
        rounds: rounds after the greedy search.

    Returns:
        float32 scalar.
    """
    distances = root(squared_distances(embeddings))
    gamma = ops.convert_to_tensor(gamma, "float32")
    same = same_label(labels)
    place = places(labels)
    earlier = same & (place[None] < place[:, None])
    classes = ops.sum(ops.cast(~ops.any(earlier, axis=1), "int32"))
    search = MedoidSearch(ops.stop_gradient(distances), same, classes, gamma)
    medoids = search.refined(search.greedy(), rounds)
    score = -_travel(distances, search.assigned(medoids))
    own_score = -_travel(distances, search.class_medoids())
    return ops.relu(score + gamma * search.margin(medoids) - own_score)


def _travel(distances: Tensor, medoid: Tensor) -> Tensor:
    """Return the sum of the distances of all examples to their medoids, int32 [b]."""
    return ops.sum(ops.take_along_axis(distances, medoid[:, None], axis=1))
