"""Kill a command, perhaps several times, start it again until it ends, and compare."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from killing import child
from killing.child import Ended, Moment
from killing.compare import differences
from killing.outcome import STATUS, Outcome
from killing.scenarios import Scenario

_AT_WRITES = 0.6  # Of the kills.
_AGAIN = 0.3  # Of the commands that go on after a kill, those that are killed again.
_MOST = 5  # Kills in a row.


class Trials:
    """Trials of one scenario.

    Args:
        scenario: the command.
        folder: place for what it writes; made.
        drawn: draws signals and moments.
        outcome: what the trials are added to; None begins anew.

    Raises:
        RuntimeError: if the command fails undisturbed.
    """

    def __init__(
        self,
        scenario: Scenario,
        folder: Path,
        drawn: random.Random,
        outcome: Outcome | None = None,
    ) -> None:
        folder.mkdir(parents=True)
        self._scenario, self._folder, self._drawn = scenario, folder, drawn
        self.outcome = outcome or Outcome()
        self._expected = folder / "undisturbed"
        scenario.begin(self._expected)
        self._undisturbed = self._run(self._expected)
        if self._undisturbed.status:
            raise RuntimeError(f"{scenario.name} fails undisturbed: {self._undisturbed.said}")

    def kill(self, most: int) -> int:
        """Begin anew, kill at most `most` times, go on to the end, compare; return the kills."""
        killed = self._folder / "killed"
        self._scenario.begin(killed)
        count, moments = 0, []
        for moment in self._moments(min(most, _MOST)):
            ended = self._run(killed, moment)
            if ended.status == 0 and not ended.is_hung:
                self.outcome.late += 1
                break
            self._count(moment, ended, is_again=count > 0)
            moments.append(moment)
            count += 1
        if count:
            self._end(killed, moments)
        shutil.rmtree(killed)
        return count

    def _moments(self, most: int) -> Iterator[Moment]:
        for number in range(most):
            if number and self._drawn.random() > _AGAIN:
                return
            yield self._moment()

    def _moment(self) -> Moment:
        number = self._drawn.choice(list(STATUS))
        at_write = self._drawn.random() < _AT_WRITES or self._scenario.writes is not None
        if at_write and self._undisturbed.writes:
            return Moment(number, write=self._drawn.randrange(self._undisturbed.writes))
        return Moment(number, self._drawn.uniform(0.0, self._undisturbed.seconds))

    def _run(self, folder: Path, moment: Moment | None = None) -> Ended:
        command: Callable[[], None] = lambda: self._scenario.command(folder)  # noqa: E731
        return child.run(
            command, (str(folder), self._scenario.writes or ""), folder.with_suffix(".log"), moment
        )

    def _count(self, moment: Moment, ended: Ended, *, is_again: bool) -> None:
        outcome = self.outcome
        outcome.kills[moment.number.name] += 1
        outcome.at_writes += moment.seconds is None
        outcome.again += is_again
        if ended.is_hung:
            outcome.wrong.append(f"{moment}: it did not end")
        elif ended.status != STATUS[moment.number]:
            outcome.wrong.append(f"{moment}: status {ended.status}\n{ended.said[-2000:]}")

    def _end(self, killed: Path, moments: list[Moment]) -> None:
        """Let the command go on to its end, and compare what is there with what had to be."""
        ended = self._run(killed)
        self.outcome.finished += 1
        if ended.status:
            wrong = [f"status {ended.status} of what went on\n{ended.said[-2000:]}"]
        else:
            wrong = list(differences(self._expected, killed))
        if wrong:
            self.outcome.wrong.append("\n    ".join([str(moments), *wrong]))
