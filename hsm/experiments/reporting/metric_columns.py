"""The numbers of an evaluation that tables show: NMI, Recall@K, MAP@R, accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hsm.experiments.config.run_record import RunRecord
from hsm.records import EvaluationRow


@dataclass(frozen=True)
class Measure:
    """One column of a table; a fraction, 0..1, in every evaluation that has it.

    Attributes:
        label: what the column is called: "NMI", "R@1", "accuracy".
        field: the attribute of an evaluation that holds it, for example "recall".
        k: its key there, where the attribute holds several numbers.
        hits: its key among a record's hits; None if it is no share of the queries.
        scores: its key among what a record keeps of each query; None if it is no mean of these.
    """

    label: str
    field: str
    k: int | None = None
    hits: str | None = None
    scores: str | None = None

    def of(self, evaluation: EvaluationRow) -> float | None:
        """Return its value, or None where it was not measured."""
        value = getattr(evaluation, self.field)
        return value if self.k is None else value.get(self.k)

    def at(self, stage: str, run: RunRecord) -> float | None:
        """Return its value at one of `hsm.records.STAGES` of `run`; None without one."""
        evaluation = run.stage(stage)
        return None if evaluation is None else self.of(evaluation)


ACCURACY = Measure("accuracy", "accuracy", hits="accuracy")


_PRECISIONS = (
    Measure("R-precision", "r_precision", scores="r_precision"),
    Measure("MAP@R", "map_at_r", scores="map_at_r"),
)


def recall(k: int) -> Measure:
    """Return Recall@k."""
    return Measure(f"R@{k}", "recall", k, hits=str(k))


def nmi(average: str) -> Measure:
    """Return NMI with the "arithmetic" or "geometric" mean of the entropies."""
    return Measure("NMI", f"nmi_{average}")


def precisions(runs: Sequence[RunRecord]) -> tuple[Measure, ...]:
    """Return R-precision and MAP@R where every record holds them: older ones do not."""
    return tuple(m for m in _PRECISIONS if all(m.of(run.final) is not None for run in runs))


def metric_columns(runs: Sequence[RunRecord]) -> tuple[Measure, ...]:
    """Return what a table of `runs` shows: the accuracy if scored, else NMI, Recall@K and MAP@R.

    Every K counts at which a record measured; the NMI is left out where none has it, as with a
    gallery, and R-precision and MAP@R where not all have them.
    """
    if any(ACCURACY.of(run.final) is not None for run in runs):
        return (ACCURACY,)
    recalls = (*map(recall, ks(runs)), *precisions(runs))
    clustering = nmi(nmi_average(runs))
    if any(clustering.of(run.final) is not None for run in runs):
        return (clustering, *recalls)
    return recalls


def ks(runs: Sequence[RunRecord]) -> tuple[int, ...]:
    """Return every K at which a record measured Recall@K, ascending."""
    return tuple(sorted({k for run in runs for k in run.final.recall}))


def nmi_average(runs: Sequence[RunRecord]) -> str:
    """Return the mean of the entropies, "arithmetic" or "geometric", in the NMI that is shown.

    The profile decides it.
    """
    return runs[0].config.nmi
