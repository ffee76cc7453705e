"""The examples of docstrings run, and every layer, loss and metric has one."""

from __future__ import annotations

import doctest
import importlib
import inspect
import sys
from collections.abc import Iterator
from typing import Any

import api_pages
import keras
import numpy as np
import pytest

import hsm
from hsm.metrics.bootstrap import Interval

WITH_EXAMPLES = ("hsm.layers", "hsm.losses", "hsm.metrics")
# A result, not something to call.
WITHOUT = {Interval}


def public(module: str) -> Iterator[Any]:
    """The classes and functions that a module shows."""
    home = importlib.import_module(module)
    names = getattr(home, "__all__", None) or vars(home)
    for name in names:
        thing = getattr(home, name)
        own = inspect.isclass(thing) or inspect.isfunction(thing)
        if own and not name.startswith("_") and thing.__module__.startswith(module):
            yield thing


def examples() -> list[doctest.DocTest]:
    things = {thing for module in api_pages.MODULES for thing in public(module)}
    finder = doctest.DocTestFinder(recurse=False)
    found = [test for thing in things for test in finder.find(thing, thing.__qualname__)]
    return sorted((test for test in found if test.examples), key=lambda test: test.name)


def names_of_a_reader() -> dict[str, Any]:
    """What an example takes for granted: images of two classes, vectors of them, a network."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(6, 64)).astype(np.float32)
    embeddings = features / np.linalg.norm(features, axis=1, keepdims=True)
    backbone = keras.layers.Dense(4)
    return {
        "backbone": backbone,
        "embeddings": embeddings,
        "features": features,
        "first": embeddings,
        "hsm": hsm,
        "images": features,
        "keras": keras,
        "labels": np.array([0, 1, 0, 1, 0, 1]),
        "model": keras.Sequential([backbone]),
        "np": np,
        "second": embeddings,
        "third": embeddings,
    }


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_an_example_runs(example):
    own = vars(sys.modules[example.globs["__name__"]])
    example.globs = {**names_of_a_reader(), **own}
    said: list[str] = []
    outcome = doctest.DocTestRunner(verbose=False).run(example, out=said.append, clear_globs=False)
    assert not outcome.failed, "".join(said)


@pytest.mark.parametrize(
    "thing",
    [thing for module in WITH_EXAMPLES for thing in public(module) if thing not in WITHOUT],
    ids=lambda thing: thing.__qualname__,
)
def test_a_layer_loss_or_metric_has_an_example(thing):
    assert "\n        >>> " in inspect.getsource(thing)
