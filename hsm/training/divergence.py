"""The error of a training whose numbers are no longer numbers."""

from __future__ import annotations

from hsm.schedules import Phase


class NonFiniteLossError(FloatingPointError):
    """Loss or weights became NaN or infinite; the message names the place, alpha and rate."""

    @classmethod
    def of_loss(cls, phase: Phase, *, epoch: int, step: int) -> NonFiniteLossError:
        """Return the error for a loss.

        Args:
            phase: in force.
            epoch: from 1, under way.
            step: of this epoch, from 1, the first with such a loss.
        """
        kept = f"The last good checkpoint, of epoch {epoch - 1}, is kept"
        if epoch == 1:
            kept = "No epoch was finished before it"
        return cls(
            f"expected a finite loss. Received: NaN or infinity at step {step} of epoch {epoch} "
            f"({_numbers(phase)}). {kept}; a lower learning rate is the usual remedy"
        )

    @classmethod
    def of_weights(cls, phase: Phase, epoch: int, error: FloatingPointError) -> NonFiniteLossError:
        """Return the error for weights that `error` is about."""
        return cls(f"training diverged in epoch {epoch} ({_numbers(phase)}): {error}")


def _numbers(phase: Phase) -> str:
    return f"alpha={phase.alpha:g}, learning_rate={phase.learning_rate:g}"
