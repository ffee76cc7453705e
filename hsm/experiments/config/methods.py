"""The methods, one row each: the only place that knows what sets them apart. No TensorFlow."""

from __future__ import annotations

import dataclasses
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hsm.models.head import HEADS, Head
from hsm.visual.style import LineStyle

# A function, or "module:function", which is imported when it is first called.
Reference = str | Callable[..., Any]

SOFTMAX = "hsm.experiments.runs.build:softmax_objective"
SHUFFLED = "hsm.experiments.runs.build:shuffled_order"
_LEFT_STYLES = (
    LineStyle("#CC79A7", "p", "-"),
    LineStyle("#7F7F7F", "d", "-."),
    LineStyle("#8C564B", "<", (0, (3, 1))),
    LineStyle("#17BECF", ">", (0, (5, 1))),
)
# The settings that only some methods use.
SOFTMAX_SETTINGS = ("label_smoothing", "scale_bias")


@dataclass(frozen=True)
class Tunable:
    """A setting that trials choose beside the learning rate, from a range.

    Attributes:
        setting: a field of `RunConfig` that holds a number.
        low: the smallest value that is tried, above 0.
        high: the largest; values between are as likely on a logarithmic scale.
    """

    setting: str
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to train an embedding.

    Attributes:
        name: what flags and records call it.
        head: the layers on top of the backbone; None for the backbone's own feature, not trained.
        annotated_head: those where the data says where landmarks are; None if it uses none.
        heats: the method whose training it continues from the switch on, under a hotter softmax.
        objective: `RunConfig` → `hsm.training.objective.Objective`, what is minimised.
        sampler: (labels [n], `RunConfig`, epoch) → `hsm.data.sampling.BatchOrder`.
        miner: (labels [n], `RunConfig`, function of no arguments → features [n, k] of now) → a
            `hsm.training.memory.Memory` with a method `order`, epoch → `BatchOrder`, which takes
            the sampler's place in training; None for a method whose batches follow from its
            sampler.
        grouped_sampler: (labels [n], super-classes [n], `RunConfig`, epoch) → `BatchOrder`, in
            place of `sampler` on data whose classes belong to super-classes; None for `sampler`.
        settings: fields of `RunConfig` that it uses and not every method does.
        tunable: what trials choose beside the rate, of a method that heats the rate after the
            switch; None for the rate alone.
        place: where it stands in tables, in ascending order; a heated method after its base.
        compare_with: the method that tables subtract from it; None for none.
        style: how figures draw it; None for one of a palette that is left.
        published: the paper's tables have a row of this name.
        citation: the paper that the method is from; None for the one reproduced here.
        note: a sentence under the tables that show it: what sets it apart from the other rows.
        about: what it is, in words for readers who meet its name for the first time.

    Raises:
        ValueError: if the name is no single word, or a trained method lacks a head.
    """

    name: str
    head: Head | None
    annotated_head: Head | None = None
    heats: str | None = None
    objective: Reference = SOFTMAX
    sampler: Reference = SHUFFLED
    miner: Reference | None = None
    grouped_sampler: Reference | None = None
    settings: tuple[str, ...] = ()
    tunable: Tunable | None = None
    place: float
    compare_with: str | None = None
    style: LineStyle | None = None
    published: bool = False
    citation: str | None = None
    note: str | None = None
    about: str | None = None

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(
                "expected a method's name to be letters, digits and underscores, as it becomes "
                f"part of file names. Received: name={self.name!r}"
            )

    @property
    def is_trained(self) -> bool:
        """False for the backbone's own feature."""
        return self.head is not None

    @property
    def base(self) -> str:
        """The method whose network it is: what it heats, or itself."""
        return self.heats or self.name


def resolve(reference: Reference) -> Callable[..., Any]:
    """Return the function that a `Reference` names."""
    return pkgutil.resolve_name(reference) if isinstance(reference, str) else reference


class Registry(Mapping[str, Method]):
    """Methods by name, in the order in which they are trained: a base before what heats it."""

    def __init__(self, *methods: Method) -> None:
        self._methods: dict[str, Method] = {}
        for method in methods:
            self.register(method)

    def register(self, method: Method) -> Method:
        """Add `method`, which is trained after all others.

        Raises:
            ValueError: if another one has its name, or it heats one that is not known.
        """
        known = self._methods.get(method.name)
        if known is not None and known != method:
            raise ValueError(
                f"expected a new name. Received: name={method.name!r}, which is a method already"
            )
        if method.heats is not None and method.heats not in self._methods:
            raise ValueError(
                f"expected heats to be one of {', '.join(self._methods)}. "
                f"Received: heats={method.heats!r}"
            )
        self._methods[method.name] = method
        return method

    @property
    def trained(self) -> tuple[str, ...]:
        """Names of the methods of the paper that train a network: what tables hold by default."""
        return tuple(m.name for m in self._methods.values() if m.is_trained and m.published)

    @property
    def standing(self) -> tuple[str, ...]:
        """All names in the order of the tables."""
        return tuple(m.name for m in sorted(self._methods.values(), key=lambda m: m.place))

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Methods and what tables subtract from them, the last method first."""
        methods = reversed(self._methods.values())
        return tuple((m.name, m.compare_with) for m in methods if m.compare_with is not None)

    @property
    def heated(self) -> tuple[str, ...]:
        """Names of the methods that another one continues from the switch on."""
        return tuple(m.heats for m in self._methods.values() if m.heats is not None)

    def style(self, name: str) -> LineStyle:
        """Return how figures draw a method: its own style, or one of those that are left."""
        own = self._methods[name].style
        if own is not None:
            return own
        without = [n for n, m in self._methods.items() if m.style is None]
        return _LEFT_STYLES[without.index(name) % len(_LEFT_STYLES)]

    def with_setting(self, setting: str) -> tuple[str, ...]:
        """Return the names of the methods that use `setting`."""
        return tuple(m.name for m in self._methods.values() if setting in m.settings)

    def __getitem__(self, name: str) -> Method:
        return self._methods[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._methods)

    def __len__(self) -> int:
        return len(self._methods)


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
    return {"settings": ("loss_setting",), "tunable": Tunable("loss_setting", low, high)}


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
        settings=("loss_setting", "hdc_cascade", "hdc_last_rate"),
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
