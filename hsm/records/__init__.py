"""What a run writes down: one JSON file with configuration, provenance, metrics.

A file is read as a `Record`: checked, and brought up to date if an older version wrote it.
"""

from hsm.records.files import read, read_all, write
from hsm.records.hits import pack_hits, unpack_hits
from hsm.records.origin import commit, file_sha256, provenance
from hsm.records.parts import (
    DataFacts,
    EpochRow,
    EvaluationRow,
    Hardware,
    Hits,
    PartCounts,
    Provenance,
    Trial,
    Tuning,
    best_evaluation,
)
from hsm.records.query_scores import QueryScores, pack_scores, unpack_scores
from hsm.records.record import KEYS, SCHEMA, STAGES, Record

__all__ = [
    "KEYS",
    "SCHEMA",
    "STAGES",
    "DataFacts",
    "EpochRow",
    "EvaluationRow",
    "Hardware",
    "Hits",
    "PartCounts",
    "Provenance",
    "QueryScores",
    "Record",
    "Trial",
    "Tuning",
    "best_evaluation",
    "commit",
    "file_sha256",
    "pack_hits",
    "pack_scores",
    "provenance",
    "read",
    "read_all",
    "unpack_hits",
    "unpack_scores",
    "write",
]
