"""Seeds of a model's initialisers, all drawn from one."""

from __future__ import annotations

import numpy as np


def initializer_seeds(seed: int | None, part: str, count: int) -> list[int] | list[None]:
    """Return `count` independent seeds for the initialisers of one part of a model.

    Initialisers that share a seed draw the same numbers, so that every one needs its own, and the
    parts of a model, which know nothing of each other, must not draw alike from the same `seed`.

    Args:
        seed: the model's seed, at least 0; None leaves initialisation random.
        part: the name of the part, for example "head".
        count: the number of initialisers.

    Returns:
        `count` integers in 0..2**31 - 1, or `count` times None.

    Raises:
        ValueError: If `seed` is negative or not an integer.
    """
    if seed is None:
        return [None] * count
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
        raise ValueError(
            "expected seed to be an integer of at least 0, or None for a random initialisation. "
            f"Received: seed={seed!r}"
        )
    sequence = np.random.SeedSequence(seed, spawn_key=tuple(part.encode()))
    return [int(state) >> 1 for state in sequence.generate_state(count)]
