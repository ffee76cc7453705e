"""Names of variables that are unique and the same in every process.

Keras' own paths hold counters of the process: the same network has `conv2d_7/kernel` in one and
`conv2d/kernel` in another. Here a layer that Keras named is numbered by its class among the layers
beside it, and a variable is called after the layers that it lies in:
`googlenet/conv2d_1/kernel`, `normalization/batch_norm/beta`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

import keras


def model_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Return every variable of `model`, moving statistics and seeds included, by name."""
    return _unique(_walk(model, ""))


def optimizer_variables(
    optimizer: keras.optimizers.Optimizer, named: Mapping[str, keras.Variable]
) -> dict[str, keras.Variable]:
    """Return every variable of `optimizer` by name, such as `sgd/bottleneck/kernel/momentum`.

    Args:
        optimizer: built on variables of a model.
        named: that model's variables, see `model_variables`.
    """
    return _unique(_optimizer_names(optimizer, named))


def _walk(layer: keras.Layer, place: str) -> Iterator[tuple[str, keras.Variable]]:
    # What `keras.Model.layers` returns, for layers that are no models, too.
    inner = layer._flatten_layers(include_self=False, recursive=False)
    deeper = {id(variable) for one in inner for variable in one.variables}
    for variable in layer.variables:
        if id(variable) not in deeper:
            is_unnamed = _without_counter(variable.name) == "variable"
            yield place + ("variable" if is_unnamed else variable.name), variable
    for one, name in zip(inner, _layer_names(inner), strict=True):
        yield from _walk(one, f"{place}{name}/")


def _layer_names(layers: Sequence[keras.Layer]) -> Iterator[str]:
    counts: Counter[str] = Counter()
    for layer in layers:
        base = _without_counter(layer.name)
        # A layer that replaced another may bear the name that Keras gave that, of its base class.
        classes = {kind.__name__.replace("_", "").lower() for kind in type(layer).__mro__}
        if base.replace("_", "") in classes:
            yield base if counts[base] == 0 else f"{base}_{counts[base]}"
            counts[base] += 1
        else:
            yield layer.name


def _optimizer_names(
    optimizer: keras.optimizers.Optimizer, named: Mapping[str, keras.Variable]
) -> Iterator[tuple[str, keras.Variable]]:
    # Keras calls a slot after the path of the variable that it belongs to. Two layers of one name
    # in different models share a path: then the order tells them apart.
    owners: dict[str, list[str]] = defaultdict(list)
    for name, variable in named.items():
        if variable.trainable:
            owners[variable.path.replace("/", "_") + "_"].append(name)
    seen: Counter[str] = Counter()
    for variable in optimizer.variables:
        scope = "/".join(map(_without_counter, variable.path.split("/")[:-1]))
        prefix = max(filter(variable.name.startswith, owners), key=len, default="")
        name = variable.name
        if prefix:
            owner = owners[prefix][min(seen[variable.path], len(owners[prefix]) - 1)]
            name = f"{owner}/{name.removeprefix(prefix)}"
        seen[variable.path] += 1
        yield f"{scope}/{name}", variable


def _without_counter(name: str) -> str:
    return re.sub(r"_\d+$", "", name)


def _unique(pairs: Iterator[tuple[str, keras.Variable]]) -> dict[str, keras.Variable]:
    """Return the variables by name, each once; later ones of the same name are numbered."""
    named: dict[str, keras.Variable] = {}
    seen: set[int] = set()
    counts: Counter[str] = Counter()
    for name, variable in pairs:
        if id(variable) not in seen:
            seen.add(id(variable))
            named[f"{name}~{counts[name]}" if counts[name] else name] = variable
            counts[name] += 1
    return named
