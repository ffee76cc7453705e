"""Records of one data set → rows of scores averaged over seeds, and paired differences."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hsm.experiments.config import METHODS, RunConfig
from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.config.variants import comparisons, label, standing_order
from hsm.experiments.reporting.metric_columns import Measure
from hsm.metrics.bootstrap import Interval, paired_bootstrap, paired_bootstrap_of_scores
from hsm.records import EvaluationRow

# Records of one table share these settings.
_SHARED = ("profile", "nmi", "split")


@dataclass(frozen=True)
class Score:
    """A measure over seeds.

    Attributes:
        mean: the mean, a fraction 0..1.
        std: the sample standard deviation (n − 1); None with a single seed.
    """

    mean: float
    std: float | None


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        label: what the line is called, for example "LN at switch".
        evaluations: the evaluation of each seed; empty where no record holds one.
    """

    label: str
    evaluations: Mapping[int, EvaluationRow]

    def score(self, measure: Measure) -> Score | None:
        """Return the measure over the seeds, or None where one of them lacks it."""
        return score(measure.of(evaluation) for evaluation in self.evaluations.values())

    def epochs(self) -> tuple[int, ...]:
        """Return the epochs that the seeds' evaluations come from, without repetition."""
        return tuple(sorted({row.epoch for row in self.evaluations.values()}))


@dataclass(frozen=True)
class Difference:
    """One row minus another at the final epoch, over the seeds that both have.

    Attributes:
        label: for example "HBN − BN".
        seeds: how many seeds both rows have.
        values: by measure, the difference of the means with its 95 % interval over queries; without
            one for the NMI, a number for the whole test set, which has no queries to resample. Of
            R-precision and MAP@R the interval is NaN where a record keeps no single queries.
    """

    label: str
    seeds: int
    values: Mapping[Measure, Interval | float]


def by_dataset(
    runs: Iterable[RunRecord], identity: Callable[[RunRecord], Hashable] | None = None
) -> dict[str, list[RunRecord]]:
    """Return the records of each data set, in the order in which the data sets first appear.

    Args:
        runs: the records.
        identity: what no two records of a data set and a seed share; None for the row's label.

    Raises:
        ValueError: If there is none, if two are of one identity and seed, or if those of one data
            set differ in their data, their split, their profile or the NMI that they show.
    """
    groups: dict[str, list[RunRecord]] = {}
    for run in runs:
        groups.setdefault(run.data.name, []).append(run)
    if not groups:
        raise ValueError("expected at least one record. Received: none. Run table1 first.")
    for group in groups.values():
        _check_distinct(group, identity or row_label)
        _check_shared(group)
    return groups


def row_label(run: RunRecord) -> str:
    """Return what the row of a record is called."""
    return label(run.config)


def final_rows(runs: Sequence[RunRecord]) -> tuple[Row, ...]:
    """Return the rows of a table of methods at the final epoch, LN and BN at the switch too.

    What heating starts from stands above it. A method, a variant and the switch have a row where
    they were measured.
    """
    rows = []
    for name in standing_order(map(row_label, runs)):
        if name in METHODS.heated:
            rows.append(Row(f"{name} at switch", _evaluations(runs, name, "switch")))
        rows.append(Row(name, _evaluations(runs, name, "final")))
    return tuple(row for row in rows if row.evaluations)


def other_rows(runs: Sequence[RunRecord], stage: str) -> tuple[Row, ...]:
    """Return the rows that have the evaluation `stage`: "best" or "unnormalized"."""
    names = standing_order(map(row_label, runs))
    rows = [Row(name, _evaluations(runs, name, stage)) for name in names]
    return tuple(row for row in rows if row.evaluations)


def differences(
    runs: Sequence[RunRecord],
    columns: Sequence[Measure],
    *,
    num_resamples: int = 10_000,
    seed: int = 0,
) -> tuple[Difference, ...]:
    """Return HBN − BN, HLN − LN, BN − SM and those with variants, where both were run.

    With several seeds a query is resampled together with its hits under every seed, and counts as
    their mean: the interval speaks of other queries, not of other seeds.
    """
    groups: dict[str, list[RunRecord]] = {}
    for run in runs:
        groups.setdefault(row_label(run), []).append(run)
    differences = []
    for name, base in comparisons(groups):
        ours, theirs = shared_seeds(groups[name], groups[base])
        if ours:
            values = {
                measure: difference(ours, theirs, measure, num_resamples=num_resamples, seed=seed)
                for measure in columns
                if all(measure.of(run.final) is not None for run in (*ours, *theirs))
            }
            differences.append(Difference(f"{name} − {base}", len(ours), values))
    return tuple(differences)


