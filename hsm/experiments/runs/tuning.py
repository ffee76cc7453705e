"""Choose each method's settings on held-out training classes, with as many trials for every one.

A trial is a run like any other, on the training classes alone: the last fifth of them, in their
order, is held out and scored, the others train. The score is MAP@R: it looks at as many neighbours
as there are images to find, and tells more of a few classes than the first neighbour does. Trials
lie in the folder tuning of the output folder, and what is recorded there is not run again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hsm import atomic, records
from hsm.data.catalog import ZERO_SHOT
from hsm.data.sources.source import ImageSource
from hsm.experiments.config import RunConfig
from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.config.variants import lacking, options
from hsm.experiments.runs import build, same_data
from hsm.experiments.runs.console_log import title
from hsm.experiments.runs.runner import Runner
from hsm.experiments.runs.workspace import Workspace
from hsm.records import Trial, Tuning

# What a rate may be multiplied with or divided by: ours.
_RATE_FACTOR = 5.0
_FEWEST_CLASSES = 10
_FOLDER = "tuning"

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """What the trials of a method chose.

    Attributes:
        settings: the best trial's; of a heated method with those of what it heats.
        trials: all of them, of a heated method with those of what it heats.
    """

    settings: Settings
    trials: tuple[Trial, ...]


def run(
    runner: Runner, configs: Sequence[RunConfig], *, trials: int, epochs: int | None = None
) -> list[RunRecord]:
    """Tune every method of `configs`, then train it on all training classes; a record each.

    The trials are those of the first configuration's seed; every seed trains with what they choose.

    Args:
        runner: runs the configurations.
        configs: methods and seeds of one recipe, as without trials.
        trials: of each method, at least 1; the first is the recipe.
        epochs: of a trial; None for as many as a run has.

    Raises:
        ValueError: fewer than ten training classes, a configuration that cannot be tuned, or one
            that makes no batches of the classes that are left to train.
    """
    check(configs)
    tuner = _Tuner(runner, configs[0].seed, trials, epochs)
    for config in configs:
        if not config.is_pretrained:
            build.check_batches(config, tuner.source, runner.devices)
    return [runner.run(config) if config.is_pretrained else tuner.run(config) for config in configs]


def check(configs: Sequence[RunConfig]) -> None:
    """Refuse configurations that cannot be tuned with a ValueError."""
    for config in configs:
        # What the data lacks is nothing to leave out.
        asked = [option for option in options(config) if option not in lacking(config)]
        if asked or config.split != ZERO_SHOT:
            raise ValueError(
                "expected tune with methods alone, on classes never seen. Received: "
                f"{', '.join(asked)} of {config.method}, split={config.split}. Leave variants, "
                "options of a method and gradual heating out."
            )


def held_out_source(source: ImageSource) -> ImageSource:
    """Return the training classes of `source`: the last fifth to be scored, the others to train.

    Raises:
        ValueError: for fewer than ten training classes, or held-out ones of a single image.
    """
    train = source.train
    if train.num_classes < _FEWEST_CLASSES:
        raise ValueError(
            f"expected at least {_FEWEST_CLASSES} training classes, of which tune holds out the "
            f"last fifth. Received: {train.num_classes} of {source.name}. Train without it, and "
            "say that nothing is tuned."
        )
    first = train.num_classes - train.num_classes // 5
    images = np.bincount(train.labels)
    is_scored = (train.labels >= first) & (images[train.labels] > 1)
    if len(np.unique(train.labels[is_scored])) < 2:
        raise ValueError(
            "expected two classes of two images or more in the last fifth of the training "
            f"classes, which tune scores. Received: images={images[first:].tolist()} of "
            f"{source.name}. Add images to these classes."
        )
    return ImageSource(
        name=source.name,
        train=train.subset(np.flatnonzero(train.labels < first)),
        test=train.subset(np.flatnonzero(is_scored)),
        flip=source.flip,
    )


def candidates(config: RunConfig, count: int) -> Iterator[dict[str, float]]:
    """Yield what the trials of a method try: its recipe, then draws that the seed decides.

    The rate is drawn between a fifth and five times the recipe's, the method's second setting
    from its own range, both evenly on a logarithmic scale. Of a heated method it is the rate after
    the switch. All methods of a seed have the same draws, each in its own ranges.
    """
    rate_name = "heated_learning_rate" if config.is_heated else "learning_rate"
    rate = config.heated_learning_rate or 0.1 * config.learning_rate
    rate = rate if config.is_heated else config.learning_rate
    tunable = config.traits.tunable
    recipe = None if tunable is None else getattr(config, tunable.setting)
    first = {rate_name: rate}
    yield first if tunable is None or recipe is None else {**first, tunable.setting: recipe}
    draws = random.Random(f"tune {config.seed}")
    for _ in range(1, count):
        one, other = draws.random(), draws.random()
        values = {rate_name: _rounded(rate * _RATE_FACTOR ** (2 * one - 1))}
        if tunable is not None:
            value = tunable.low * (tunable.high / tunable.low) ** other
            values[tunable.setting] = _rounded(value)
        yield values


def shortened(config: RunConfig, epochs: int | None) -> RunConfig:
    """Return `config` with `epochs` epochs in all, shared out as its own; None changes nothing.

    A heated method has one after the switch in any case.
    """
    if epochs is None:
        return config
    before = min(epochs, max(1, round(epochs * config.epochs / config.total_epochs)))
    after = max(epochs - before, int(config.is_heated))
    return replace(config, epochs=before, heated_epochs=after)


class _Tuner:
    """Runs trials on the held-out classes, and the methods with what these choose."""

    def __init__(self, runner: Runner, seed: int, trials: int, epochs: int | None) -> None:
        self._runner = runner
        self._seed, self._trials, self._epochs = seed, trials, epochs
        self._workspace = Workspace(runner.workspace.output_dir / _FOLDER)
        self.source = held_out_source(runner.source)
        self._trial_runner = replace(
            runner,
            source=self.source,
            workspace=self._workspace,
            report=runner.report if runner.verbose else lambda line: None,
            tensorboard=False,
        )
        self._chosen: dict[str, Choice] = {}

    def run(self, config: RunConfig) -> RunRecord:
        """Return the record of `config` with its method's chosen settings and their choice."""
        choice = self._choice(replace(config, seed=self._seed))
        chosen = replace(config, tuned=self._trials, **choice.settings)
        record = self._runner.run(chosen)
        tuning = Tuning(
            seed=self._seed,
            epochs=shortened(config, self._epochs).total_epochs,
            train_classes=self.source.train.num_classes,
            held_out_classes=self.source.test.num_classes,
            trials=choice.trials,
        )
        if record.tuning != tuning:
            record = replace(record, tuning=tuning)
            if self._runner.devices.is_chief:
                records.write(record, self._runner.workspace.records_dir)
        return record

    def _choice(self, config: RunConfig) -> Choice:
        if config.method not in self._chosen:
            self._chosen[config.method] = self._search(config)
        return self._chosen[config.method]

    def _search(self, config: RunConfig) -> Choice:
        base = Choice({}, ())
        if config.is_heated:
            base = self._choice(replace(config, method=config.base_method))
        start = replace(config, **base.settings)
        trials = []
        for number, settings in enumerate(candidates(start, self._trials), start=1):
            trials.append(self._trial(start, settings))
            self._report(start, number, trials[-1])
        best = max(trials, key=lambda trial: -1.0 if trial.score is None else trial.score)
        if best.score is None:
            raise FloatingPointError(
                f"{title(config)}: expected a trial that trains. Received: all {len(trials)} "
                "diverged. Give a lower learning_rate, around which trials are drawn."
            )
        return Choice({**base.settings, **best.settings}, (*base.trials, *trials))

    def _trial(self, start: RunConfig, settings: Settings) -> Trial:
        config = shortened(replace(start, **settings), self._epochs)
        config = replace(config, eval_every=config.total_epochs, kmeans_starts=1)
        # Of a heated method the epochs up to the switch are those of another trial.
        shared = config.epochs if config.is_heated else 0
        weights = build.weights_sha256(config, self._runner.initial_weights)
        name = same_data.file_name(config, self.source, weights)
        diverged = self._workspace.output_dir / "diverged" / name
        score, images = None, len(self.source.train) * (config.total_epochs - shared)
        if not diverged.exists():
            try:
                record = self._trial_runner.run(config)
            except FloatingPointError as error:
                if self._runner.devices.is_chief:
                    diverged.parent.mkdir(parents=True, exist_ok=True)
                    atomic.write_text(diverged, f"{error}\n")
            else:
                score = record.final.map_at_r
                images = record.images_seen_after(shared)
        return Trial(method=start.method, settings=settings, score=score, images=images)

    def _report(self, config: RunConfig, number: int, trial: Trial) -> None:
        tried = ", ".join(f"{name} {value:g}" for name, value in trial.settings.items())
        outcome = "diverged" if trial.score is None else f"MAP@R {100 * trial.score:.2f}"
        self._runner.report(
            f"{title(config)}: trial {number} of {self._trials}, {tried}: {outcome} on "
            f"{self.source.test.num_classes} held-out training classes"
        )


def _rounded(value: float) -> float:
    """Return three digits, which records and terminal show whole."""
    return float(f"{value:.3g}")
