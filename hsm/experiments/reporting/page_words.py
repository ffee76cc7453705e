"""What a newcomer reads on a report page: what its words mean, and its settings in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hsm.experiments.config import METHODS, Method, RunConfig
from hsm.experiments.config.hyperparameters import Hyperparameters
from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.config.settings import settings_of
from hsm.experiments.config.variants import label
from hsm.experiments.reporting.metric_columns import metric_columns
from hsm.visual import page

_MEASURES = {
    "R@": (
        "Recall@K, R@K",
        "The share of test images of which one of the K nearest others is of the same class.",
    ),
    "NMI": (
        "NMI",
        "Normalised mutual information: how well clusters of the features, found without labels, "
        "agree with the classes; 100 is perfect.",
    ),
    "R-precision": (
        "R-precision",
        "Of a test image with R others of its class, the share of its R nearest that are among "
        "them, on average.",
    ),
    "MAP@R": (
        "MAP@R",
        "R-precision that also asks for their order: right ones count the more the nearer they "
        "come.",
    ),
    "accuracy": ("accuracy", "The share of test images that the classifier names rightly."),
}
_ALPHA = (
    "What multiplies the classifier's outputs before the softmax: one over its temperature. "
    "To heat up is to make α smaller."
)
# What a reader asks for first.
_MAIN = (
    "backbone", "weights", "image_size", "embedding_dim", "batch_size", "optimizer",
    "learning_rate", "heated_learning_rate", "alpha", "heated_alpha", "epochs", "heated_epochs",
    "limit",
)  # fmt: skip


def meanings(runs: Sequence[RunRecord]) -> str:
    """Return the methods and measures of a table, each with a sentence."""
    names = {run.method for run in runs}
    meanings = {name: _about(METHODS[name]) for name in METHODS.standing if name in names}
    if names & {METHODS[name].heats for name in names}:
        meanings["at switch"] = "A method at the epoch from which its heated one goes on."
    meanings["α"] = _ALPHA
    shown = [measure.label for measure in metric_columns(runs)]
    meanings |= dict(
        words for start, words in _MEASURES.items() if any(m.startswith(start) for m in shown)
    )
    meanings["not told from"] = (
        "The 95 % interval of the difference holds 0: other test images, or of three seeds and "
        "more other seeds, may turn it round."
    )
    meanings["bold, underlined"] = (
        "The best score of its column, and in a table of dimensions of its line."
    )
    return page.words({name: text for name, text in meanings.items() if text})


def settings(runs: Sequence[RunRecord]) -> list[str]:
    """Return in words what all runs share, with its flag, and what each has for itself."""
    configs = [run.config for run in runs]
    shared = {name for name in _names() if len({getattr(c, name) for c in configs}) == 1}
    trained = next((config for config in configs if config.traits.is_trained), configs[0])
    rest = [name for name in _names() if name in shared and name not in _MAIN]
    blocks = [
        page.settings(_in_words(trained, [name for name in _MAIN if name in shared])),
        page.details("The other settings", page.settings(_in_words(trained, rest))),
    ]
    own = [name for name in _names() if name not in shared]
    if own:
        blocks += [
            page.details(title(run), page.settings(_in_words(run.config, own))) for run in runs
        ]
    return blocks


def title(run: RunRecord) -> str:
    """Return what a run is called on the page."""
    config = run.config
    what = f"α = {config.initial_alpha:g}, {config.embedding_dim} dimensions"
    return f"{run.data.name} {label(config)}, seed {run.seed} ({what})"


def _about(method: Method) -> str:
    return method.about or (method.note or "").removeprefix(f"{method.name}: ")


def _names() -> list[str]:
    return [field.name for field in settings_of(Hyperparameters)]


def _in_words(config: RunConfig, names: Iterable[str]) -> dict[str, str]:
    """Return what a setting is → the flag that sets it."""
    texts = {field.name: field.metadata["help"] for field in settings_of(Hyperparameters)}
    return {texts[name]: _flag(name, getattr(config, name)) for name in names}


def _flag(name: str, value: Any) -> str:
    if value is None:
        return f"without --{name}"
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no{name}"
    return f"--{name}={','.join(map(str, value)) if isinstance(value, tuple) else value}"
