"""The frozen configuration of one run: every number that it uses, and the names that follow.

A configuration knows no path of a machine: data sets and weight files stand in it by base name.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from hsm.experiments.backbone_names import check_backbone
from hsm.schedules import Constant, HeatUp, Schedule

PRETRAINED = "pretrained"
METHODS = (PRETRAINED, "SM", "LN", "BN", "HLN", "HBN")
OPTIMIZERS = ("sgd", "adam")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
PROFILES = ("paper",)

_NOT_IDENTITY = ("eval_every", "seed")
_HEATED_ONLY = ("heated_alpha", "heated_learning_rate")


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """One run: a method on a data set with a seed.

    Attributes:
        dataset: name of the data set, or the base name of its folder.
        method: one of `METHODS`; "pretrained" is the backbone's own feature without any training.
        seed: seeds initial weights, order, crops, flips and k-means.
        backbone: what `hsm.models.build_backbone` takes as a name.
        weights: base name of the file of pretrained weights; None starts from random ones.
        image_size: height and width of the crops in pixels; images are resized to 256/224 of it.
        embedding_dim: k, the width of the embedding.
        batch_size: examples a step.
        optimizer: one of `OPTIMIZERS`.
        momentum: momentum of SGD.
        adam_epsilon: epsilon of Adam.
        alpha: alpha before the switch (eq. 1); SM has 1 whatever stands here.
        heated_alpha: alpha after the switch, for HLN and HBN.
        learning_rate: rate before the switch, and throughout for SM, LN and BN.
        heated_learning_rate: rate after the switch, for HLN and HBN; None is a tenth of
            `learning_rate`.
        epochs: epochs before the switch.
        heated_epochs: epochs after it; SM, LN and BN train as many further epochs unheated.
        eval_every: epochs between evaluations; switch and end are always evaluated.
        ks: the K of Recall@K.
        precision: one of `PRECISIONS`.
        profile: one of `PROFILES`.
        limit: images a split, class-balanced, for trying things out; None takes all.
    """

    dataset: str
    method: str
    seed: int = 0
    backbone: str = "googlenet"
    weights: str | None = None
    image_size: int = 224
    embedding_dim: int = 64
    batch_size: int = 32
    optimizer: str = "sgd"
    momentum: float = 0.9
    adam_epsilon: float = 1e-7
    alpha: float = 16.0
    heated_alpha: float = 4.0
    learning_rate: float = 0.004
    heated_learning_rate: float | None = None
    epochs: int = 40
    heated_epochs: int = 10
    eval_every: int = 5
    ks: tuple[int, ...] = (1, 2, 4, 8)
    precision: str = "float32"
    profile: str = "paper"
    limit: int | None = None

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} must be one of {', '.join(allowed)}. Received: "
                    f"{name}={getattr(self, name)!r}"
                )
        for name in ("image_size", "embedding_dim", "batch_size", "epochs", "eval_every"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be 1 or more. Received: {name}={getattr(self, name)}"
                )
        fewest = 1 if self.is_heated else 0
        if self.heated_epochs < fewest:
            raise ValueError(
                f"heated_epochs must be {fewest} or more for {self.method}. "
                f"Received: heated_epochs={self.heated_epochs}"
            )
        if self.batch_size < 2 and self.base_method == "BN":
            raise ValueError(
                f"batch_size must be 2 or more for {self.method}: batch normalisation needs a "
                f"batch. Received: batch_size={self.batch_size}"
            )
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must be in 0..2**32 - 1. Received: seed={self.seed}")
        check_backbone(self.backbone, self.weights)
        if not self.ks or min(self.ks) < 1:
            raise ValueError(f"ks must be positive numbers. Received: ks={self.ks}")
        if self.is_pretrained and self.weights is None:
            raise ValueError(
                "the method pretrained needs --weights: it evaluates the feature of a trained "
                "backbone"
            )
        _ = self.schedule.phases

    @property
    def is_pretrained(self) -> bool:
        """True for the backbone's own feature, which is not trained."""
        return self.method == PRETRAINED

    @property
    def is_heated(self) -> bool:
        """True for HLN and HBN."""
        return self.method in ("HLN", "HBN")

    @property
    def base_method(self) -> str:
        """The method whose network this is: LN for HLN, BN for HBN, else the method itself."""
        return self.method.removeprefix("H")

    @property
    def initial_alpha(self) -> float:
        """Alpha before the switch: 1 for SM (section 5.2), else `alpha`."""
        return 1.0 if self.method == "SM" else self.alpha

    @property
    def total_epochs(self) -> int:
        """Epochs of the whole run, the same for every trained method: equal budgets."""
        return self.epochs + self.heated_epochs

    @property
    def schedule(self) -> Schedule:
        """Alpha and learning rate of every epoch."""
        if not self.is_heated:
            return Constant(self.initial_alpha, self.learning_rate, self.total_epochs)
        return HeatUp(
            alpha=self.alpha,
            heated_alpha=self.heated_alpha,
            learning_rate=self.learning_rate,
            heated_learning_rate=self.heated_learning_rate,
            epochs=self.epochs,
            heated_epochs=self.heated_epochs,
        )

    @property
    def name(self) -> str:
        """The record's name: it follows from the configuration and the seed."""
        fields = self._identity()
        if not self.is_heated:
            fields = {key: value for key, value in fields.items() if key not in _HEATED_ONLY}
        return self._named(self.method, fields)

    @property
    def trunk_name(self) -> str:
        """Name of the state at the switch, which HLN shares with LN, and HBN with BN."""
        dropped = (*_HEATED_ONLY, "heated_epochs")
        fields = {key: value for key, value in self._identity().items() if key not in dropped}
        return self._named(self.base_method, {**fields, "method": self.base_method})

    def to_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> RunConfig:
        """The inverse of `to_json`."""
        return cls(**{**values, "ks": tuple(values["ks"])})

    def _identity(self) -> dict[str, Any]:
        """The fields that decide the weights or what is measured, where they are not the defaults.

        Leaving the defaults out keeps the names of old records when a field is added.
        """
        fields = {**self.to_json(), "alpha": self.initial_alpha, "ks": self.ks}
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        return {
            key: value
            for key, value in fields.items()
            if key not in _NOT_IDENTITY and value != defaults[key]
        }

    def _named(self, method: str, fields: dict[str, Any]) -> str:
        digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:8]
        return f"{self.dataset}-{method}-{digest}-seed{self.seed}"


_CHOICES = {
    "method": METHODS,
    "optimizer": OPTIMIZERS,
    "precision": PRECISIONS,
    "profile": PROFILES,
}
