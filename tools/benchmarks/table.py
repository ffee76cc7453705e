"""The figures of a case → lines for the terminal, and rows for a page."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.cases import CASES, HSM

Result = Mapping[str, Any]
_GEMM = "GEMM"


def text(result: Result) -> str:
    """Return a case's title and a line a side: median, range, peak memory, hsm's ratio to it."""
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


def markdown(content: Mapping[str, Any]) -> str:
    """Return the table on a page of a whole file of figures, and what they were measured on."""
    order = list(CASES)
    cases = sorted(content["cases"], key=lambda result: order.index(result["case"]))
    rows = [row for result in cases for row in _rows(result)]
    head = "| What | hsm | Memory | Instead | Memory | hsm is … × as fast | Of GEMM's rate |"
    return "\n".join([head, "|---|---:|---:|---|---:|---:|---:|", *rows, "", _machine(content)])


def _rows(result: Result) -> Iterable[str]:
    case = CASES[result["case"]]
    precision = f", {result['settings']['precision']}" if case.depends_on_precision else ""
    limited = f"{share(result):.0%}" if "flops_per_image" in result else "–"
    ours = f"| {case.title}{precision} | {_cell(result, HSM)} | {_memory(result, HSM)}"
    peers = [side for side in _compared(result) if side != HSM]
    for peer in peers:
        theirs = f"{peer}: {_cell(result, peer)} | {_memory(result, peer)}"
        yield f"{ours} | {theirs} | {advantage(result, peer):.2f} | {limited} |"
    if not peers:
        yield f"{ours} | – | – | – | {limited} |"


def _memory(result: Result, side: str) -> str:
    if not CASES[result["case"]].has_memory:
        return "–"
    return f"{max(turn['peak'] for turn in result['sides'][side]) / 2**30:.2f} GiB"


def _machine(content: Mapping[str, Any]) -> str:
    machine = content["machine"]
    names = {
        "tensorflow": "TensorFlow",
        "torch": "PyTorch",
        "jax": "JAX",
        "onnxruntime": "ONNX Runtime",
        "openvino": "OpenVINO",
        "faiss-cpu": "FAISS",
    }
    versions = [f"{name} {machine['versions'].get(key)}" for key, name in names.items()]
    turns = sorted({len(result["sides"][HSM]) for result in content["cases"]}) or [0]
    counted = " to ".join(str(count) for count in dict.fromkeys((turns[0], turns[-1])))
    commits = sorted({case.get("commit", machine["commit"])[:7] for case in content["cases"]})
    return (
        f"Measured on {machine['hardware']['cpu']}, {machine['hardware']['cores']} cores, "
        f"{_instructions(machine)}with "
        f"{', '.join(version for version in versions if not version.endswith('None'))}; commit "
        f"{', '.join(commits)}. Medians of {counted} "
        "turns; memory is a process's peak."
    )


def _instructions(machine: Mapping[str, Any]) -> str:
    if held := machine.get("held_to"):
        return f"held to {held}, "
    has_512 = "avx512f" in (machine.get("instructions") or ())
    return "with AVX-512, " if has_512 else ""


def median(result: Result, side: str) -> float:
    """Return units a second, or seconds a round for cases without a unit."""
    return _range(result, side)[1]


def advantage(result: Result, side: str) -> float:
    """Return how many times as fast as `side` hsm is: the median of the turns' ratios."""
    return statistics.median(turn_ratios(result, side))


def turn_ratios(result: Result, side: str) -> list[float]:
    """Return for every turn how many times as fast as `side` hsm was."""
    pairs = zip(result["sides"][HSM], result["sides"][side], strict=True)
    return [_rate(ours) / _rate(theirs) for ours, theirs in pairs]


def limit(result: Result) -> float:
    """Return images a second if all arithmetic ran at the rate of matrix products."""
    rates = [_rate(turn) for turn in result["sides"][_GEMM]]
    return statistics.median(rates) / result["flops_per_image"]


def share(result: Result) -> float:
    """Return the part of the limit that hsm reaches."""
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
