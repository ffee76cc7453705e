"""The flags that override a recipe: one for every setting that a recipe has, under its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from absl import flags

from hsm.experiments.config.hyperparameters import Hyperparameters
from hsm.experiments.config.settings import defaults, settings_of

_N = TypeVar("_N", int, float)

FLAGS = flags.FLAGS

# What says which recipe it is cannot come from it.
_CHOOSES_THE_RECIPE = "profile"


def _define(field: Field[Any], kind: type) -> None:
    """Define the flag of a setting whose values are of the type `kind`."""
    name, rules = field.name, field.metadata
    default: Any = field.default if name == _CHOOSES_THE_RECIPE else None
    text = " ".join([rules["help"], *_hints(field)])
    if rules["choices"]:
        flags.DEFINE_enum(name, default, list(rules["choices"]), text)
    elif kind is bool:
        flags.DEFINE_bool(name, default, text)
    elif kind is int:
        flags.DEFINE_integer(name, default, text, lower_bound=rules["at_least"])
    elif kind is float:
        flags.DEFINE_float(name, default, text, lower_bound=rules["at_least"])
    elif kind is tuple:
        flags.DEFINE_list(name, default, text)
    else:
        flags.DEFINE_string(name, default, text)


def _hints(field: Field[Any]) -> list[str]:
    """Return what --help adds to a setting's own text."""
    if field.name == _CHOOSES_THE_RECIPE:
        return []
    hints = [f"--no{field.name} does not."] if isinstance(field.default, bool) else []
    usual = "" if field.default is None else f", such as {spelt(field.default)}"
    return [*hints, f"Default: the data set's recipe{usual}; --dry_run prints it."]


def spelt(value: Any) -> str:
    """Return a setting's value, other than None, as it is written behind its flag."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind(hint: Any) -> type:
    """Return what values of a type hint are beside None: float of `float | None`."""
    options = [kind for kind in get_args(hint) if kind is not NoneType]
    return get_origin(hint) if get_origin(hint) is tuple else (options or [hint])[0]


_HINTS = get_type_hints(Hyperparameters)
for _field in settings_of(Hyperparameters):
    if _field.name in defaults(Hyperparameters):
        _define(_field, _kind(_HINTS[_field.name]))


def given(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the hyper-parameters of `recipe` that a flag sets.

    Raises:
        ValueError: if --ks holds something else than whole numbers.
    """
    values = {key: FLAGS[key].value for key in recipe if FLAGS[key].value is not None}
    if "ks" in values:
        values["ks"] = tuple(whole_numbers("ks"))
    return values


def whole_numbers(flag: str, default: Sequence[int] = ()) -> Sequence[int]:
    """Return the value of the list flag `flag`, or `default` where it was not given.

    Raises:
        ValueError: if it holds something else than whole numbers.
    """
    return _numbers(flag, default, int, "whole numbers")


def numbers(flag: str, default: Sequence[float] = ()) -> Sequence[float]:
    """Return the value of the list flag `flag`, or `default` where it was not given.

    Raises:
        ValueError: if it holds something else than numbers.
    """
    return _numbers(flag, default, float, "numbers")


def _numbers(
    flag: str, default: Sequence[_N], kind: Callable[[str], _N], what: str
) -> Sequence[_N]:
    if FLAGS[flag].value is None:
        return default
    texts: list[str] = FLAGS[flag].value or [""]
    try:
        return [kind(text) for text in texts]
    except ValueError as error:
        raise ValueError(
            f"expected --{flag} to be {what} separated by commas. Received: "
            f"--{flag}={','.join(texts)!r}"
        ) from error
