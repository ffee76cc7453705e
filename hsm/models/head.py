"""What a method's head consists of, between a backbone's features and the loss. No TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

BOTTLENECKS = ("dense", "cascade", "landmarks")
NORMALIZATIONS = ("none", "l2", "batch", "heads")
CLASSIFIERS = ("softmax", "proxies", "none")


@dataclass(frozen=True)
class Head:
    """The layers on top of a backbone: bottleneck, normalisation, classifier.

    Attributes:
        bottleneck_bias: the dense bottleneck has a bias.
        normalization: what follows it: "none"; "l2" for `L2Normalize`; "batch" for
            `ScalelessBatchNorm`; "heads" for `UnitLengthHeads`, which goes with "cascade".
        classifier: "softmax" for `TemperatureSoftmaxDense`, whose logits are the output; "proxies"
            for `Proxies`, whose squared distances are; "none": the normalised features are.
        normalize_kernel: each class's weights in the softmax's classifier have unit length.
        feature_after_normalization: the feature that is tested is the normalisation's output, not
            the bottleneck's.
        default_alpha: the softmax's first alpha where none is given.
        bottleneck: what reads the backbone: "dense", a layer on its pooled feature; "cascade" for
            `CascadedHeads` and "landmarks" for `LandmarkBranches`, which read maps inside of it,
            too.

    Raises:
        ValueError: if a name is unknown.
    """

    bottleneck_bias: bool = True
    normalization: str = "none"
    classifier: str = "softmax"
    normalize_kernel: bool = False
    feature_after_normalization: bool = False
    default_alpha: float = 1.0
    bottleneck: str = "dense"

    def __post_init__(self) -> None:
        for name, allowed in (
            ("bottleneck", BOTTLENECKS),
            ("normalization", NORMALIZATIONS),
            ("classifier", CLASSIFIERS),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"expected {name} to be one of {', '.join(allowed)}. "
                    f"Received: {name}={getattr(self, name)!r}"
                )


# Section 5.2. HLN and HBN have the heads of LN and BN.
HEADS: Mapping[str, Head] = MappingProxyType(
    {
        "SM": Head(),
        "LN": Head(normalization="l2", normalize_kernel=True, default_alpha=16.0),
        "BN": Head(
            # Its offset takes the bias's place.
            bottleneck_bias=False,
            normalization="batch",
            normalize_kernel=True,
            feature_after_normalization=True,
            default_alpha=16.0,
        ),
    }
)


@dataclass(frozen=True)
class HeadOptions:
    """Departures of a head from section 5.2; the defaults are the paper's methods.

    Attributes:
        learn_alpha: alpha is trained with the weights; where the classifier's kernel is normalised.
        norm_term: LN's gradient has the factor 1 / ||f|| of equation 11; False leaves it out.
        unbiased_variance: BN's moving variance is unbiased, as TensorFlow 1 kept it.
        last_rate: of a cascade, see `CascadedHeads`.
    """

    learn_alpha: bool = False
    norm_term: bool = True
    unbiased_variance: bool = False
    last_rate: float = 10.0

    def check(self, head: Head, method: object) -> None:
        """Raise ValueError, naming `method`, if an option does not go with `head`."""
        if self.learn_alpha and not (head.classifier == "softmax" and head.normalize_kernel):
            raise ValueError(
                "expected learn_alpha=True with LN or BN only, whose logits are bounded; SM's "
                f"weights have any scale already. Received: method={method!r}"
            )
        if not self.norm_term and head.normalization != "l2":
            raise ValueError(
                "expected norm_term=False with LN only, which alone divides by the feature's norm. "
                f"Received: method={method!r}"
            )
