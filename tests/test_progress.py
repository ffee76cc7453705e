"""The line on what is under way: drawn over on a terminal, seldom in a log."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time

from hsm import progress

PROGRAM = """
import time
from hsm.progress import LINE, Progress, report
with LINE.titled("a run"):
    work = Progress("scoring", 4)
    time.sleep(0.15)
    work.advance()
    report("a remark")
    time.sleep(0.15)
    work.advance(3)
report("next line")
"""


def on_terminal(program: str, **variables: str) -> str:
    """What `program` writes to a terminal."""
    parent, child = pty.openpty()
    environment = {**os.environ, **variables}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=child, env=environment) as process:
        os.close(child)
        shown = b""
        while True:
            try:
                part = os.read(parent, 1024)
            except OSError:  # Linux ends a terminal that nobody writes to with EIO.
                break
            if not part:
                break
            shown += part
    os.close(parent)
    assert process.returncode == 0
    return shown.decode().replace("\r\n", "\n")


def test_a_log_stays_clean():
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert result.stdout == "a remark\nnext line\n"


def test_a_log_has_a_line_every_half_minute(capsys, monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    line = progress.LiveLine()
    with line.titled("a run"):
        for second in range(1, 71):
            now += 1
            line.show(f"second {second}")
    assert capsys.readouterr().out == "a run  second 30\na run  second 60\n"


def test_a_line_that_stays_is_news_enough_for_a_log(capsys, monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    line = progress.LiveLine()
    now += 25
    line.report("a remark")
    for second in (31, 54, 55):
        monkeypatch.setattr(progress.time, "monotonic", lambda at=now - 25 + second: at)
        line.show(f"second {second}")
    assert capsys.readouterr().out == "a remark\nsecond 55\n"


def test_a_terminal_sees_one_line_that_makes_way():
    clear = "\r\x1b[K"
    shown = on_terminal(PROGRAM)
    assert f"{clear}a run  scoring: 1 of 4 images, " in shown
    assert f" left{clear}a remark\n{clear}a run  scoring: 4 of 4 images, 0.0 s left" in shown
    assert shown.endswith(f"{clear}next line\n")


def test_the_line_is_no_longer_than_the_terminal():
    program = "from hsm.progress import LINE; LINE.stage('x' * 200); LINE.clear()"
    assert on_terminal(program, COLUMNS="60").count("x") == 59


def test_durations_have_few_digits():
    found = [progress.duration(seconds) for seconds in (0.44, 9.94, 33.3, 60, 3599, 7260)]
    assert found == ["0.4 s", "9.9 s", "33 s", "1 min", "1 h 00 min", "2 h 01 min"]
