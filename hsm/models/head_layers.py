"""The layers that a `Head` names, and what the first of them reads of a backbone."""

from __future__ import annotations

from typing import Any

import keras

from hsm.layers import L2Normalize, ScalelessBatchNorm
from hsm.models.cascade import CascadedHeads, UnitLengthHeads
from hsm.models.fashionnet import LandmarkBranches
from hsm.models.head import Head, HeadOptions
from hsm.models.taps import find_taps


def tapped(backbone: keras.Model, head: Head) -> keras.Model:
    """Return the model from images to what the bottleneck reads, which shares the layers.

    That is the pooled feature [b, d]; or, of a head that reads maps too, a list of these, each
    [b, h, w, c], and the feature.

    Raises:
        ValueError: if the places of the maps are not known in this network.
    """
    if head.bottleneck == "dense":
        return backbone
    taps = find_taps([layer.name for layer in backbone.layers])
    names = taps[:2] if head.bottleneck == "cascade" else (taps.landmarks,)
    maps = [backbone.get_layer(name).output for name in names]
    return keras.Model(backbone.inputs[0], [*maps, backbone.output], name="tapped")


def make_bottleneck(
    head: Head, options: HeadOptions, embedding_dim: int, seed: int | None
) -> keras.layers.Layer:
    """Return the layer from what `tapped` reads to the features, [b, embedding_dim]."""
    if head.bottleneck == "cascade":
        return CascadedHeads(
            embedding_dim, last_rate=options.last_rate, seed=seed, name="bottleneck"
        )
    if head.bottleneck == "landmarks":
        return LandmarkBranches(embedding_dim, seed=seed, name="bottleneck")
    return keras.layers.Dense(
        embedding_dim,
        use_bias=head.bottleneck_bias,
        kernel_initializer=variance_scaling(2.0, seed),
        dtype="float32",
        name="bottleneck",
    )


def make_normalization(head: Head, options: HeadOptions, embedding_dim: int) -> keras.layers.Layer:
    """Return the layer between bottleneck and classifier."""
    if head.normalization == "l2":
        return L2Normalize(norm_term=options.norm_term, name="normalization")
    if head.normalization == "batch":
        return ScalelessBatchNorm(unbiased_variance=options.unbiased_variance, name="normalization")
    if head.normalization == "heads":
        return UnitLengthHeads(embedding_dim, name="normalization")
    return keras.layers.Identity(dtype="float32", name="normalization")


def variance_scaling(scale: float, seed: int | None) -> Any:
    """Return the initialiser of the released code: truncated normal, variance scale / fan-in."""
    return keras.initializers.VarianceScaling(scale, "fan_in", "truncated_normal", seed=seed)
