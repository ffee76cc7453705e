"""Records → sentences: which row scored best, and which differences are told from chance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hsm.experiments.config import METHODS
from hsm.experiments.config.run_record import RunRecord
from hsm.experiments.config.variants import comparisons, standing_order
from hsm.experiments.reporting import cell_format, dimension_table, seed_differences, summary
from hsm.experiments.reporting.metric_columns import ACCURACY, Measure, metric_columns
from hsm.metrics.bootstrap import Interval


def verdict(records: Sequence[RunRecord]) -> tuple[str, ...]:
    """Return what a table found, a sentence each; numbers are in percent and percentage points.

    The score is Recall@K at the smallest K, or the accuracy, at the final epoch. A difference is
    told from chance if its 95 % paired bootstrap interval over queries leaves out 0, and of three
    seeds or more Student's over seeds does, too: the one that reaches nearer to 0 is shown.

    Args:
        records: those of one table; each data set and number of dimensions is judged by itself.

    Raises:
        ValueError: if the records do not go into one table, see `summary.by_dataset`.
    """
    parts = _parts(records)
    lines: list[str] = []
    for part in parts:
        sentences = [_best_sentence(part), *_pair_sentences(part)]
        lines += [f"{part.name}: {line}" for line in sentences] if len(parts) > 1 else sentences
    return (*lines, *_caveat(records, parts), *_trial(records))


def headline(records: Sequence[RunRecord]) -> str:
    """Return a table's result as a title: the best row's score, what heating gained or lost.

    Args:
        records: as for `verdict`.

    Raises:
        ValueError: as `verdict`.
    """
    parts = _parts(records)
    if len(parts) > 1:
        scores = (f"{part.name} {part.best} {_percent(part)}" for part in parts)
        return f"Best {parts[0].measure.label}: {', '.join(scores)}"
    return f"{parts[0].name}: {'; '.join([_best_phrase(parts[0]), *_heating_phrase(parts[0])])}"


@dataclass(frozen=True)
class _Part:
    """What is compared with each other: rows of one data set and one number of dimensions.

    Attributes:
        name: the data set, with the dimensions where a table has several.
        rows: a row's label → its records, a seed each, in the order of the table.
        pairs: rows of which the first is compared with the second.
        measure: by what.
    """

    name: str
    rows: dict[str, list[RunRecord]]
    pairs: tuple[tuple[str, str], ...]
    measure: Measure

    @property
    def best(self) -> str:
        """The row with the highest mean; of equal ones the first."""
        return max(self.rows, key=self.mean)

    def mean(self, row: str) -> float:
        """Return the score of a row, a fraction 0..1."""
        score = summary.score(self.measure.of(run.final) for run in self.rows[row])
        return 0.0 if score is None else score.mean

    def compared(self, row: str, base: str) -> tuple[int, Interval] | None:
        """Return how many seeds `row` and `base` share, and the gain; None without any."""
        ours, theirs = summary.shared_seeds(self.rows[row], self.rows[base])
        gain = summary.difference(ours, theirs, self.measure) if ours else None
        if not isinstance(gain, Interval):
            return None
        over_seeds = seed_differences.interval(ours, theirs, self.measure)
        return len(ours), gain if over_seeds is None else min(gain, over_seeds, key=_distance)

    def rivals(self) -> list[str]:
        """Return the rows that are not told from the best one."""
        others = {row: self.compared(self.best, row) for row in self.rows if row != self.best}
        return [
            row for row, compared in others.items() if compared is None or _sign(compared[1]) == 0
        ]


def _parts(records: Iterable[RunRecord]) -> list[_Part]:
    parts = []
    for dataset, runs in summary.by_dataset(records, lambda run: run.name).items():
        sizes = sorted({run.config.embedding_dim for run in runs})
        for size in sizes:
            own = [run for run in runs if run.config.embedding_dim == size]
            name = f"{dataset}, {size} dimensions" if len(sizes) > 1 else dataset
            parts.append(_part(name, own))
    return parts


def _part(name: str, runs: Sequence[RunRecord]) -> _Part:
    measure = next(m for m in metric_columns(runs) if m.hits is not None)
    scored = [run for run in runs if measure.of(run.final) is not None]
    by_alpha = len({(summary.row_label(run), run.seed) for run in scored}) < len(scored)
    rows: dict[str, list[RunRecord]] = {}
    for run in sorted(scored, key=lambda run: run.config.alpha):
        rows.setdefault(_alpha_label(run) if by_alpha else summary.row_label(run), []).append(run)
    if by_alpha:
        pairs = tuple(("HBN", row) for row in rows if "HBN" in rows and row != "HBN")
    else:
        rows = {row: rows[row] for row in standing_order(rows)}
        pairs = comparisons(rows)
    return _Part(name, rows, pairs, measure)


def _alpha_label(run: RunRecord) -> str:
    """Return the row's label in a table of fixed alphas."""
    column = dimension_table.column(run)
    return column if column == run.method else f"{run.method} with {column}"


