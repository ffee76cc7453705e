"""Measure the gradient at the backbone in a run's first steps, against alpha and three remedies.

    python tools/measure_first_steps.py --data_dir=FOLDER --weights=bvlc_googlenet.caffemodel \
        --json=experiments/first_steps/NAME.json

Each arm trains a network of its own from the same weights on the same batches of the training
classes: SM, and BN at several alphas; then BN at the largest alpha with the learning rate raised
from zero over the first half of the steps, with alpha raised over the first half from the smallest
one, and with gradients clipped to a global norm. No test image is looked at. An arm that the file
holds already is not trained again, unless the settings differ.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent))

import keras
import numpy as np
import tensorflow as tf
from measure_adam_epsilon import endless

from hsm import atomic, records
from hsm.data.sources import ImageSource, load_source
from hsm.experiments.config import RunConfig
from hsm.experiments.config.initial_weights import InitialWeights
from hsm.experiments.config.recipes import RECIPES
from hsm.experiments.runs import build
from hsm.training.step import TrainStep

RATE, ALPHA, CLIP = "rate raised from 0", "alpha raised", "gradients clipped"
_LAST = 32  # steps that the loss and accuracy at the end are means over


@dataclass(frozen=True)
class Arm:
    """A network that is trained.

    Attributes:
        method: SM or BN.
        alpha: reciprocal temperature of BN.
        remedy: what is done against a start that fails; None for nothing.
    """

    method: str
    alpha: float
    remedy: str | None = None

    @property
    def name(self) -> str:
        """How the record and the table call it."""
        name = self.method if self.method == "SM" else f"{self.method}, α = {self.alpha:g}"
        return f"{name}, {self.remedy}" if self.remedy else name


class _WatchedStep(TrainStep):
    """A step that keeps the global norm of the backbone's gradient, before any clipping."""

    norm: tf.Variable

    def _apply(self, gradients: list[tf.Tensor], variables: list[keras.Variable]) -> None:
        of_backbone = {id(v) for v in self.model.backbone.trainable_variables}
        pairs = zip(gradients, variables, strict=True)
        self.norm.assign(tf.linalg.global_norm([g for g, v in pairs if id(v) in of_backbone]))
        super()._apply(gradients, variables)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train each arm, print a row of it, and write the record; return the exit status."""
    options = _parse(arguments)
    source = load_source("image_folder", data_dir=options.data_dir)
    content = _started(source, options)
    for arm in _arms(options):
        if arm.name not in content["arms"]:
            content["arms"][arm.name] = _measure(arm, source, options)
            content["machine"] = _machine(content["started"])
            if options.json:
                options.json.parent.mkdir(parents=True, exist_ok=True)
                atomic.write_text(options.json, json.dumps(content, indent=1) + "\n")
        print(arm.name, content["arms"][arm.name], flush=True)
    return 0


def _arms(options: argparse.Namespace) -> list[Arm]:
    largest = max(options.alphas)
    fixed = [Arm("BN", alpha) for alpha in sorted(options.alphas)]
    return [Arm("SM", 1.0), *fixed, *(Arm("BN", largest, r) for r in (RATE, ALPHA, CLIP))]


def _started(source: ImageSource, options: argparse.Namespace) -> dict[str, Any]:
    """Return the record so far, or a new one where there is none of these settings."""
    settings = {
        name: getattr(options, name)
        for name in ("backbone", "image_size", "steps", "largest_steps", "clip", "seed")
    }
    about = {"settings": settings, "data": {"name": source.name, "sha256": source.checksum()}}
    if options.json and options.json.exists():
        content: dict[str, Any] = json.loads(options.json.read_text(encoding="utf-8"))
        if content["settings"] == settings and content["data"] == about["data"]:
            return content
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return {**about, "started": started, "arms": {}}


def _machine(started: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return records.provenance(started=started, finished=now).to_json()


def _measure(arm: Arm, source: ImageSource, options: argparse.Namespace) -> dict[str, Any]:
    """Norms of the backbone's gradient, and what loss and accuracy became."""
    config = _config(arm, source.name, options)
    weights = InitialWeights(options.weights)
    model = build.build_model(config, source.train.num_classes, initial_weights=weights)
    optimizer = build.build_step(config, model).optimizer
    if arm.remedy == CLIP:
        optimizer.global_clipnorm = options.clip
    step = _WatchedStep(model, optimizer)
    step.norm = tf.Variable(0.0, trainable=False)
    steps = options.largest_steps if arm.alpha == max(options.alphas) else options.steps
    norms, batches = [], endless(config, source)
    for done in range(steps):
        if done == max(steps - _LAST, 0):
            step.reset()
        _set_phase(step, arm, config, share=(done + 1) / max(steps // 2, 1), options=options)
        step(*next(batches))
        norms.append(float(step.norm.numpy()))
    totals = step.totals()
    first = np.asarray(norms[: options.steps])
    return {
        "steps": steps,
        "norm": {
            "first": round(float(first[0]), 4),
            "median": round(float(np.median(first)), 4),
            "largest": round(float(first.max()), 4),
            "last": round(float(np.median(norms[-_LAST:])), 4),
        },
        "loss": round(totals.mean_loss, 4),
        "accuracy": round(totals.accuracy, 4),
    }


def _set_phase(
    step: TrainStep, arm: Arm, config: RunConfig, *, share: float, options: argparse.Namespace
) -> None:
    """Set alpha and rate of a step; `share` is 1 where what is raised has its value."""
    share = min(share, 1.0)
    alpha, rate = arm.alpha, config.learning_rate
    if arm.remedy == RATE:
        rate *= share
    elif arm.remedy == ALPHA:
        alpha = min(options.alphas) + share * (arm.alpha - min(options.alphas))
    step.set_phase(alpha=alpha, learning_rate=rate)


def _config(arm: Arm, dataset: str, options: argparse.Namespace) -> RunConfig:
    """Return the recipe of photographs, section 5.1, at the arm's alpha."""
    settings = {
        **RECIPES["paper"]["image_folder"],
        "backbone": options.backbone,
        "image_size": options.image_size,
        "alpha": arm.alpha,
    }
    return RunConfig(dataset=dataset, method=arm.method, seed=options.seed, **settings)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data_dir", required=True, help="a folder of photographs a class")
    parser.add_argument("--weights", help="file of the backbone's weights; default: random ones")
    parser.add_argument("--json", type=Path, help="the record; default: it is only printed")
    parser.add_argument("--backbone", default="googlenet", help="%(default)s")
    parser.add_argument("--alphas", type=float, nargs="+", default=[4, 16, 64], help="4 16 64")
    parser.add_argument("--clip", type=float, default=1.0, help="global norm; %(default)s")
    defaults = {"steps": 100, "largest_steps": 254, "image_size": 224, "seed": 0}
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default, help="%(default)s")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
