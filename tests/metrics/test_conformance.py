"""The same checks for every public metric; one that is not in the table fails them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest

from hsm import metrics

RNG = np.random.default_rng(0)
LABELS = np.arange(24) % 4
VECTORS = (3.0 * np.eye(6)[LABELS] + RNG.normal(size=(24, 6))).astype(np.float32)
CLUSTERS = np.where(RNG.uniform(size=24) < 0.7, LABELS, RNG.integers(0, 4, 24))
HITS = (RNG.uniform(size=(2, 24)) < 0.6).astype(int)


class Case(NamedTuple):
    """A public metric's arrays, its other arguments, and what of its result is compared.

    The order of rows makes no difference to it, unless it draws at random.
    """

    arrays: tuple[np.ndarray, ...]
    arguments: Mapping[str, Any] = MappingProxyType({})
    values: Callable[[Any], Any] = np.asarray
    by_row: bool = False
    draws: bool = False


CASES = {
    "cluster": Case((VECTORS,), {"num_clusters": 4, "seed": 1}, by_row=True, draws=True),
    "first_positive_ranks": Case((VECTORS, LABELS), by_row=True),
    "mean_average_precision_at_r": Case((VECTORS, LABELS)),
    "nmi": Case((LABELS, CLUSTERS)),
    "paired_bootstrap": Case(tuple(HITS), {"seed": 1, "num_resamples": 200}, draws=True),
    "paired_bootstrap_of_scores": Case(tuple(HITS), {"seed": 1, "num_resamples": 200}, draws=True),
    "r_precision": Case((VECTORS, LABELS)),
    "recall_at_k": Case((VECTORS, LABELS), {"ks": (1, 2)}, values=lambda by_k: [*by_k.values()]),
}


@pytest.fixture(params=sorted(CASES))
def name(request):
    return request.param


def value(name, *arrays):
    case = CASES[name]
    return case.values(getattr(metrics, name)(*(arrays or case.arrays), **case.arguments))


def test_every_public_metric_is_in_the_table():
    functions = {name for name in metrics.__all__ if inspect.isfunction(getattr(metrics, name))}
    assert set(CASES) == functions
    assert set(metrics.__all__) - functions == {"Interval"}


def test_it_is_the_same_twice_and_leaves_its_arrays_alone(name):
    before = [array.copy() for array in CASES[name].arrays]
    first = value(name)
    np.testing.assert_array_equal(value(name), first)
    for array, kept in zip(CASES[name].arrays, before, strict=True):
        np.testing.assert_array_equal(array, kept)


@pytest.mark.parametrize(
    "form",
    [
        lambda array: array.tolist(),
        lambda array: array.astype(np.float64 if array.dtype == np.float32 else np.int16),
        lambda array: np.repeat(array, 2, axis=0)[::2],
        np.asfortranarray,
    ],
    ids=["lists", "another dtype", "strided", "by columns"],
)
def test_arrays_may_be_of_any_form(name, form):
    np.testing.assert_array_equal(value(name, *map(form, CASES[name].arrays)), value(name))


def test_numbers_of_the_classes_make_no_difference(name):
    arrays = CASES[name].arrays
    if arrays[0].dtype == np.float32 and len(arrays) > 1:
        np.testing.assert_array_equal(value(name, arrays[0], 7 - 2 * arrays[1]), value(name))
    elif name == "nmi":
        assert value(name, 7 - 2 * arrays[0], arrays[1]) == pytest.approx(value(name))


def test_the_order_of_rows_makes_no_difference(name):
    case = CASES[name]
    if case.draws:
        return
    order = RNG.permutation(24)
    expected = value(name)[order] if case.by_row else value(name)
    np.testing.assert_allclose(value(name, *(array[order] for array in case.arrays)), expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(name, bad):
    first, *others = CASES[name].arrays
    if first.dtype != np.float32:
        return
    broken = first.copy()
    broken[2, 1] = bad
    with pytest.raises(ValueError, match=r"^expected embeddings to be finite\. Received: .*row 2"):
        value(name, broken, *others)


def test_arrays_of_different_lengths_are_refused(name):
    first, *others = CASES[name].arrays
    if others:
        with pytest.raises(ValueError, match=r"^expected .*\. Received: "):
            value(name, first[:-1], *others)


def test_nothing_is_refused(name):
    with pytest.raises(ValueError, match=r"^expected .*\. Received: "):
        value(name, *(array[:0] for array in CASES[name].arrays))
