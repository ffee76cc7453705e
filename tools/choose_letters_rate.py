"""Trains letters at several learning rates and writes what the loss of the training letters became.

    python tools/choose_letters_rate.py --json=experiments/letters_rate.json

SM, LN and BN train to the switch with the recipe of letters, at each rate. No test letter is looked
at: the recipe's rate is the one with the smallest mean of the three losses, each divided by its
smallest, so that none of them outweighs the others.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from hsm.data.sources import ImageSource, load_source
from hsm.experiments.config import RunConfig
from hsm.experiments.config.recipes import RECIPES
from hsm.experiments.runs import build

_METHODS = ("SM", "LN", "BN")


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, print a row a rate, and write them; return the exit status."""
    options = _parse(arguments)
    source = load_source("letters")
    rows: list[dict[str, float]] = []
    for rate in options.rates:
        losses = {m: round(_loss(_config(m, rate, options), source), 4) for m in _METHODS}
        rows.append({"rate": rate, **losses})
        print(rows[-1], flush=True)
    chosen = min(rows, key=lambda row: _score(row, rows))["rate"]
    print(f"chosen: {chosen:g}")
    result = {"epochs": options.epochs, "seed": options.seed, "losses": rows, "chosen": chosen}
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


def _score(row: Mapping[str, float], rows: Sequence[Mapping[str, float]]) -> float:
    """Return the sum of a rate's losses, each over the smallest of its method."""
    return sum(row[method] / min(other[method] for other in rows) for method in _METHODS)


def _config(method: str, rate: float, options: argparse.Namespace) -> RunConfig:
    recipe = {
        **RECIPES["paper"]["letters"],
        "learning_rate": rate,
        "epochs": options.epochs,
        "heated_epochs": 0,
    }
    return RunConfig(dataset="letters", method=method, seed=options.seed, **recipe)


def _loss(config: RunConfig, source: ImageSource) -> float:
    """Return the mean loss of the last epoch, in nats."""
    model = build.build_model(config, source.train.num_classes)
    step, data = build.build_step(config, model), build.training_data(config, source)
    step.set_phase(alpha=config.initial_alpha, learning_rate=config.learning_rate)
    for epoch in range(1, config.epochs + 1):
        step.reset()
        for images, labels in data.batches(epoch, 0):
            step(images, labels)
    return step.totals().mean_loss


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rates", type=float, nargs="+", default=[0.004, 0.01, 0.03, 0.1])
    parser.add_argument("--epochs", type=int, default=RECIPES["paper"]["letters"]["epochs"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="file to write; without it nothing is written")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
