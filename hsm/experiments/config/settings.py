"""Settings: fields of a frozen dataclass that say in their metadata what they are and may be.

What is said there once is checked when a configuration is made, stands in its class's
documentation, and becomes the flags of the commands.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import textwrap
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

_WIDTH = 92
_Class = TypeVar("_Class", bound=type)


def setting(
    default: Any,
    help: str,
    *,
    source: str | None = None,
    choices: tuple[str, ...] | None = None,
    at_least: float | None = None,
    below: float | None = None,
) -> Any:
    """Make the field of a setting, for the body of a dataclass.

    Args:
        default: its value where nothing else is said.
        help: what it is, in one or several sentences; names other settings as they are.
        source: where the default comes from; None for what no recipe sets.
        choices: the values that it may have; None for any.
        at_least: the smallest value that it may have; None for any.
        below: what a value with `at_least` must be less than; None for any finite one.

    Returns:
        A `dataclasses.field`; typed as any, because it stands where a value of the field does.
    """
    metadata = {
        "help": help,
        "source": source,
        "choices": choices,
        "at_least": at_least,
        "below": below,
    }
    return dataclasses.field(default=default, metadata=metadata)


def settings_of(cls: type) -> tuple[dataclasses.Field[Any], ...]:
    """Return the fields of the dataclass `cls` that are settings, in their order."""
    return tuple(field for field in dataclasses.fields(cls) if "help" in field.metadata)


def defaults(cls: type) -> Mapping[str, Any]:
    """Return the defaults of the settings that a recipe sets, by name."""
    return MappingProxyType(
        {field.name: field.default for field in settings_of(cls) if field.metadata["source"]}
    )


def documented(cls: _Class) -> _Class:
    """Add the list of its settings to the documentation of the dataclass `cls`."""
    listed = "\n".join(_described(field) for field in settings_of(cls))
    cls.__doc__ = f"{inspect.cleandoc(cls.__doc__ or '')}\n\nAttributes:\n{listed}"
    return cls


def check(config: Any) -> None:
    """Hold every setting of `config` to its rule. A value of None is not looked at.

    Args:
        config: an instance of a dataclass.

    Raises:
        ValueError: naming the first setting whose value breaks its rule.
    """
    for field in settings_of(type(config)):
        value, rules = getattr(config, field.name), field.metadata
        if rules["choices"] is not None and value not in rules["choices"]:
            _refuse(field.name, f"one of {', '.join(rules['choices'])}", repr(value))
        if rules["at_least"] is not None and value is not None:
            _check_range(field.name, value, rules)


def _check_range(name: str, value: Any, rules: Mapping[str, Any]) -> None:
    at_least, below = rules["at_least"], rules["below"]
    if at_least <= value < (math.inf if below is None else below):
        return
    rule = f"{at_least:g} or more"
    if below is not None:
        rule += f" and less than {below:g}"
    elif isinstance(value, float):
        rule = f"finite and {rule}"
    _refuse(name, rule, value)


def _refuse(name: str, rule: str, value: object) -> None:
    raise ValueError(f"expected {name} to be {rule}. Received: {name}={value}")


def _described(field: dataclasses.Field[Any]) -> str:
    """Return the lines on a setting: what it is, its default, and where that comes from."""
    source = field.metadata["source"]
    sentences = [
        f"{field.name}: {field.metadata['help']}",
        *_listed(field.metadata["choices"]),
        f"Default: {field.default!r}." + (f" {source}" if source else ""),
    ]
    return textwrap.fill(
        " ".join(sentences),
        _WIDTH,
        initial_indent="    ",
        subsequent_indent="        ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _listed(choices: Iterable[str] | None) -> list[str]:
    return [] if choices is None else [f"One of {', '.join(choices)}."]
