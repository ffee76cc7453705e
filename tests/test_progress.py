"""The progress bar: on a terminal, and not in a log."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

PROGRAM = """
from hsm.progress import ProgressBar, below_the_bar
bar = ProgressBar(4, "image")
bar.advance(1)
bar.update(2, loss=0.5)
print(below_the_bar("a remark"))
bar.update(4, loss=0.25)
print("next line")
"""


def test_a_log_stays_clean():
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert result.stdout == "a remark\nnext line\n"


def test_a_terminal_sees_share_and_values_and_the_line_is_ended():
    parent, child = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=child) as process:
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
    assert b"\r\na remark\r\n" in shown
    assert b"4/4" in shown
    assert b"loss: 0.2500" in shown
    assert shown.endswith(b"\nnext line\r\n")
