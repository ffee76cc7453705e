"""A few inputs of every format; tools/fuzz.py tries thousands, in processes of their own."""

from __future__ import annotations

import pytest
from fuzzing.formats import FORMATS
from fuzzing.kinds import READ, REFUSED
from fuzzing.trial import Bench

pytest.importorskip("importlib_resources", reason="TensorFlow Datasets needs it to build")

SEED = 20
INPUTS = 20


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """What a reader leaves in the folder in which it is started is seen."""
    folder = tmp_path / "bench" / "elsewhere"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)


@pytest.mark.parametrize("name", FORMATS)
def test_no_input_is_taken_as_good_that_is_not_or_ends_in_a_traceback(name, tmp_path):
    bench = Bench(FORMATS[name], SEED, tmp_path / "bench")
    bench.prepare()
    numbers = range(max(4, round(INPUTS * FORMATS[name].share)))
    outcomes = {number: bench.run(number) for number in numbers}
    assert not {n: o for n, o in outcomes.items() if o.kind not in (READ, REFUSED)}
    assert any(outcome.kind == REFUSED for outcome in outcomes.values())
