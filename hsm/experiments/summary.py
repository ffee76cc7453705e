"""Records of one data set → scores by method, averaged over seeds, and paired differences."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hsm import records
from hsm.experiments.config import METHODS, PRETRAINED
from hsm.metrics.bootstrap import Interval, paired_bootstrap

Record = Mapping[str, Any]

# Table 1 in the order in which it is read: what heating starts from stands above it.
_ROWS = (
    (PRETRAINED, PRETRAINED, "final"),
    ("SM", "SM", "final"),
    ("LN at switch", "LN", "switch"),
    ("LN", "LN", "final"),
    ("HLN", "HLN", "final"),
    ("BN at switch", "BN", "switch"),
    ("BN", "BN", "final"),
    ("HBN", "HBN", "final"),
)
_PAIRS = (("HBN", "BN"), ("HLN", "LN"), ("BN", "SM"))


@dataclass(frozen=True)
class Score:
    """A metric over seeds.

    Attributes:
        mean: The mean, a fraction 0..1.
        std: The sample standard deviation (n − 1); None with a single seed.
    """

    mean: float
    std: float | None


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        label: What the line is called, for example "LN at switch".
        method: The method whose records it is read from.
        evaluations: The evaluation of each seed; empty where no record holds one.
    """

    label: str
    method: str
    evaluations: Mapping[int, Mapping[str, Any]]

    def nmi(self, average: str = "arithmetic") -> Score | None:
        """The NMI with the "arithmetic" or "geometric" mean of the entropies; None if not run."""
        return _score(e[f"nmi_{average}"] for e in self.evaluations.values())

    def recall(self, k: int) -> Score | None:
        """Recall@k, or None where it was not measured."""
        values = [e["recall"].get(str(k)) for e in self.evaluations.values()]
        return None if None in values else _score(values)

    def epochs(self) -> tuple[int, ...]:
        """The epochs that the seeds' evaluations come from, without repetition."""
        return tuple(sorted({e["epoch"] for e in self.evaluations.values() if "epoch" in e}))


@dataclass(frozen=True)
class Difference:
    """One method minus another at the final epoch, over the seeds that both have.

    Attributes:
        label: For example "HBN − BN".
        seeds: How many seeds both methods have.
        nmi: The difference of the mean NMI, with the average of `nmi_average`: a number for the
            whole test set, which has no queries to resample.
        recall: By K, the difference of Recall@K with its 95 % interval over queries.
    """

    label: str
    seeds: int
    nmi: float
    recall: Mapping[int, Interval]


def by_dataset(runs: Iterable[Record]) -> dict[str, list[Record]]:
    """The records of each data set, in the order in which the data sets first appear.

    Raises:
        ValueError: If there is none, if two are of one data set, method and seed, or if those of
            one data set differ in their data, their profile or the NMI that they show.
    """
    found: dict[str, list[Record]] = {}
    for run in runs:
        found.setdefault(run["data"]["name"], []).append(run)
    if not found:
        raise ValueError("A table needs at least one record. Received none: run table1 first.")
    for group in found.values():
        _check(group)
    return found


def ks(runs: Iterable[Record]) -> tuple[int, ...]:
    """Every K at which a record measured Recall@K, ascending."""
    return tuple(sorted({int(k) for run in runs for k in run["final"]["recall"]}))


def nmi_average(runs: Sequence[Record]) -> str:
    """The mean of the entropies, "arithmetic" or "geometric", in the NMI that is shown of `runs`.

    The profile decides it; records from before there were two have the arithmetic one.
    """
    return runs[0]["config"].get("nmi", "arithmetic")


def final_rows(runs: Sequence[Record]) -> tuple[Row, ...]:
    """The rows of Table 1 at the final epoch, LN and BN at the switch too.

    The five methods always have a row; the pretrained feature and the switch where measured.
    """
    rows = [Row(label, method, _evaluations(runs, method, key)) for label, method, key in _ROWS]
    trained = [method for method in METHODS if method != PRETRAINED]
    return tuple(row for row in rows if row.evaluations or row.label in trained)


