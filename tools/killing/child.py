"""One command in a forked child of this process, which has a signal come at a chosen moment."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

_LOOK = 0.002  # Seconds between two looks at a child.
_SECONDS = 300.0  # Far beyond what any of the commands takes, or takes to answer a signal.
_CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir")


@dataclass(frozen=True)
class Moment:
    """When a signal comes.

    Attributes:
        number: the signal.
        seconds: after the command began; None if it comes at a write.
        write: then, before this one of the command's writes, from 0.
    """

    number: signal.Signals
    seconds: float | None = None
    write: int = 0


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        status: its exit status, as a shell gives it: 128 and the signal's number if one ended it.
        seconds: that it ran for.
        writes: how often it changed a file below the watched place; 0 if it was killed.
        said: what it wrote to standard output and standard error.
        is_hung: it did not end, and was killed for that.
    """

    status: int
    seconds: float
    writes: int
    said: str
    is_hung: bool = False


def run(
    command: Callable[[], None],
    watched: tuple[str, ...],
    log: Path,
    moment: Moment | None = None,
) -> Ended:
    """Run `command` in a child that is sent the signal of `moment`, and wait for its end.

    A child is a fork, so that it has what this process imported; nothing else must have been done
    with TensorFlow here.

    Args:
        command: ends as commands do, by returning or with SystemExit.
        watched: writes are those of Python to paths that hold all these texts.
        log: file for what it says; beside it come the number of its writes, and a folder for its
            temporary files.
        moment: none lets it run to its end.
    """
    counted = log.with_suffix(".writes")
    counted.unlink(missing_ok=True)
    begun = time.monotonic()
    child = os.fork()
    if not child:
        _be_child(command, _Watch(watched, moment), log)
    status = _waited(child, begun, moment)
    seconds = time.monotonic() - begun
    writes = int(counted.read_text()) if counted.exists() else 0
    output = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return Ended(abs(status), seconds, writes, output, is_hung=status < 0)


def _waited(child: int, begun: float, moment: Moment | None) -> int:
    """Send the signal when it is time; return the child's exit status, negative if it hung."""
    due = None if moment is None else moment.seconds
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        passed = time.monotonic() - begun
        if moment is not None and due is not None and passed >= due:
            os.kill(child, moment.number)
            due = None
        if passed > _SECONDS:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return -128 - signal.SIGKILL
        time.sleep(_LOOK)


class _Watch:
    """An audit hook: counts the files that Python changes, and may send a signal before one."""

    def __init__(self, watched: tuple[str, ...], moment: Moment | None) -> None:
        self.count = 0
        self._watched, self._moment = watched, moment

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_write(event, arguments):
            return
        self.count += 1
        moment = self._moment
        if moment is not None and moment.seconds is None and self.count == moment.write + 1:
            os.kill(os.getpid(), moment.number)

    def _is_write(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open":
            writes = bool((arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        else:
            writes = event in _CHANGES
        if not writes or isinstance(arguments[0], int):  # The number of an open file.
            return False
        path = os.fsdecode(arguments[0])
        return all(part in path for part in self._watched)


def _be_child(command: Callable[[], None], watch: _Watch, log: Path) -> NoReturn:
    """Run the command, and end the process without what the parent had yet to do."""
    status = 1
    try:
        _redirect(log)
        # Both may be ignored where this runs in the background.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        sys.addaudithook(watch)
        status = _status(command)
        log.with_suffix(".writes").write_text(str(watch.count))
    except KeyboardInterrupt:  # As Python ends where nothing answers it.
        traceback.print_exc()
        status = 128 + signal.SIGINT
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _redirect(log: Path) -> None:
    temporary = log.with_suffix(".temporary")
    temporary.mkdir(exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


def _status(command: Callable[[], None]) -> int:
    try:
        command()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
