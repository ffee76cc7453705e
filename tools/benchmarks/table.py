"""The figures of a case → lines for the terminal, and rows for the README."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.cases import CASES, HSM

Result = Mapping[str, Any]
_GEMM = "GEMM"


def text(result: Result) -> str:
    """A case's title and a line a side: median, range, peak memory, and the ratio of hsm to it."""
    case = CASES[result["case"]]
    lines = [f"{case.title} ({result['settings']['precision']})"]
    for side in _compared(result):
        low, middle, high = _range(result, side)
        peak = max(r["peak"] for r in result["sides"][side]) / 2**30
        ratio = "" if side == HSM else f", hsm is {advantage(result, side):.2f} x as fast"
        unit = f"{case.unit}/s" if case.unit else "s"
        lines.append(
            f"  {side}: {middle:.4g} {unit} ({low:.4g} to {high:.4g}), {peak:.2f} GiB{ratio}"
        )
    if "flops_per_image" in result:
        lines.append(f"  limit: {limit(result):.4g} images/s, of which hsm has {share(result):.0%}")
    lines += [f"  left out: {side}, {name} missing" for side, name in result["left_out"].items()]
    return "\n".join(lines)


def markdown(results: Iterable[Result]) -> str:
    """The README's table."""
    rows = ["| what | hsm | instead | ratio | of the limit |", "|---|---:|---:|---:|---:|"]
    for result in results:
        case = CASES[result["case"]]
        peers = [side for side in _compared(result) if side != HSM]
        title = case.title
        if case.unit and peers:
            title += f", {result['settings']['precision']}"
        limited = f"{share(result):.0%}" if "flops_per_image" in result else "–"
        ours = _cell(result, HSM)
        for peer in peers:
            theirs = f"{peer}: {_cell(result, peer)}"
            ratio = f"{advantage(result, peer):.2f}"
            rows.append(f"| {title} | {ours} | {theirs} | {ratio} | {limited} |")
        if not peers:
            rows.append(f"| {title} | {ours} | – | – | {limited} |")
    return "\n".join(rows)


def median(result: Result, side: str) -> float:
    """Units a second, or seconds a round for cases without a unit."""
    return _range(result, side)[1]


def advantage(result: Result, side: str) -> float:
    """How many times as fast as `side` hsm is: the median over the turns of the ratio in a turn."""
    pairs = zip(result["sides"][HSM], result["sides"][side], strict=True)
    return statistics.median(_rate(ours) / _rate(theirs) for ours, theirs in pairs)


def limit(result: Result) -> float:
    """Images a second if all arithmetic ran at the rate of matrix products."""
    rates = [_rate(turn) for turn in result["sides"][_GEMM]]
    return statistics.median(rates) / result["flops_per_image"]


def share(result: Result) -> float:
    """The part of the limit that hsm reaches."""
    return median(result, HSM) / limit(result)


def _compared(result: Result) -> list[str]:
    return [side for side in result["sides"] if side != _GEMM]


def _range(result: Result, side: str) -> tuple[float, float, float]:
    turns = result["sides"][side]
    case = CASES[result["case"]]
    seconds = "processor" if case.per_core else "wall"
    values = [t["amount"] / t[seconds] if case.unit else t["wall"] for t in turns]
    return min(values), statistics.median(values), max(values)


def _rate(turn: Mapping[str, float]) -> float:
    return turn["amount"] / turn["wall"]


def _cell(result: Result, side: str) -> str:
    unit = f" {CASES[result['case']].unit}/s" if CASES[result["case"]].unit else " s"
    return f"{median(result, side):.4g}{unit}"