def _best_sentence(part: _Part) -> str:
    best = f"Best by {part.measure.label}: {part.best} with {_percent(part)}"
    others = [row for row in part.rows if row != part.best]
    rivals = part.rivals()
    if not others:
        return f"{best}; it is compared with nothing."
    if not rivals:
        return f"{best}; every other row is told from it."
    return f"{best}; not told from it: {', '.join(rivals)}."


def _pair_sentences(part: _Part) -> Iterator[str]:
    for row, base in part.pairs:
        compared = part.compared(row, base)
        if compared is not None:
            seeds, gain = compared
            low, high = (cell_format.points(bound) for bound in (gain.low, gain.high))
            over = f" over {seeds} seeds" if seeds > 1 else ""
            points = f"{cell_format.points(gain.difference)} points [{low}, {high}]{over}"
            judged = _judgement(row, base, _sign(gain))
            yield f"{row} − {base}: {part.measure.label} {points}: {judged}."


def _judgement(row: str, base: str, sign: int) -> str:
    if sign == 0:
        return "not told from chance"
    if _heats(row, base):
        return "heating helped" if sign > 0 else "heating harmed"
    return f"{row if sign > 0 else base} is better"


def _caveat(records: Sequence[RunRecord], parts: Sequence[_Part]) -> list[str]:
    """Return what the intervals do not speak of; nothing where there are none."""
    if not any(part.pairs for part in parts):
        return []
    seeds = len({run.seed for run in records})
    if seeds >= seed_differences.FEWEST_SEEDS:
        return ["In brackets: 95 % intervals, over queries or over seeds, whichever says less."]
    of = "one seed: another may" if seeds == 1 else f"{seeds} seeds: others may"
    return [f"In brackets: 95 % intervals over queries, of {of} give another order."]


def _trial(records: Sequence[RunRecord]) -> list[str]:
    """Return a sentence on few images, where few were used."""
    limits = [run.config.limit for run in records if run.config.limit is not None]
    if not limits:
        return []
    return [f"At most {max(limits):,} images a part: a trial of the command, and no result."]


def _best_phrase(part: _Part) -> str:
    k, queries = part.measure.k, part.rows[part.best][0].final.num_queries
    share = f"for {100 * part.mean(part.best):.1f} % of {queries:,} test images"
    if part.measure == ACCURACY:
        phrase = f"{part.best} names the right class {share}"
    else:
        place = "first" if k == 1 else f"among the first {k}"
        phrase = f"{part.best} finds the right class {place} {share}"
    rivals = part.rivals()
    if not rivals:
        return phrase
    others = " and ".join(rivals) if len(rivals) < 3 else f"{len(rivals)} other rows"
    return f"{phrase}, not told from {others}"


def _heating_phrase(part: _Part) -> list[str]:
    """Return what heating changed, in the pair with the best row, else in the first."""
    pairs = [pair for pair in part.pairs if _heats(*pair)]
    pairs.sort(key=lambda pair: part.best not in pair)
    for row, base in pairs:
        compared = part.compared(row, base)
        if compared is not None:
            points, sign = cell_format.points(compared[1].difference), _sign(compared[1])
            if sign == 0:
                return [f"what heating {base} changed ({points} points) is not told from chance"]
            return [f"heating {base} {'gained' if sign > 0 else 'lost'} {points[1:]} points"]
    return []


def _heats(row: str, base: str) -> bool:
    return row in METHODS and METHODS[row].heats == base


def _percent(part: _Part) -> str:
    return f"{100 * part.mean(part.best):.2f} %"


def _distance(gain: Interval) -> float:
    """Return how far the interval lies from 0; below 0 where it holds 0."""
    return max(gain.low, -gain.high)


def _sign(gain: Interval) -> int:
    """Return 1 if the gain is told from chance, −1 if the loss is, else 0."""
    return int(gain.low > 0) - int(gain.high < 0)
