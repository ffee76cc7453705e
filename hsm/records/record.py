"""The typed record: what a run writes down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from hsm.records.hits import check_hits, unpack_hits
from hsm.records.json_values import LEFT_OUT, JsonObject, at_place, decode, misfit
from hsm.records.parts import (
    Count,
    DataFacts,
    EpochRow,
    EvaluationRow,
    FileName,
    Hits,
    Provenance,
    Seconds,
    Tuning,
)
from hsm.records.query_scores import QueryScores, check_scores, unpack_scores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCHEMA = 1
# The evaluations that a record tells apart.
STAGES = ("final", "best", "switch", "unnormalized")

Config = TypeVar("Config")


@dataclass(frozen=True, kw_only=True)
class Record(JsonObject, Generic[Config]):
    """One finished run.

    Attributes:
        name: follows from configuration and seed; its file has it too.
        method: what was trained, as `config` says.
        seed: of the run, as `config` says.
        config: the settings: JSON values, or what the reader made of them, see `read`.
        data: what it was trained and tested on.
        seconds: wall time by what took it, such as "train".
        switch_epoch: the epoch after which heating switches; None if nothing is trained or
            switched.
        epochs: every epoch of training.
        evaluations: every evaluation, by epoch.
        final: that after the last epoch.
        best: the best of them, chosen on the test images.
        switch: that after the switch epoch.
        unnormalized: the final one with features that do not have unit length.
        hits: which queries were hits.
        provenance: which code ran, on what, and when.
        tuning: the trials that chose its settings; None where a recipe or flags did.
        query_scores: what each query scored; None in records before they were kept, and where only
            the accuracy is scored.
        further: keys that this version does not know.
    """

    name: FileName
    method: str
    seed: Count
    config: Config
    data: DataFacts
    seconds: Mapping[str, Seconds]
    switch_epoch: Count | None
    epochs: tuple[EpochRow, ...]
    evaluations: tuple[EvaluationRow, ...]
    final: EvaluationRow
    best: EvaluationRow | None
    switch: EvaluationRow | None
    unnormalized: EvaluationRow | None
    hits: Hits
    provenance: Provenance
    tuning: Tuning | None = field(default=None, metadata=LEFT_OUT)
    query_scores: QueryScores | None = field(default=None, metadata=LEFT_OUT)
    further: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse hits of another number of queries than the evaluation has."""
        for stage, row in (("final", self.final), ("switch", self.switch)):
            for key, text in (getattr(self.hits, stage) or {}).items():
                try:
                    check_hits(text, 0 if row is None else row.num_queries)
                except ValueError as error:
                    raise at_place(f"hits.{stage}.{key}", error) from error
        for key, text in (self.query_scores.final if self.query_scores else {}).items():
            try:
                check_scores(text, self.final.num_queries)
            except ValueError as error:
                raise at_place(f"query_scores.final.{key}", error) from error

    def images_seen_after(self, epoch: int = 0) -> int:
        """Return how many images the batches of the epochs after `epoch` held; 0 for all."""
        rows = (row for row in self.epochs if row.epoch > epoch)
        return sum(round(row.seconds * row.images_per_second) for row in rows)

    def stage(self, name: str) -> EvaluationRow | None:
        """Return the evaluation `name`, one of `STAGES`; None where there is none."""
        row: EvaluationRow | None = getattr(self, name)
        return row

    def final_hits(self, key: str) -> NDArray[np.bool_]:
        """Return which queries were hits after the last epoch: bool [num_queries].

        Args:
            key: a K, such as "1", or "accuracy".

        Raises:
            ValueError: if the record does not hold them.
        """
        if key not in self.hits.final:
            raise misfit(f"{self.name}: hits.final", f"hits of {key}", [*self.hits.final])
        return unpack_hits(self.hits.final[key], self.final.num_queries)

    def final_scores(self, key: str) -> NDArray[np.float64] | None:
        """Return what each query scored after the last epoch: float64 [num_queries].

        Args:
            key: "r_precision" or "map_at_r".

        Returns:
            None where the record does not hold it.
        """
        if self.query_scores is None or key not in self.query_scores.final:
            return None
        return unpack_scores(self.query_scores.final[key], self.final.num_queries)

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        return {"schema": SCHEMA, **super().to_json()}

    @classmethod
    def from_json(
        cls, values: object, config: Callable[[Mapping[str, Any]], Any] = dict
    ) -> Record[Any]:
        """Return the inverse of `to_json`.

        Args:
            values: JSON values, of this version or an older one.
            config: makes the settings of a mapping of JSON values; raises ValueError.

        Raises:
            ValueError: if the values do not fit; it names the place, the rule and the value.
        """
        if not isinstance(values, dict) or type(values.get("schema")) is not int:
            raise misfit("", "an object with a schema", values)
        if values["schema"] != SCHEMA:
            raise misfit("schema", f"{SCHEMA}", values["schema"])
        content = {key: value for key, value in values.items() if key != "schema"}
        record: Record[dict[str, Any]] = decode(cls, content)
        for key in ("method", "seed"):
            if record.config.get(key) != getattr(record, key):
                expected = f"{getattr(record, key)!r} as outside of it"
                raise misfit(f"config.{key}", expected, record.config.get(key))
        try:
            return replace(record, config=config(record.config))
        except (ValueError, ArithmeticError) as error:
            raise at_place("config", error) from error


# Those that every record has.
_NOT_OF_EVERY = ("further", "tuning", "query_scores")
KEYS = ("schema", *(f.name for f in fields(Record) if f.name not in _NOT_OF_EVERY))
