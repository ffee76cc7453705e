"""How a processor is made to compute as another one would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Setting:
    """A way to compute the same.

    Attributes:
        name: in words.
        threads: of --threads.
        variables: of the environment.
    """

    name: str
    threads: int
    variables: Mapping[str, str] = field(default_factory=dict)


def _with(name: str, **variables: str) -> tuple[Setting, ...]:
    return tuple(Setting(name, threads, variables) for threads in (1, 2))


_FIRST, _TWO = _with("all instructions")
SETTINGS = (
    _FIRST,
    Setting("all instructions, again", 1),
    _TWO,
    *_with("oneDNN held to AVX2", ONEDNN_MAX_CPU_ISA="AVX2"),
    *_with("oneDNN held to AVX-512", ONEDNN_MAX_CPU_ISA="AVX512_CORE"),
    *_with("oneDNN off", TF_ENABLE_ONEDNN_OPTS="0"),
)
