"""The methods, one row each: the only place that knows what sets them apart. No TensorFlow."""

from __future__ import annotations

import dataclasses
from typing import Any

from hsm.experiments.config.method import (
    SHUFFLED,
    SOFTMAX,
    Method,
    Reference,
    Registry,
    Tunable,
    resolve,
)
from hsm.models.head import HEADS, Head
from hsm.visual.style import LineStyle

__all__ = [
    "METHODS",
    "PRETRAINED",
    "SHUFFLED",
    "SOFTMAX",
    "SOFTMAX_SETTINGS",
    "Method",
    "Reference",
    "Registry",
    "Tunable",
    "resolve",
]

# The settings that only some methods use.
SOFTMAX_SETTINGS = ("label_smoothing", "scale_bias")

# A factor of four about the recipes' 16, and of their 4 after the switch: ours, as every range.
_ALPHAS = Tunable("alpha", 4.0, 64.0)
_HEATED_ALPHAS = Tunable("heated_alpha", 1.0, 16.0)

# Okabe and Ito's palette, which colour-blind readers can tell apart. A heated method keeps the hue
# family of what it starts from: LN and HLN blue, BN and HBN red.
_SM = Method(
    name="SM",
    about="Softmax: a classifier on the feature as it is, with α = 1.",
    head=HEADS["SM"],
    settings=SOFTMAX_SETTINGS,
    tunable=Tunable("label_smoothing", 0.02, 0.3),
    place=10,
    style=LineStyle("#009E73", "o", "-"),
    published=True,
)
_LN = Method(
    name="LN",
    about="l2-normalised: a softmax on features and class weights of unit length.",
    head=HEADS["LN"],
    settings=(*SOFTMAX_SETTINGS, "alpha", "learned_alpha", "norm_term"),
    tunable=_ALPHAS,
    place=20,
    style=LineStyle("#56B4E9", "s", "-"),
    published=True,
)
_BN = Method(
    name="BN",
    about="Batch-normalised: a softmax on features normalised over the batch, class weights of "
    "unit length.",
    head=HEADS["BN"],
    settings=(*SOFTMAX_SETTINGS, "alpha", "learned_alpha"),
    tunable=_ALPHAS,
    place=40,
    compare_with="SM",
    style=LineStyle("#E69F00", "^", "-"),
    published=True,
)


def _heated(base: Method, style: LineStyle) -> Method:
    """Return `base` trained on with a smaller alpha after the switch (section 3.4)."""
    return dataclasses.replace(
        base,
        name=f"H{base.name}",
        about=f"{base.name}, heated up: after the switch it trains on with a smaller α.",
        heats=base.name,
        settings=tuple(s for s in base.settings if s != "learned_alpha"),
        tunable=_HEATED_ALPHAS,
        place=base.place + 10,
        compare_with=base.name,
        style=style,
    )


PRETRAINED = "pretrained"
# Section 5.2, and what training starts from.
METHODS = Registry(
    Method(
        name=PRETRAINED,
        about="The backbone's own feature, before any training here.",
        head=None,
        place=0,
        style=LineStyle("#000000", "", ":"),
    ),
    _SM,
    _LN,
    _BN,
    _heated(_LN, LineStyle("#0072B2", "D", "--")),
    _heated(_BN, LineStyle("#D55E00", "v", "--")),
)


_COMPARED = "hsm.experiments.runs.compared"
_FASHIONNET = "hsm.experiments.runs.fashionnet"
_BOUNDED = f"{_COMPARED}:bounded_order"
_CASCADE = Head(normalization="heads", classifier="none", bottleneck="cascade")
_UNIT_LENGTH, _RAW = Head(normalization="l2", classifier="none"), Head(classifier="none")
_QUARTER = "batches of a quarter as many classes as images"


def _compared(
    name: str, head: Head, sampler: str, citation: str, *, color: str, how: str, **fields: Any
) -> Method:
    """Return a system that Tables 1 and 2 quote: its own loss and batches."""
    return Method(
        name=name,
        head=head,
        objective=f"{_COMPARED}:{name}_objective",
        sampler=sampler,
        style=LineStyle(color, "x", (0, (1, 1))),
        citation=citation,
        note=f"{name}: the loss of {citation} trained here, {how}.",
        **fields,
    )


