"""Names of the version before still lead to what they named, with a warning."""

from __future__ import annotations

import importlib

import pytest

FORMER = {
    "hsm.analysis": {"unit_directions": "l2_normalize"},
    "hsm.data.catalog": {"Facts": "DatasetInfo", "facts": "dataset_info"},
    "hsm.metrics": {"negatives_before_positive": "first_positive_ranks"},
}


@pytest.mark.parametrize(
    ("module", "former", "name"),
    [(module, *names) for module, pairs in FORMER.items() for names in pairs.items()],
)
def test_a_former_name_is_the_present_one(module, former, name):
    loaded = importlib.import_module(module)
    with pytest.warns(DeprecationWarning, match=f"{former} is called {name} now"):
        assert getattr(loaded, former) is getattr(loaded, name)


@pytest.mark.parametrize("module", FORMER)
def test_a_name_that_never_was_is_none(module):
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'never'"):
        importlib.import_module(module).never  # noqa: B018
