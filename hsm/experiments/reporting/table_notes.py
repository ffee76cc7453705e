"""The sentences under a table: data, seeds, settings, and what the records were made with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from hsm.experiments.config import RunConfig
from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.reporting.metric_columns import metric_columns, nmi_average
from hsm.experiments.runs.made_with import makers
from hsm.models.backbone_specs import is_keras_file

_Setting = Callable[[RunConfig], Any]

_SETTINGS: tuple[tuple[_Setting, str], ...] = (
    (lambda c: f"{c.backbone} from {c.weights or _own_weights(c)}", "{}"),
    (lambda c: f"{c.epochs} + {c.heated_epochs}", "{} epochs"),
    (lambda c: c.optimizer, "{}"),
    (lambda c: f"{c.learning_rate:g}", "learning rate {}"),
    (lambda c: c.batch_size, "batches of {}"),
    (lambda c: c.embedding_dim, "{} dimensions"),
    (lambda c: c.profile, "profile {}"),
)


def data_note(runs: Sequence[RunRecord]) -> str:
    """Return what was tested, and how."""
    data, config = runs[0].data, runs[0].config
    test = data.test
    tested = f"{test.images:,} test images of {test.classes} classes"
    if config.is_classification:
        return f"{tested}, the training classes, of which other images trained."
    where = (
        "every image a query once"
        if data.gallery is None
        else f"every image a query once, looked up in a gallery of {data.gallery.images:,} others"
    )
    clustering = ""
    if any(measure.label == "NMI" for measure in metric_columns(runs)):
        clustering = f"; NMI with the {nmi_average(runs)} mean of the entropies"
    return (
        f"{tested} that no training image belongs to, {where}; features length-normalised"
        f"{clustering}."
    )


def seed_notes(counts: Mapping[str, int]) -> list[str]:
    """Return over how many seeds the numbers are means; nothing for single ones.

    Args:
        counts: by row or column, its number of seeds, 1 or more.
    """
    numbers = set(counts.values())
    if numbers == {1}:
        return []
    if len(numbers) == 1:
        return [f"Mean ± sample standard deviation over {numbers.pop()} seeds."]
    listed = ", ".join(f"{label} {count}" for label, count in counts.items())
    return [f"Mean ± sample standard deviation over seeds, as many as: {listed}."]


def settings_notes(runs: Sequence[RunRecord]) -> list[str]:
    """Return what was trained, from what, how long and how, and what sets methods apart.

    Nothing if nothing was trained.
    """
    configs = [run.config for run in runs if run.epochs]
    if not configs:
        return []
    parts = [text.format(_all(str(value(c)) for c in configs)) for value, text in _SETTINGS]
    method_notes = (config.traits.note for config in configs)
    return [
        f"Settings: {', '.join(parts)}.",
        *dict.fromkeys(note for note in method_notes if note),
        *_untuned_notes(configs),
    ]


def _untuned_notes(configs: Sequence[RunConfig]) -> list[str]:
    """Return of which compared systems the settings are the paper's own methods'."""
    named = (c.method for c in configs if c.traits.citation is not None and not c.tuned)
    names = ", ".join(dict.fromkeys(named))
    return [f"No setting is tuned for {names}."] if names else []


def run_note(runs: Sequence[RunRecord]) -> str:
    """Return with what, on what and in what time the records were made."""
    parts = [
        part for run in runs for part in makers(run.provenance.to_json()) if "hardware" in part
    ]
    return (
        f"Runs: {_all(_commit(part) for part in parts)}, "
        f"TensorFlow {_all(part['versions'].get('tensorflow') for part in parts)}, "
        f"{_all(run.config.precision for run in runs)}, "
        f"{_all(_hardware(part) for part in parts)}, "
        f"{_minutes(runs)}."
    )


def _own_weights(config: RunConfig) -> str:
    return "its own weights" if is_keras_file(config.backbone) else "random weights"


def _minutes(runs: Sequence[RunRecord]) -> str:
    """Return the time of a run; a heated one's includes the epochs that it shares with LN or BN."""
    times = [sum(run.seconds.values()) / 60 for run in runs if run.epochs]
    if not times:
        return "nothing trained"
    spans = dict.fromkeys(f"{minutes:.1f}" for minutes in (min(times), max(times)))
    return f"{' to '.join(spans)} minutes a run, shared epochs included"


def _commit(part: Mapping[str, Any]) -> str:
    commit = part["commit"]
    if commit is None:
        return "no commit"
    return f"commit {commit[:7]}" + (" with local changes" if part["dirty"] else "")


def _hardware(part: Mapping[str, Any]) -> str:
    hardware = part["hardware"]
    if hardware.get("gpus"):
        return _all(hardware["gpus"])
    cores = hardware["cores"]
    threads = part.get("environment", {}).get("intra_op_threads", cores)
    on = "" if threads == cores else f"{threads} {'thread' if threads == 1 else 'threads'} on "
    return f"{on}{cores} cores of {hardware['cpu']}"


def _all(names: Iterable[str | None]) -> str:
    return " and ".join(dict.fromkeys(name or "unknown" for name in names))