def shared_seeds(
    ours: Sequence[RunRecord], theirs: Sequence[RunRecord]
) -> tuple[list[RunRecord], list[RunRecord]]:
    """Return the records of the seeds that both have, in the order of the seeds."""
    one, other = ({run.seed: run for run in runs} for runs in (ours, theirs))
    seeds = sorted(one.keys() & other.keys())
    return [one[seed] for seed in seeds], [other[seed] for seed in seeds]


def difference(
    ours: Sequence[RunRecord],
    theirs: Sequence[RunRecord],
    measure: Measure,
    *,
    num_resamples: int = 10_000,
    seed: int = 0,
) -> Interval | float:
    """Return the difference of the means at the final epoch, see `Difference.values`.

    Args:
        ours: records of one row, a seed each.
        theirs: records of another row, of the same seeds in the same order.
        measure: what is compared; every record has it.
        num_resamples: of the bootstrap.
        seed: of the bootstrap.
    """
    if measure.hits is None:
        mean_difference = _mean(ours, measure) - _mean(theirs, measure)
        if measure.scores is None:
            return mean_difference
        one, other = _scores(ours, measure.scores), _scores(theirs, measure.scores)
        if one is None or other is None:
            return Interval(mean_difference, math.nan, math.nan)
        # The means are exact, and single scores are kept to five digits.
        drawn = paired_bootstrap_of_scores(one, other, num_resamples=num_resamples, seed=seed)
        return replace(drawn, difference=mean_difference)
    hits = [_hits(side, measure.hits) for side in (ours, theirs)]
    return paired_bootstrap(*hits, num_resamples=num_resamples, seed=seed)


def score(values: Iterable[float | None]) -> Score | None:
    """Return mean and deviation of a measure over seeds; None where a seed lacks it."""
    numbers = list(values)
    measured = [number for number in numbers if number is not None]
    if not numbers or len(measured) < len(numbers):
        return None
    std = statistics.stdev(measured) if len(measured) > 1 else None
    return Score(mean=statistics.fmean(measured), std=std)


def _check_distinct(runs: Sequence[RunRecord], identity: Callable[[RunRecord], Hashable]) -> None:
    seen: dict[Hashable, RunRecord] = {}
    for run in runs:
        other = seen.setdefault((identity(run), run.seed), run)
        if other is not run:
            raise ValueError(
                f"expected one record for {row_label(run)}, seed {run.seed}. Received: "
                f"{other.name} and {run.name}, which differ in "
                f"{_differing(other.config, run.config)}. Move one of them to another folder."
            )


def _differing(first: RunConfig, second: RunConfig) -> str:
    """Return in words the settings that two configurations do not share."""
    pairs = {name: (getattr(first, name), getattr(second, name)) for name in first.to_json()}
    listed = (f"{name} ({one} and {other})" for name, (one, other) in pairs.items() if one != other)
    return ", ".join(listed) or "nothing but the name"


def _check_shared(runs: Sequence[RunRecord]) -> None:
    first = runs[0]
    for run in runs:
        for name in _SHARED:
            one, other = (getattr(record.config, name) for record in (first, run))
            if one != other:
                raise ValueError(
                    f"expected one {name} in the records of a table. Received: {first.name} has "
                    f"{one}, {run.name} has {other}. Give each its own `output_dir`."
                )
        if _test_data(run) != _test_data(first):
            raise ValueError(
                f"expected one set of data in the records of a table. Received: {first.name} has "
                f"{_test_data(first)}, {run.name} has {_test_data(run)}. Give each its own data "
                "set name."
            )


def _test_data(run: RunRecord) -> str:
    test = run.data.test
    checksum = run.data.checksum[:12]
    return f"{test.images} test images of {test.classes} classes, checksum {checksum}"


def _evaluations(runs: Iterable[RunRecord], name: str, stage: str) -> dict[int, EvaluationRow]:
    rows = {run.seed: run.stage(stage) for run in runs if row_label(run) == name}
    return {seed: row for seed, row in sorted(rows.items()) if row is not None}


def _mean(runs: Iterable[RunRecord], measure: Measure) -> float:
    return statistics.fmean(measure.of(run.final) or 0.0 for run in runs)


def _hits(runs: Sequence[RunRecord], key: str) -> np.ndarray:
    """Return the hits under `key`: bool [queries], of several seeds [seeds, queries]."""
    unpacked = [run.final_hits(key) for run in runs]
    return unpacked[0] if len(unpacked) == 1 else np.stack(unpacked)


def _scores(runs: Sequence[RunRecord], key: str) -> np.ndarray | None:
    """Return what queries scored, float64 [seeds, queries]; None where a record lacks it."""
    scored = [scores for run in runs if (scores := run.final_scores(key)) is not None]
    return np.stack(scored) if len(scored) == len(runs) else None
