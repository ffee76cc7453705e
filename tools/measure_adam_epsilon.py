"""Measures what Adam's epsilon does to a pretrained GoogLeNet in a run's first steps.

    python tools/measure_adam_epsilon.py --data_dir=FOLDER --weights=bvlc_googlenet.caffemodel

Trains BN with the recipe of Stanford Online Products on the training classes of a folder, once with
each epsilon, and prints loss and accuracy of the last third of the steps, and the mean cosine of
the pooled features of different classes before the first step and after the last one.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from hsm.data.sources import ImageSource, load_source
from hsm.experiments.config import RunConfig
from hsm.experiments.config.initial_weights import InitialWeights
from hsm.experiments.config.recipes import RECIPES
from hsm.experiments.runs import build
from hsm.training.collapse import pooled_cosine

_ROW = "{:>8}  {:>6}  {:>8}  {:>12}  {:>10}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a row an epsilon; return the exit status."""
    options = _parse(arguments)
    source = load_source("image_folder", data_dir=options.data_dir)
    print(f"{source.train.num_classes} classes, {options.steps} steps, seed {options.seed}")
    print(_ROW.format("epsilon", "loss", "accuracy", "cosine first", "last"))
    for epsilon in options.epsilons:
        config = _config(source.name, epsilon, options)
        loss, accuracy, first, last = _measure(config, source, options)
        numbers = (f"{loss:.2f}", f"{accuracy:.1%}", f"{first:.4f}", f"{last:.6f}")
        print(_ROW.format(f"{epsilon:g}", *numbers), flush=True)
    return 0


def _config(dataset: str, epsilon: float, options: argparse.Namespace) -> RunConfig:
    """Return BN with the recipe of Products, but for what the options say."""
    settings = {
        **RECIPES["paper"]["products"],
        "backbone": options.backbone,
        "image_size": options.image_size,
        "adam_epsilon": epsilon,
    }
    return RunConfig(dataset=dataset, method="BN", seed=options.seed, **settings)


def _measure(
    config: RunConfig, source: ImageSource, options: argparse.Namespace
) -> tuple[float, float, float, float]:
    """Train; return loss, accuracy, and the cosines before and after."""
    model = build.build_model(
        config, source.train.num_classes, initial_weights=InitialWeights(options.weights)
    )
    step = build.build_step(config, model)
    step.set_phase(alpha=config.initial_alpha, learning_rate=config.learning_rate)
    before = pooled_cosine(model.backbone, *next(endless(config, source)))
    batches = endless(config, source)
    for done in range(options.steps):
        if done == options.steps - max(options.steps // 3, 1):
            step.reset()
        step(*next(batches))
    totals = step.totals()
    return totals.mean_loss, totals.accuracy, before, pooled_cosine(model.backbone, *next(batches))


def endless(config: RunConfig, source: ImageSource) -> Iterator[tuple[Any, Any]]:
    """Yield the batches of epoch after epoch."""
    data = build.training_data(config, source)
    for epoch in itertools.count(1):
        yield from data.batches(epoch, 0)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data_dir", required=True, help="a folder of photographs a class")
    parser.add_argument("--weights", help="file of the backbone's weights; default: random ones")
    parser.add_argument("--backbone", default="googlenet", help="%(default)s")
    parser.add_argument(
        "--epsilons", type=float, nargs="+", default=[1e-7, 0.01], help="1e-7 and 0.01"
    )
    for name, default in (("steps", 60), ("image_size", 224), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default, help="%(default)s")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