def _loss_setting(low: float, high: float) -> dict[str, Any]:
    """Return the fields of a method whose loss has a number, which tuning draws from a range."""
    tunable = Tunable("loss_setting", low, high)
    return {"settings": ("decay_every", "loss_setting"), "tunable": tunable}


for _row in (
    _compared(
        "triplet",
        _UNIT_LENGTH,
        _BOUNDED,
        "Schroff et al. 2015",
        place=2,
        color="#CC79A7",
        how=f"{_QUARTER}, features of unit length",
        **_loss_setting(0.05, 0.8),
    ),
    _compared(
        "lifted",
        _RAW,
        _BOUNDED,
        "Oh Song et al. 2016",
        place=4,
        color="#7F7F7F",
        how=f"{_QUARTER}, features of any length",
        **_loss_setting(0.25, 4.0),
    ),
    _compared(
        "clustering",
        _UNIT_LENGTH,
        _BOUNDED,
        "Oh Song et al. 2017",
        place=6,
        color="#8C564B",
        how=f"{_QUARTER}, features of unit length",
        **_loss_setting(0.1, 10.0),
    ),
    _compared(
        "spectral",
        _RAW,
        f"{_COMPARED}:spectral_order",
        "Law et al. 2017",
        place=6.5,
        color="#BCBD22",
        how="without its spectral step, batches of at least 128 images and a quarter as many "
        "classes, which pass the network in slices as large as the other methods' batches, "
        "features of any length",
        settings=("decay_every",),
    ),
    _compared(
        "smart_mining",
        _UNIT_LENGTH,
        f"{_COMPARED}:random_triplet_order",
        "Harwood et al. 2017",
        place=7,
        color="#9467BD",
        how="batches of triplets, mined from the embeddings before each epoch by exact search and "
        "at random in the first two, a triplet counting as three images, features of unit length",
        miner=f"{_COMPARED}:smart_miner",
        **_loss_setting(0.05, 0.8),
    ),
    _compared(
        "proxy_nca",
        Head(classifier="proxies"),
        SHUFFLED,
        "Movshovitz-Attias et al. 2017",
        place=8,
        color="#17BECF",
        how="with a learned point for each class",
        **_loss_setting(0.5, 16.0),
    ),
    dataclasses.replace(
        _compared(
            "hdc",
            _CASCADE,
            f"{_COMPARED}:hdc_order",
            "Yuan et al. 2017",
            place=9,
            color="#9467BD",
            how="with three heads that share the dimensions, two of them as GoogLeNet's side "
            "classifiers, whose layers start at random; on small networks they read the two blocks "
            "before the end. Ten images of each class in batches of 100, else four; where files "
            "name super-classes, groups of two of these. After pretraining the last layers learn "
            "ten times as fast; no weight decay",
            **_loss_setting(0.25, 2.0),
        ),
        about="Hard-aware deeply cascaded embedding: three heads at three depths, each on harder "
        "pairs than the one before.",
        grouped_sampler=f"{_COMPARED}:hdc_grouped_order",
        settings=("decay_every", "loss_setting", "hdc_cascade", "hdc_last_rate"),
    ),
    dataclasses.replace(
        _compared(
            "fashionnet",
            _UNIT_LENGTH,
            f"{_FASHIONNET}:fashionnet_order",
            "Liu et al. 2016",
            place=9.5,
            color="#E377C2",
            how="on this backbone in place of VGG-16, with random triplets. On In-shop with its "
            "landmark, box and attribute files it learns pose, category and attributes, too, in "
            "two stages of half the epochs each, and pools features round the landmarks that it "
            "finds; without them the row says: no landmarks. Its weights are ours, none are "
            "published",
            **_loss_setting(0.05, 0.8),
        ),
        about="FashionNet: triplets, and where landmarks of clothes are known, local features "
        "pooled round them.",
        objective=f"{_FASHIONNET}:fashionnet_objective",
        annotated_head=Head(normalization="l2", classifier="none", bottleneck="landmarks"),
    ),
):
    METHODS.register(_row)
