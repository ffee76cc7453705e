"""What a method is, and the methods by name. No TensorFlow."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hsm.models.head import Head
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
