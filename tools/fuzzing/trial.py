"""One input: a whole file, a change of it, and what its reader makes of it."""

from __future__ import annotations

import os
import shutil
import traceback
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from random import Random

from fuzzing.damage import damaged
from fuzzing.form import Format, WrongValueError
from fuzzing.kinds import READ, REFUSED, TRACEBACK, UNNAMED, WRONG, WROTE

# As hsm.experiments.cli.app: what a command prints as a sentence.
_SENTENCES = (ValueError, OSError, FloatingPointError, ImportError)
_CRAFTED = 0.4  # Share of the inputs, where a format can be crafted.


@dataclass(frozen=True)
class Outcome:
    """What became of an input.

    Attributes:
        kind: READ, REFUSED, or what must never be.
        detail: the error, or what was wrong.
        is_crafted: whether the change knew the format.
    """

    kind: str
    detail: str = ""
    is_crafted: bool = False


@dataclass
class Bench:
    """A place where the inputs of one format are tried, one after another.

    Attributes:
        form: the format.
        seed: of all inputs.
        folder: an empty one; its own folder is given to the reader, and nothing else may change.
    """

    form: Format
    seed: int
    folder: Path
    _expected: str = field(init=False, default="")

    def prepare(self) -> None:
        """Build the whole files, and read them once."""
        self._whole.mkdir(parents=True)
        self.form.build(self._whole)
        self._restore()
        self._expected = self.form.read(self._input)

    def run(self, number: int) -> Outcome:
        """Try the input `number`."""
        chance = Random(f"{self.seed}/{self.form.name}/{number}")
        self._restore()
        changed_file = self._change(chance)
        before = self._state()
        outcome = self._read(changed_file)
        is_crafted = changed_file is None
        if changed := self._state() ^ before:
            return Outcome(WROTE, f"{sorted(changed)[0]}", is_crafted)
        return outcome

    @property
    def _whole(self) -> Path:
        return self.folder / "whole"

    @property
    def _input(self) -> Path:
        return self.folder / "input"

    def _restore(self) -> None:
        shutil.rmtree(self._input, ignore_errors=True)
        shutil.copytree(self._whole, self._input, symlinks=True)

    def _change(self, chance: Random) -> Path | None:
        """Change one file, and return it; None after a change that knew the format."""
        if self.form.craft and chance.random() < _CRAFTED:
            self.form.craft(self._input, chance)
            return None
        files = sorted(path for path in self._input.glob(self.form.files) if path.is_file())
        path = chance.choice(files)
        path.write_bytes(damaged(path.read_bytes(), chance))
        return path

    def _read(self, changed: Path | None) -> Outcome:
        is_crafted = changed is None
        try:
            value = self.form.read(self._input)
        except WrongValueError as error:
            return Outcome(WRONG, str(error), is_crafted)
        except _SENTENCES as error:
            return self._refused(str(error), is_crafted)
        except Exception as error:
            return Outcome(TRACEBACK, _place(error), is_crafted)
        is_sealed = changed is not None and fnmatch(changed.name, self.form.sealed)
        if is_sealed and value != self._expected:
            return Outcome(WRONG, "other values than before, in spite of checksums", is_crafted)
        return Outcome(READ, "", is_crafted)

    def _refused(self, message: str, is_crafted: bool) -> Outcome:
        try:
            message.encode()
        except UnicodeEncodeError:
            return Outcome(TRACEBACK, f"cannot be printed: {message!r}", is_crafted)
        if os.fspath(self._input) not in message:
            return Outcome(UNNAMED, message, is_crafted)
        return Outcome(REFUSED, message, is_crafted)

    def _state(self) -> set[tuple[str, int, int]]:
        """Return path, size and time of every file that reading must leave as it is."""
        roots = [path for path in self.folder.iterdir() if path != self._input]
        roots += [] if self.form.writes else [self._input]
        files = (path for root in roots for path in (root, *root.rglob("*")))
        return {
            (os.fspath(path), status.st_size, status.st_mtime_ns)
            for path in files
            for status in (path.lstat(),)
        }


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "/hsm/" in f.filename] or frames
    where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
    return f"{type(error).__name__} at {where}: {str(error)[:300]}"
