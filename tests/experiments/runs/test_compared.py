"""The compared systems as methods: a row, a loss and batches each, in the same table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.flag_parsing import run_table1

from hsm.experiments.config import METHODS, RunConfig
from hsm.experiments.config.methods import resolve
from hsm.training import OutputObjective

COMPARED = ("triplet", "lifted", "clustering", "proxy_nca")
LABELS = np.repeat(np.arange(12), 10)


def order_of(method, **changes):
    config = replace(RunConfig(dataset="digits", method=method), **changes)
    return resolve(METHODS[method].sampler)(LABELS, config, 1)


def test_they_stand_before_the_papers_methods_and_are_not_trained_unasked():
    standing = METHODS.standing
    assert standing[:5] == ("pretrained", *COMPARED)
    assert not set(COMPARED) & set(METHODS.trained)


@pytest.mark.parametrize("method", COMPARED)
@pytest.mark.parametrize("batch_size", [2, 7, 32, 256])
def test_their_batches_are_drawn_for_any_size(method, batch_size):
    order = order_of(method, batch_size=batch_size)
    assert order.sizes.max() <= max(batch_size, 2) + 1
    other = order_of(method, batch_size=batch_size, seed=1)
    assert not np.array_equal(order.indices, other.indices)
    objective = resolve(METHODS[method].objective)(RunConfig(dataset="digits", method=method))
    assert isinstance(objective, OutputObjective)


@pytest.mark.parametrize(("method", "classes"), [("triplet", 8), ("lifted", 8), ("clustering", 8)])
def test_what_a_batch_of_32_holds(method, classes):
    order = order_of(method, batch_size=32)
    for batch in np.split(LABELS[order.indices], np.cumsum(order.sizes)[:-1]):
        present, times = np.unique(batch, return_counts=True)
        assert (len(present), set(times)) == (classes, {4})


def test_they_train_beside_hbn_in_one_table(tmp_path, capsys):
    methods = ",".join(("HBN", *COMPARED))
    assert run_table1("--smoke", f"--methods={methods}", f"--output_dir={tmp_path}") == 0
    output = capsys.readouterr().out
    table = (tmp_path / "smoke" / "table1.md").read_text()
    rows = [line.split("|")[1].strip() for line in table.split("\n\n")[1].splitlines()[2:]]
    assert rows == [*COMPARED, "HBN"]
    for method in COMPARED:
        assert f"{method}: the loss of {METHODS[method].citation} trained here" in table
        assert f"digits {method} seed 0 epoch 2/2" in output