def other_rows(runs: Sequence[Record], key: str) -> tuple[Row, ...]:
    """The methods that have the evaluation `key`: "best" or "unnormalized"."""
    order = [method for label, method, _ in _ROWS if label == method]
    rows = [Row(method, method, _evaluations(runs, method, key)) for method in order]
    return tuple(row for row in rows if row.evaluations)


def differences(
    runs: Sequence[Record], *, num_resamples: int = 10_000, seed: int = 0
) -> tuple[Difference, ...]:
    """HBN − BN, HLN − LN and BN − SM where both were run, with paired bootstrap intervals.

    With several seeds a query is resampled together with its hits under every seed, and counts as
    their mean: the interval speaks of other queries, not of other seeds.
    """
    by_key = {(run["method"], run["seed"]): run for run in runs}
    found, average = [], nmi_average(runs)
    for method, base in _PAIRS:
        seeds = sorted(s for m, s in by_key if m == method and (base, s) in by_key)
        if seeds:
            ours, theirs = ([by_key[m, s] for s in seeds] for m in (method, base))
            found.append(
                Difference(
                    label=f"{method} − {base}",
                    seeds=len(seeds),
                    nmi=_mean_nmi(ours, average) - _mean_nmi(theirs, average),
                    recall={
                        k: paired_bootstrap(
                            _hits(ours, k), _hits(theirs, k), num_resamples=num_resamples, seed=seed
                        )
                        for k in _shared_ks([*ours, *theirs])
                    },
                )
            )
    return tuple(found)


def _check(runs: Sequence[Record]) -> None:
    first = runs[0]
    seen: dict[tuple[str, int], Record] = {}
    for run in runs:
        other = seen.setdefault((run["method"], run["seed"]), run)
        if other is not run:
            raise ValueError(
                f"One table holds one record per method and seed. Received two for "
                f"{run['method']}, seed {run['seed']}: {other['name']} and {run['name']}. "
                "Move one of them to another folder."
            )
        for name in ("profile", "nmi"):
            if run["config"].get(name) != first["config"].get(name):
                raise ValueError(
                    f"Records of one table share their {name}. {first['name']} has "
                    f"{first['config'].get(name)}, {run['name']} has {run['config'].get(name)}. "
                    "Give each its own --output_dir."
                )
        if _test_data(run) != _test_data(first):
            raise ValueError(
                f"Records of one table share their data. {first['name']} has {_test_data(first)}, "
                f"{run['name']} has {_test_data(run)}. Give each its own data set name."
            )


def _test_data(run: Record) -> str:
    test = run["data"]["test"]
    checksum = run["data"]["checksum"][:12]
    return f"{test['images']} test images of {test['classes']} classes, checksum {checksum}"


def _evaluations(runs: Iterable[Record], method: str, key: str) -> dict[int, Mapping[str, Any]]:
    found = {run["seed"]: run[key] for run in runs if run["method"] == method and run.get(key)}
    return dict(sorted(found.items()))


def _score(values: Iterable[float]) -> Score | None:
    numbers = list(values)
    if not numbers:
        return None
    std = statistics.stdev(numbers) if len(numbers) > 1 else None
    return Score(mean=statistics.fmean(numbers), std=std)


def _mean_nmi(runs: Iterable[Record], average: str) -> float:
    return statistics.fmean(run["final"][f"nmi_{average}"] for run in runs)


def _shared_ks(runs: Sequence[Record]) -> list[int]:
    return sorted(set.intersection(*({int(k) for k in run["hits"]["final"]} for run in runs)))


def _hits(runs: Sequence[Record], k: int) -> np.ndarray:
    """The hits at `k`: bool [queries], or [seeds, queries] where there are several seeds."""
    unpacked = [
        records.unpack_hits(run["hits"]["final"][str(k)], run["final"]["num_queries"])
        for run in runs
    ]
    return unpacked[0] if len(unpacked) == 1 else np.stack(unpacked)
