"""What may differ in the head of a method of section 5.2, and the layer between its two others."""

from __future__ import annotations

from dataclasses import dataclass

import keras

from hsm.layers import L2Normalize, ScalelessBatchNorm

METHODS = ("SM", "LN", "BN")


@dataclass(frozen=True)
class HeadOptions:
    """Departures of a head from section 5.2; the defaults are the paper's methods.

    Attributes:
        learn_alpha: alpha is trained with the weights; for LN and BN.
        norm_term: LN's gradient has the factor 1 / ||f|| of equation 11; False leaves it out.
        unbiased_variance: BN's moving variance is unbiased, as TensorFlow 1 kept it.
    """

    learn_alpha: bool = False
    norm_term: bool = True
    unbiased_variance: bool = False

    def check(self, method: str) -> None:
        """Raises ValueError if an option does not go with `method`, "SM", "LN" or "BN"."""
        if self.learn_alpha and method == "SM":
            raise ValueError(
                "learn_alpha=True goes with LN and BN, whose logits are bounded; SM's weights have "
                "any scale already. Received: method='SM'"
            )
        if not self.norm_term and method != "LN":
            raise ValueError(
                "norm_term=False goes with LN, which alone divides by the feature's norm. "
                f"Received: method={method!r}"
            )


def make_normalization(method: str, options: HeadOptions) -> keras.layers.Layer:
    """Returns the layer between bottleneck and classifier of "SM", "LN" or "BN"."""
    if method == "LN":
        return L2Normalize(norm_term=options.norm_term, name="normalization")
    if method == "BN":
        return ScalelessBatchNorm(unbiased_variance=options.unbiased_variance, name="normalization")
    return keras.layers.Identity(dtype="float32", name="normalization")
