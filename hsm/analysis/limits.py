"""What alpha → 0 and alpha → ∞ make of probabilities and gradients: eq. 5-10, 15, 18 and 19.

The limits are exact: they are not computed with a large number in the place of infinity. Where
features and weights are not normalised and alpha = 1, the length of the feature takes the place of
alpha (appendix B): equations 15, 18 and 19 have the same right-hand sides as 5, 9 and 10, for the
logits w_m . f_hat.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.analysis.margins import checked_targets, margins
from hsm.metrics.validation import checked_embeddings

FloatArray = NDArray[np.float64]


def probabilities_at_infinity(logits: ArrayLike) -> FloatArray:
    """Return the limit of p(m | x) for alpha → ∞ (eq. 5) or ||f|| → ∞ (eq. 15), [n, M].

        1 / K    where z_m is one of the K largest, equal logits
        0        otherwise

    Args:
        logits: z, [n, M], before alpha multiplies them; for eq. 15 w_m . f_hat.

    Raises:
        ValueError: If the logits are no finite matrix.
    """
    values = checked_embeddings(logits, "logits").astype(np.float64)
    largest = values == values.max(axis=1, keepdims=True)
    return largest / largest.sum(axis=1, keepdims=True)


def probabilities_at_zero(logits: ArrayLike) -> FloatArray:
    """Return the limit of p(m | x, alpha) for alpha → 0, 1 / M everywhere (eq. 5), [n, M].

    It holds where alpha multiplies the whole logit, as in the text; a bias outside of alpha stays.
    """
    values = checked_embeddings(logits, "logits")
    return np.full(values.shape, 1.0 / values.shape[1])


def feature_gradient_at_infinite_norm(
    logits: ArrayLike, labels: ArrayLike, weights: ArrayLike
) -> FloatArray:
    """Return the limit of dl/df of eq. 16 for ||f|| → ∞ (appendix B.1), [n, k].

        sum over m of (p(m|x) - q(m|x)) w_m,    p from eq. 15

    It is 0 for correct samples, and a fixed vector for incorrect ones: -w_y plus the mean of the
    weights of the largest logits.

    Args:
        logits: w_m . f_hat, [n, M].
        labels: y, int [n], 0..M - 1.
        weights: w, [k, M].

    Raises:
        ValueError: If the shapes do not match, a number is not finite or M < 2.
    """
    values, targets = checked_targets(logits, labels)
    columns = checked_embeddings(weights, "weights").astype(np.float64)
    if columns.shape[1] != values.shape[1]:
        raise ValueError(
            "expected a column of weights for each column of logits. "
            f"Received: weights.shape={columns.shape}, logits.shape={values.shape}"
        )
    errors = probabilities_at_infinity(values)
    errors[np.arange(len(values)), targets] -= 1.0
    return errors @ columns.T


def feature_gradient_norms_at_infinity(
    logits: ArrayLike, labels: ArrayLike, weights: ArrayLike
) -> FloatArray:
    """Return the limit of ||dl/df_hat|| for alpha → ∞, 0 or inf (Property 2, eq. 7 and 8), [n].

    It is 0 for correct samples and infinite for incorrect ones, but for the special cases of the
    paper's footnote 1, where the terms cancel; there it is 0. For alpha → 0 it is 0 for every
    sample (Property 1, eq. 6).

    Args:
        logits: z, [n, M], before alpha multiplies them.
        labels: y, int [n], 0..M - 1.
        weights: the columns w_hat_m, [k, M].

    Raises:
        ValueError: As `feature_gradient_at_infinite_norm`.
    """
    # alpha times this vector; what the limit leaves out decays faster than alpha grows.
    slopes = np.linalg.norm(feature_gradient_at_infinite_norm(logits, labels, weights), axis=1)
    return np.where(slopes > 0, np.inf, 0.0)


def weight_gradient_norms_at_infinity(logits: ArrayLike, labels: ArrayLike) -> FloatArray:
    """Return the limit of ||dl/dw_m|| for alpha → ∞ (Property 3) or ||f|| → ∞, 0 or inf, [n, M].

        0      for correct samples                                          eq. 9, 18
        inf    for incorrect ones where z_m is the largest or m = y         eq. 10, 19
        0      for their other weights

    For alpha → 0 it is 0 everywhere (Property 1, eq. 6).

    Args:
        logits: z, [n, M], before alpha multiplies them; of features other than zero.
        labels: y, int [n], 0..M - 1.

    Raises:
        ValueError: If the shapes do not match, a number is not finite or M < 2.
    """
    values, targets = checked_targets(logits, labels)
    hard = values == values.max(axis=1, keepdims=True)
    hard[np.arange(len(values)), targets] = True
    hard &= (margins(values, targets) <= 0)[:, None]
    return np.where(hard, np.inf, 0.0)
