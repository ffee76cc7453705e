#!/usr/bin/env python3
"""Kill a process that adds to an index, again and again, and look for what is lost.

    python tools/kill_index.py --kills=50

A process adds items, several in a commit, and says so once `add` has returned. It is killed
(SIGKILL) at a moment drawn at random; then the index is opened, and must hold every item that the
process spoke of, with its vector, and of the commit that was under way all items or none.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from hsm.serving import Index

_AT_ONCE, _WIDTH = 20, 64


def vector(number: int) -> np.ndarray:
    """Return the vector of an item: a function of its number alone, float32 [1, 64]."""
    drawn = np.random.default_rng(number).normal(size=(1, _WIDTH)).astype(np.float32)
    return drawn / np.linalg.norm(drawn)


def add_for_ever(path: str, first: int) -> None:
    """Add items from number `first` on, and print the number behind the last that was added."""
    with Index.open(path, digest="kills") as index:
        print(first, flush=True)
        while True:
            numbers = range(first, first + _AT_ONCE)
            vectors = np.concatenate([vector(number) for number in numbers])
            index.add([str(number) for number in numbers], vectors)
            first += _AT_ONCE
            print(first, flush=True)


def kill_once(path: Path, first: int, delay: float) -> int:
    """Let a process add items, kill it, and return the number behind the last it spoke of."""
    command = [sys.executable, __file__, "--write", str(path), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(delay)
        writer.kill()
        lines = writer.stdout.read().split("\n")
    # The last line may have been cut off.
    return max([first, *(int(line) for line in lines[:-1])])


def lost(path: Path, reported: int) -> list[str]:
    """Return what is wrong with the index, if the numbers below `reported` were added, in words."""
    with Index.open(path, digest="kills") as index:
        items = index.items()
    held = dict(zip(map(int, items.ids), items.vectors, strict=True))
    wrong = [f"item {number} is lost" for number in range(reported) if number not in held]
    wrong += [
        f"item {n} is another" for n, v in held.items() if not np.array_equal(v, vector(n)[0])
    ]
    if len(held) % _AT_ONCE:
        wrong.append(f"a commit was cut: {len(held)} items")
    return wrong


def main() -> None:
    """Kill as often as --kills says; exit with 1 if an item was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", nargs=2, metavar=("PATH", "FIRST"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        add_for_ever(arguments.write[0], int(arguments.write[1]))
    moments = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        path, first, under_way = Path(folder) / "killed.index", 0, 0
        for kill in range(arguments.kills):
            reported = kill_once(path, first, moments.uniform(0.0, 0.3))
            if wrong := lost(path, reported):
                sys.exit(f"after {kill + 1} kills: {'; '.join(wrong[:5])}")
            with Index.open(path) as index:
                first = len(index)
            under_way += first > reported
        print(
            f"{arguments.kills} kills, {first:,} items in commits of {_AT_ONCE}: none lost, none "
            f"cut. {under_way} kills came while a commit that proved whole was being written."
        )


if __name__ == "__main__":
    main()
