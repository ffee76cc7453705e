"""What became of the kills of one scenario."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

# What a shell says after each.
STATUS = {signal.SIGKILL: 137, signal.SIGTERM: 143, signal.SIGINT: 130}


@dataclass
class Outcome:
    """What became of the kills of one scenario.

    Attributes:
        kills: by the name of the signal.
        at_writes: how many of them came at a write.
        again: how many came to a command that went on after a kill.
        late: signals that came when the command had ended; they are no kills.
        finished: commands that were killed, started again and compared.
        wrong: a line for each thing that was not as it had to be.
    """

    kills: Counter[str] = field(default_factory=Counter)
    at_writes: int = 0
    again: int = 0
    late: int = 0
    finished: int = 0
    wrong: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, int]:
        """Return the counts; of what was wrong, how much."""
        return {
            **{number.name: self.kills[number.name] for number in STATUS},
            "at_writes": self.at_writes,
            "again": self.again,
            "finished": self.finished,
            "late": self.late,
            "wrong": len(self.wrong),
        }

    @classmethod
    def from_json(cls, counts: Mapping[str, int]) -> Outcome:
        """Return what `to_json` made `counts` of, without the words for what was wrong."""
        return cls(
            kills=Counter({number.name: counts[number.name] for number in STATUS}),
            at_writes=counts["at_writes"],
            again=counts["again"],
            late=counts["late"],
            finished=counts["finished"],
            wrong=["of an earlier run"] * counts["wrong"],
        )
