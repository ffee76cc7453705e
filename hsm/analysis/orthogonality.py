"""dl/df is orthogonal to f where f is normalised: why its norm hardly changes (section 3.3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm.analysis.gradients import checked_pair

FloatArray = NDArray[np.float64]


def radial_cosines(gradients: ArrayLike, features: ArrayLike) -> FloatArray:
    """Return the cosine of the angle between dl/df and f of every sample, [n]; 0 is orthogonal.

    It is 0 wherever the loss depends on the direction of f alone, as LN's does: moving along f
    changes nothing. It is not in general for SM and BN.

    Args:
        gradients: dl/df with respect to the feature before it is normalised, [n, k].
        features: f, [n, k].

    Returns:
        -1..1; 0 where one of the two is zero.

    Raises:
        ValueError: If the shapes differ or a number is not finite.
    """
    slopes, vectors = checked_pair(gradients, features)
    products = np.linalg.norm(slopes, axis=1) * np.linalg.norm(vectors, axis=1)
    dots = (slopes * vectors).sum(axis=1)
    return np.divide(dots, products, out=np.zeros_like(dots), where=products > 0)


def norms_after_step(gradients: ArrayLike, features: ArrayLike, *, step: float) -> FloatArray:
    """Return ||f - step * dl/df|| for orthogonal gradients, in closed form, [n].

        ||f - step * g|| = sqrt(||f||^2 + step^2 ||g||^2)    where g . f = 0

    The step enters squared: a small one hardly changes the norm, and never makes it smaller.

    Args:
        gradients: g = dl/df, [n, k], each orthogonal to its feature.
        features: f, [n, k].
        step: how far f moves along -g, for example the learning rate; finite.

    Raises:
        ValueError: If the shapes differ, a number is not finite, or a gradient is not orthogonal to
            its feature: its cosine is beyond 1e-6.
    """
    slopes, vectors = checked_pair(gradients, features)
    if not np.isfinite(step):
        raise ValueError(f"expected step to be finite. Received: step={step!r}")
    cosines = np.abs(radial_cosines(slopes, vectors))
    if cosines.max() > 1e-6:
        raise ValueError(
            "expected gradients orthogonal to their features, as they are where the loss normalises"
            f" them. Received: cosine {cosines.max():.3g} in row {cosines.argmax()}"
        )
    return np.sqrt(np.square(vectors).sum(axis=1) + step**2 * np.square(slopes).sum(axis=1))
