"""The processor of this machine: its name, and the instructions that decide how it computes."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

# Where Linux describes the processor, a line "name : value" a fact.
CPU_INFO = Path("/proc/cpuinfo")

# By Linux's names, those between which TensorFlow's kernels and oneDNN's choose.
INSTRUCTIONS = (
    "avx",
    "avx2",
    "fma",
    "avx_vnni",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_tile",
    "amx_int8",
    "amx_bf16",
    "amx_fp16",
)

# Any of them multiplies numbers of that type; without them each is widened to float32 and back.
HALF_TYPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"bfloat16": ("avx512_bf16", "amx_bf16"), "float16": ("avx512_fp16", "amx_fp16")}
)


def name() -> str:
    """Return what the processor calls itself; "" where nothing says so."""
    return _fact("model name") or platform.processor()


def instructions() -> tuple[str, ...] | None:
    """Return those of `INSTRUCTIONS` that the processor has; None where that is not known.

    Known is it on Linux, of x86 processors.
    """
    flags = _fact("flags")
    if flags is None:
        return None
    return tuple(name for name in INSTRUCTIONS if name in flags.split())


def missing_for(dtype: str) -> tuple[str, ...]:
    """Return the instructions that the processor would need to compute in `dtype` itself.

    Args:
        dtype: such as "bfloat16".

    Returns:
        Alternatives, of which one would do; empty if it has one of them, needs none, or is not
        known.
    """
    known, needed = instructions(), HALF_TYPES.get(dtype, ())
    return () if known is None or set(needed) & set(known) else needed


def _fact(key: str) -> str | None:
    try:
        lines = CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    values = (line.partition(":")[2].strip() for line in lines if line.split(":")[0].strip() == key)
    return next(values, None)
