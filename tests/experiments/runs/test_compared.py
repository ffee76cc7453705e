"""The compared systems as methods: a row, a loss and batches each, in the same table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.flag_parsing import run_table1

from hsm import losses
from hsm.experiments.config import METHODS, RunConfig
from hsm.experiments.config.methods import resolve
from hsm.training import OutputObjective

BOUNDED = ("triplet", "lifted", "clustering")
COMPARED = (*BOUNDED, "proxy_nca")
LABELS = np.repeat(np.arange(12), 10)


def order_of(method, labels=LABELS, **changes):
    config = replace(RunConfig(dataset="digits", method=method), **changes)
    return resolve(METHODS[method].sampler)(labels, config, 1)


def test_they_stand_before_the_papers_methods_and_are_not_trained_unasked():
    standing = METHODS.standing
    assert standing[:5] == ("pretrained", *COMPARED)
    assert not set(COMPARED) & set(METHODS.trained)


@pytest.mark.parametrize(
    ("method", "loss"),
    [
        ("triplet", losses.TripletSemiHard),
        ("lifted", losses.LiftedStructure),
        ("clustering", losses.FacilityLocation),
        ("proxy_nca", losses.ProxyNCA),
    ],
)
def test_each_minimises_its_own_loss(method, loss):
    objective = resolve(METHODS[method].objective)(RunConfig(dataset="digits", method=method))
    assert type(objective) is OutputObjective
    assert type(objective.loss) is loss


@pytest.mark.parametrize("method", COMPARED)
def test_seed_and_epoch_decide_the_batches(method):
    order = order_of(method)
    np.testing.assert_array_equal(order.indices, order_of(method).indices)
    assert not np.array_equal(order.indices, order_of(method, seed=1).indices)


@pytest.mark.parametrize("method", BOUNDED)
@pytest.mark.parametrize(("present", "classes", "images"), [(12, 8, 4), (5, 5, 6)])
def test_what_a_batch_of_32_holds(method, present, classes, images):
    labels = np.repeat(np.arange(present), 10)
    order = order_of(method, labels=labels, batch_size=32)
    assert set(order.sizes) == {classes * images}
    for batch in np.split(labels[order.indices], np.cumsum(order.sizes)[:-1]):
        chosen, times = np.unique(batch, return_counts=True)
        assert (len(chosen), set(times)) == (classes, {images})


def test_proxies_see_every_image_once():
    np.testing.assert_array_equal(np.sort(order_of("proxy_nca").indices), np.arange(len(LABELS)))


@pytest.mark.parametrize("method", BOUNDED)
@pytest.mark.parametrize("batch_size", [2, 4, 7, 30])
def test_batches_of_one_class_or_of_uneven_ones_are_refused(method, batch_size):
    message = rf"batches of {method} hold 4 images.*multiple of 4, at least 8.*={batch_size}"
    with pytest.raises(ValueError, match=message):
        order_of(method, batch_size=batch_size)


def test_they_train_beside_hbn_in_one_table(tmp_path, capsys):
    methods = ",".join(("HBN", *COMPARED))
    assert run_table1("--smoke", f"--methods={methods}", f"--output_dir={tmp_path}") == 0
    output = capsys.readouterr().out
    table = (tmp_path / "smoke" / "table1.md").read_text()
    rows = [line.split("|")[1].strip() for line in table.split("\n\n")[1].splitlines()[2:]]
    assert rows == [*COMPARED, "HBN"]
    for method in COMPARED:
        assert f"{method}: the loss of {METHODS[method].citation} trained here" in table
        assert f"letters {method} seed 0  2 epochs  loss " in output


@pytest.mark.parametrize(
    ("method", "argument"),
    [("triplet", "margin"), ("lifted", "margin"), ("clustering", "gamma"), ("proxy_nca", "scale")],
)
def test_loss_setting_is_the_losss_number(method, argument):
    objective = resolve(METHODS[method].objective)
    plain, changed = (
        objective(RunConfig(dataset="digits", method=method, loss_setting=value)).loss
        for value in (None, 0.75)
    )
    assert getattr(changed, argument) == 0.75
    assert getattr(plain, argument) == getattr(type(plain)(), argument)


def test_loss_setting_is_refused_where_no_loss_reads_it():
    with pytest.raises(ValueError, match="loss_setting goes with the methods triplet and lifted"):
        RunConfig(dataset="digits", method="SM", loss_setting=0.5)
