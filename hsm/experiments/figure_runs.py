"""What the drivers of figures that show one run share."""

from __future__ import annotations

from collections.abc import Sequence

from hsm.experiments import flags as shared


def check_methods(methods: Sequence[str], reason: str) -> None:
    """Holds --methods to `methods`; `reason` says why others cannot be shown.

    Raises:
        ValueError: if --methods names another one, or --variants makes one of another.
    """
    chosen = [*shared.FLAGS.methods]
    if [method for method in chosen if method not in methods] or not chosen:
        raise ValueError(
            f"--methods takes some of {', '.join(methods)} here: {reason}. "
            f"Received: {','.join(chosen)!r}"
        )
    if shared.FLAGS.variants:
        raise ValueError("--variants does not go with figures: they are rows of tables 1, 2 and 4")
