"""Dataclasses from JSON values and back; what does not fit is refused with its place and value.

The annotations of a dataclass are its schema. A key that is missing takes the field's default, and
an error if it has none. A dataclass with a field `further` keeps the keys that it does not know
there, and writes them again; any other refuses them.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import reprlib
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import (
    Annotated,
    Any,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

# Metadata of a field that is left out of the JSON where it is None.
LEFT_OUT: Mapping[str, bool] = types.MappingProxyType({"left_out": True})

_FURTHER = "further"
_DEEPEST = 32
# What every reader of JSON holds exactly.
_LARGEST_INT = 2**53
# Names of files may be no UTF-8: Python keeps their bytes as the surrogates between these.
_SURROGATE = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_NAMES = {str: "text", bool: "true or false", int: "a whole number", float: "a finite number"}


@dataclass(frozen=True)
class Rule:
    """What a value must be beyond its type; stands in `Annotated[type, rule]`.

    Attributes:
        text: what is expected, such as "a fraction, 0 to 1".
        holds: tells whether a value of the type is that.
    """

    text: str
    holds: Callable[[Any], bool]


class JsonObject:
    """Base of dataclasses that are written as JSON objects."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values; Nones that are `LEFT_OUT` are left out."""
        content: dict[str, Any] = encode(self)
        return content

    @classmethod
    def from_json(cls, values: object) -> Self:
        """Return the inverse of `to_json`.

        Raises:
            ValueError: if the values do not fit; it names the place, the rule and the value.
        """
        return decode(cls, values)


def encode(value: Any) -> Any:
    """Return JSON values for a dataclass, and for mappings and tuples of them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dict(_encoded_fields(value))
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    return value


def decode(kind: Any, value: object, place: str = "") -> Any:
    """Return `value` as the type `kind`.

    Args:
        kind: a dataclass, str, int, float, bool, Any, `X | None`, `tuple[X, ...]`,
            `Mapping[str, X]`, `Mapping[int, X]`, or one of them `Annotated` with `Rule`s.
        value: JSON values as `json.loads` returns them.
        place: where the value stands, such as "epochs[3].loss"; "" for the whole.

    Raises:
        ValueError: if it does not fit; it names the place, the rule and the value.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _ruled(decode(arguments[0], value, place), arguments[1:], place)
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return None if value is None else decode(inner, value, place)
    if origin is tuple:
        items = _of_type(list, "a list", value, place)
        return tuple(decode(arguments[0], v, f"{place}[{i}]") for i, v in enumerate(items))
    if isinstance(kind, TypeVar):  # What stands there, its reader makes of an object.
        return decode(Mapping[str, Any], value, place)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        items = _of_type(dict, "an object", value, place)
        return {
            _key(arguments[0], key, place): decode(arguments[1], v, _join(place, key))
            for key, v in items.items()
        }
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, _of_type(dict, "an object", value, place), place)
    return _anything(value, place) if kind is Any else _scalar(kind, value, place)


def misfit(place: str, expected: str, received: object) -> ValueError:
    """Return the error for a value that is not what is expected at its place."""
    return ValueError(
        f"{place or 'the whole'}: expected {expected}. Received: {reprlib.repr(received)}"
    )


def at_place(place: str, error: Exception) -> ValueError:
    """Return the error of a value within a larger one, with the place in front."""
    message = f"{place}: {error}"
    return ValueError(message)


def _encoded_fields(value: Any) -> Iterator[tuple[str, Any]]:
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if field.name == _FURTHER:
            yield from encode(item).items()
        elif not (item is None and field.metadata.get("left_out")):
            yield field.name, encode(item)


@functools.cache
def _fields(kind: Any) -> dict[str, tuple[Any, bool]]:
    """Return the type of every field but `further`, and whether it is required."""
    hints = get_type_hints(kind, include_extras=True)
    none = dataclasses.MISSING
    return {
        field.name: (hints[field.name], field.default is none and field.default_factory is none)
        for field in dataclasses.fields(kind)
        if field.name != _FURTHER
    }


def _dataclass(kind: Any, content: Mapping[str, object], place: str) -> Any:
    known = _fields(kind)
    missing = [name for name, (_, required) in known.items() if required and name not in content]
    if missing:
        raise misfit(place, f"the keys {', '.join(missing)} too", content)
    values = {
        name: decode(hint, content[name], _join(place, name))
        for name, (hint, _) in known.items()
        if name in content
    }
    further = {key: value for key, value in content.items() if key not in known}
    if further and not any(field.name == _FURTHER for field in dataclasses.fields(kind)):
        raise misfit(place, f"only keys that this version knows; {min(further)!r} is not", content)
    if further:
        values[_FURTHER] = decode(Mapping[str, Any], further, place)
    try:
        return kind(**values)
    except (ValueError, ArithmeticError) as error:  # Of a rule that several fields break.
        raise ValueError(f"{place}: {error}" if place else str(error)) from error


def _ruled(value: Any, rules: tuple[Rule, ...], place: str) -> Any:
    for rule in rules:
        if not rule.holds(value):
            raise misfit(place, rule.text, value)
    return value


def _of_type(kind: type, name: str, value: object, place: str) -> Any:
    if not isinstance(value, kind):
        raise misfit(place, name, value)
    return value


def _key(kind: type, key: str, place: str) -> str | int:
    _scalar(str, key, place)
    if kind is str:
        return key
    # Only the plain form, so that no two keys are the same number.
    if not re.fullmatch("0|[1-9][0-9]{0,14}", key):
        raise misfit(place, "keys that are whole numbers", key)
    return int(key)


def _anything(value: object, place: str, depth: int = 0) -> object:
    """Return `value`, if it consists of JSON values and is not nested too deeply for readers."""
    if depth > _DEEPEST:
        raise misfit(place, f"at most {_DEEPEST} levels", value)
    if isinstance(value, dict):
        for key, item in value.items():
            _anything(item, _join(place, _scalar(str, key, place)), depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _anything(item, f"{place}[{index}]", depth + 1)
    elif value is not None:
        _scalar(type(value), value, place)
    return value


def _scalar(kind: type, value: Any, place: str) -> Any:
    if kind is float:
        # NaN compares as false; a whole number is as good as one with a fraction.
        fits = isinstance(value, float | int) and abs(value) <= sys.float_info.max
        fits = fits and not isinstance(value, bool)
    elif kind is int:
        fits = type(value) is int and abs(value) <= _LARGEST_INT
    else:
        fits = isinstance(value, kind)
    if kind not in _NAMES or not fits or (kind is str and _SURROGATE.search(value)):
        raise misfit(place, _NAMES.get(kind, "a JSON value"), value)
    return value


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
