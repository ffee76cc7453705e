"""The numbers of an evaluation that tables show: NMI, Recall@K, accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Measure:
    """One column of a table; a fraction, 0..1, in every evaluation that has it.

    Attributes:
        label: what the column is called: "NMI", "R@1", "accuracy".
        keys: where it stands in an evaluation, for example ("recall", "1").
        hits: its key among a record's hits; None if it is not a mean over queries.
    """

    label: str
    keys: tuple[str, ...]
    hits: str | None

    def of(self, evaluation: Mapping[str, Any]) -> float | None:
        """Its value, or None where it was not measured."""
        found: Any = evaluation
        for key in self.keys:
            found = found.get(key)
            if found is None:
                return None
        return found


ACCURACY = Measure("accuracy", ("accuracy",), "accuracy")


def recall(k: int) -> Measure:
    """Recall@k."""
    return Measure(f"R@{k}", ("recall", str(k)), str(k))


def nmi(average: str) -> Measure:
    """NMI with the "arithmetic" or "geometric" mean of the entropies."""
    return Measure("NMI", (f"nmi_{average}",), None)


def measures(runs: Sequence[Record]) -> tuple[Measure, ...]:
    """What a table of `runs` shows: the accuracy where it was scored, else NMI and Recall@K.

    Every K counts at which a record measured; the NMI is left out where none has it, as with a
    gallery.
    """
    if any(ACCURACY.of(run["final"]) is not None for run in runs):
        return (ACCURACY,)
    recalls = tuple(map(recall, ks(runs)))
    clustering = nmi(nmi_average(runs))
    if any(clustering.of(run["final"]) is not None for run in runs):
        return (clustering, *recalls)
    return recalls


def ks(runs: Sequence[Record]) -> tuple[int, ...]:
    """Every K at which a record measured Recall@K, ascending."""
    return tuple(sorted({int(k) for run in runs for k in run["final"]["recall"]}))


def nmi_average(runs: Sequence[Record]) -> str:
    """The mean of the entropies, "arithmetic" or "geometric", in the NMI that is shown of `runs`.

    The profile decides it; records from before there were two have the arithmetic one.
    """
    return runs[0]["config"].get("nmi", "arithmetic")
