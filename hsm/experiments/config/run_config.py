"""The frozen configuration of one run: every number that it uses, and the names that follow.

A configuration knows no path of a machine: data sets and weight files stand in it by base name.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from hsm.data.catalog import CLASSIFICATION, ZERO_SHOT
from hsm.experiments.config.hyperparameters import Hyperparameters
from hsm.experiments.config.methods import METHODS, Method
from hsm.experiments.config.run_rules import check_run
from hsm.models.head import Head
from hsm.records.json_values import decode
from hsm.schedules import Constant, Gradual, HeatUp, Schedule, StepDecay

# What decides neither weights nor scores: when is scored, and which NMI is shown.
_NOT_IDENTITY = ("eval_every", "nmi", "seed", "test_batch_size")
_SWITCH_ONLY = ("heated_alpha", "heated_learning_rate")
_ONE_METHOD_ONLY = ("hdc_cascade", "hdc_last_rate")
_GRADUAL_ONLY = ("gradual_every", "gradual_alpha_divisor", "gradual_rate_factor")


@dataclass(frozen=True, kw_only=True)
class RunConfig(Hyperparameters):
    """One run: a method on a data set with a seed.

    Attributes:
        dataset: name of the data set, or the base name of its folder.
        split: how the data set is divided, one of `hsm.data.catalog.SPLITS`.
        validation_classes: of the split "all", how many classes are held out of training and
            tested; below 1 the share of all. 0: all classes train, and their images are tested.
        tuned: how many trials on held-out training classes chose this method's settings; 0 for a
            recipe's or one's own.
        method: one of `METHODS`; "pretrained" is the backbone's own feature without any training.
        seed: seeds initial weights, order, crops, flips and k-means. It decides every bit on one
            kind of processor with one number of threads; others round otherwise, and training
            makes other scores of it.
        landmarks: the data says where landmarks are, and the method learns them; set by the data.
        hdc_3x128: the row of that name among others of another width, see `variants`.
    """

    dataset: str
    method: str
    seed: int = 0
    split: str = ZERO_SHOT
    validation_classes: float = 0.0
    landmarks: bool = False
    tuned: int = 0
    hdc_3x128: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError as `check_run`, and if a setting or the schedule breaks its rule."""
        check_run(self)
        super().__post_init__()
        _ = self.schedule.phases

    def uses(self, setting: str) -> bool:
        """Return whether the method uses `setting`, or trains nothing and is indifferent to it."""
        return self.is_pretrained or setting in self.traits.settings

    @property
    def traits(self) -> Method:
        """The method's row of `METHODS`."""
        return METHODS[self.method]

    @property
    def head(self) -> Head | None:
        """The layers on top of the backbone; None for the backbone's own feature."""
        return self.traits.annotated_head if self.landmarks else self.traits.head

    @property
    def normalizes_by_batch(self) -> bool:
        """True if the head takes statistics of a batch."""
        return self.traits.head is not None and self.traits.head.normalization == "batch"

    @property
    def is_pretrained(self) -> bool:
        """True for the backbone's own feature, which is not trained."""
        return not self.traits.is_trained

    @property
    def is_classification(self) -> bool:
        """True if the test images are of the training classes, and the accuracy is scored."""
        return self.split == CLASSIFICATION

    @property
    def is_heated(self) -> bool:
        """True for HLN and HBN."""
        return self.traits.heats is not None

    @property
    def is_gradual(self) -> bool:
        """True if the run heats up gradually, from the start."""
        return self.is_heated and self.heating == "gradual"

    @property
    def is_prepared(self) -> bool:
        """True if something is done to the model before the first epoch."""
        return self.warm_up or self.class_mean_init

    @property
    def base_method(self) -> str:
        """The method whose network this is: LN for HLN, BN for HBN, else the method itself."""
        return self.traits.base

    @property
    def initial_alpha(self) -> float:
        """The first epoch's alpha: 1 for SM (section 5.2) and if it is learned, else `alpha`."""
        return self.alpha if self.uses("alpha") and not self.learned_alpha else 1.0

    @property
    def feature_epsilon(self) -> float:
        """`test_epsilon` for our features: BN's are the released code's over sqrt(k)."""
        return self.test_epsilon / (self.embedding_dim if self.normalizes_by_batch else 1)

    @property
    def total_epochs(self) -> int:
        """Epochs of the whole run, the same for every trained method: equal budgets."""
        return self.epochs + self.heated_epochs

    @property
    def switch_epoch(self) -> int | None:
        """The epoch after which HLN and HBN switch; None if nothing is trained or switched."""
        return None if self.is_pretrained or self.is_gradual else self.epochs

    @property
    def schedule(self) -> Schedule:
        """Alpha and learning rate of every epoch."""
        if self.decay_every is not None:
            return StepDecay(
                alpha=self.initial_alpha,
                learning_rate=self.learning_rate,
                epochs=self.total_epochs,
                every=self.decay_every,
                factor=self.decay_factor,
            )
        if not self.is_heated:
            return Constant(self.initial_alpha, self.learning_rate, self.total_epochs)
        if self.is_gradual:
            return Gradual(
                alpha=self.alpha,
                learning_rate=self.learning_rate,
                epochs=self.total_epochs,
                every=self.gradual_every,
                alpha_divisor=self.gradual_alpha_divisor,
                rate_factor=self.gradual_rate_factor,
            )
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
        return self._named(self.method, self._identity())

    @property
    def shared_name(self) -> str:
        """Name of the state after `epochs` epochs.

        HLN shares it with LN, and HBN with BN, unless they heat up gradually. Stages of a run that
        learns landmarks are halves of all its epochs, on which the state then depends.
        """
        later = _SWITCH_ONLY if self.landmarks else (*_SWITCH_ONLY, "heated_epochs")
        fields = {key: value for key, value in self._identity().items() if key not in later}
        return self._named(self.base_method, {**fields, "method": self.base_method})

    @property
    def trunk_name(self) -> str:
        """`shared_name` under its name of version 0.1."""
        return self.shared_name

    def to_json(self) -> dict[str, Any]:
        """Return all fields as JSON values."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def from_json(cls, values: object) -> RunConfig:
        """Read what `to_json` gives; a setting that is missing, as in older files, has its default.

        Raises:
            ValueError: if a setting is unknown, has another type or breaks its rule.
        """
        return decode(cls, values)

    def _identity(self) -> dict[str, Any]:
        """Return the fields that decide weights and scores, where they are not the defaults.

        Leaving the defaults out keeps the names of old records when a field is added.
        """
        fields = {**self.to_json(), "alpha": self.initial_alpha, "ks": self.ks}
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        without = {*_NOT_IDENTITY, *self._unused()}
        return {
            key: value
            for key, value in fields.items()
            if key not in without and value != defaults[key]
        }

    def _unused(self) -> tuple[str, ...]:
        """Return the fields of other methods, and on heating up, that this run does not use."""
        others = tuple(name for name in _ONE_METHOD_ONLY if not self.uses(name))
        if not self.is_heated:
            return (*others, *_SWITCH_ONLY, *_GRADUAL_ONLY, "heating")
        return (*others, *(_SWITCH_ONLY if self.is_gradual else _GRADUAL_ONLY))

    def _named(self, method: str, fields: dict[str, Any]) -> str:
        digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:8]
        return f"{self.dataset}-{method}-{digest}-seed{self.seed}"
