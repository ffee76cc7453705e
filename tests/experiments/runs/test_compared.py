"""The compared systems as methods: a row, a loss and batches each, in the same table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.flag_parsing import run_table1

from hsm import losses
from hsm.data import pipeline
from hsm.data.sources.source import SUPER_CLASSES, ImageSource, Split
from hsm.experiments.config import METHODS, RunConfig
from hsm.experiments.config.methods import resolve
from hsm.experiments.runs import build
from hsm.experiments.runs.compared import hdc_objective, hdc_order
from hsm.experiments.runs.runner import Runner
from hsm.experiments.runs.workspace import Workspace
from hsm.training import OutputObjective

BOUNDED = ("triplet", "lifted", "clustering")
COMPARED = (*BOUNDED, "spectral", "smart_mining", "proxy_nca", "hdc")
NAMES = tuple("abcdefghijkl")
LABELS = np.repeat(np.arange(12), 10)


def order_of(method, labels=LABELS, epoch=1, **changes):
    config = replace(RunConfig(dataset="digits", method=method), **changes)
    return resolve(METHODS[method].sampler)(labels, config, epoch)


def test_they_stand_before_the_papers_methods_and_are_not_trained_unasked():
    standing = METHODS.standing
    assert standing[: 1 + len(COMPARED)] == ("pretrained", *COMPARED)
    assert not set(COMPARED) & set(METHODS.trained)


@pytest.mark.parametrize(
    ("method", "loss"),
    [
        ("triplet", losses.TripletSemiHard),
        ("lifted", losses.LiftedStructure),
        ("clustering", losses.FacilityLocation),
        ("spectral", losses.DeepSpectralClustering),
        ("smart_mining", losses.TripletRatio),
        ("proxy_nca", losses.ProxyNCA),
        ("hdc", losses.HardAwareContrastive),
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


@pytest.mark.parametrize("method", [*BOUNDED, "hdc"])
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


@pytest.mark.parametrize(
    ("dimensions", "images", "sizes"),
    [
        (64, 1000, [128] * 6 + [224]),  # 31 batches of 32, by fours.
        (8, 1000, [128] * 6 + [224]),
        (100, 1000, [224] * 3 + [320]),  # Twice as many as dimensions, in whole batches of 32.
        (64, 120, [96]),  # All that there are.
    ],
)
def test_spectral_joins_batches_until_they_are_large(dimensions, images, sizes):
    labels = np.arange(images) % 40
    order = order_of("spectral", labels=labels, batch_size=32, embedding_dim=dimensions)
    assert order.sizes.tolist() == sizes
    same = order_of("triplet", labels=labels, batch_size=32).indices
    np.testing.assert_array_equal(order.indices, same)


@pytest.mark.parametrize(("dimensions", "images"), [(96, 120), (200, 120)])
def test_spectral_refuses_no_more_images_than_dimensions(dimensions, images):
    message = rf"={dimensions} and batches of 96 images, from {images} in .*smaller `embedding_dim`"
    with pytest.raises(ValueError, match=message):
        order_of("spectral", embedding_dim=dimensions)


def test_spectral_goes_through_the_network_in_batches_of_the_others():
    config = RunConfig(dataset="digits", method="spectral", batch_size=24)
    objective = resolve(METHODS["spectral"].objective)
    assert objective(config).slice_size == 24
    with pytest.raises(ValueError, match=r"no xla with the method spectral.*xla=True"):
        objective(replace(config, xla=True))


@pytest.mark.parametrize(("batch_size", "sizes"), [(32, [30] * 4), (3, [3] * 40)])
def test_triplets_count_three_images(batch_size, sizes):
    order = order_of("smart_mining", batch_size=batch_size)
    assert order.sizes.tolist() == sizes
    for batch in np.split(LABELS[order.indices], len(sizes)):
        anchors, positives, negatives = batch.reshape(3, -1)
        np.testing.assert_array_equal(anchors, positives)
        assert (anchors != negatives).all()


def test_smart_mining_mines_on_features_of_unit_length():
    def embed(length):
        return np.random.default_rng(0).normal(size=(len(LABELS), 3)) * length

    lengths = np.random.default_rng(1).uniform(1, 9, (len(LABELS), 1))
    config = RunConfig(dataset="digits", method="smart_mining")
    one, other = (
        resolve(METHODS["smart_mining"].miner)(LABELS, config, lambda x=length: embed(x))
        for length in (1.0, lengths)
    )
    mined = one.order(3).indices
    np.testing.assert_array_equal(mined, other.order(3).indices)
    assert mined.tolist() != order_of("smart_mining", epoch=3).indices.tolist()


@pytest.mark.parametrize("method", [*BOUNDED, "spectral", "hdc"])
@pytest.mark.parametrize("batch_size", [2, 4, 7, 30])
def test_batches_of_one_class_or_of_uneven_ones_are_refused(method, batch_size):
    message = rf"batches of {method} hold 4 images.*multiple of 4, at least 8.*={batch_size}"
    with pytest.raises(ValueError, match=message):
        order_of(method, batch_size=batch_size)


def test_hdcs_batches_of_100_hold_ten_classes_of_ten_images():
    (batch,) = np.split(LABELS[order_of("hdc", batch_size=100).indices], 1)
    assert np.unique(batch, return_counts=True)[1].tolist() == [10] * 10


def test_hdcs_batches_hold_whole_classes_of_two_super_classes():
    labels, kinds = np.repeat(np.arange(12), 5), np.repeat(np.arange(12) % 3, 5)
    source = ImageSource("mine", *2 * [Split(np.zeros((60, 8, 8, 3), np.uint8), labels, NAMES)])
    config = replace(RunConfig(dataset="mine", method="hdc"), batch_size=20)
    grouped = replace(source, train=replace(source.train, extras={SUPER_CLASSES: kinds}))
    order = build.training_order(config, grouped, 1)
    assert order.sizes.tolist() == [20] * 3
    for batch in np.split(order.indices, 3):
        # Two classes of five images from each of two super-classes.
        assert np.bincount(np.unique(labels[batch]) % 3, minlength=3).tolist().count(2) == 2
    # Of one super-class no groups can be made.
    of_one = replace(source.train, extras={SUPER_CLASSES: np.zeros(60, int)})
    for other in (source, replace(source, train=of_one)):
        order = build.training_order(config, other, 1)
        np.testing.assert_array_equal(order.indices, hdc_order(labels, config, 1).indices)
    # What another method draws is not grouped.
    triplet = replace(config, method="triplet")
    np.testing.assert_array_equal(
        build.training_order(triplet, grouped, 1).indices,
        build.training_order(triplet, source, 1).indices,
    )


def test_the_released_codes_ratios_are_the_default_and_the_cascade_is_an_option():
    config = RunConfig(dataset="digits", method="hdc")
    for cascade in (False, True):
        loss = hdc_objective(replace(config, hdc_cascade=cascade)).loss
        assert (loss.shares, loss.widths) == ((1.0, 0.5, 0.2), (21, 21, 22))
        assert loss.cascade is cascade
    assert replace(config, hdc_cascade=True).name != config.name


def test_a_backbone_without_known_places_is_refused_before_data_is_read():
    with pytest.raises(ValueError, match=r"hdc reads maps.*Received: backbone='keras:ResNet50'"):
        RunConfig(dataset="digits", method="hdc", backbone="keras:ResNet50")


class _Kill(BaseException):
    """Ends a run without anything being done after it."""


@pytest.mark.parametrize("method", ["hdc"])
def test_killed_and_resumed_it_ends_with_identical_weights(
    method, tmp_path, few_digits, quick_config
):
    def kill(config):
        raise _Kill

    config, states = replace(quick_config, method=method, heated_epochs=2), []
    for name, killed in (("whole", False), ("killed", True)):
        runner = Runner(few_digits, Workspace(tmp_path / name), report=lambda line: None)
        if killed:
            with pytest.raises(_Kill):
                replace(runner, scored=kill).run(config)
        runner.run(config)
        path = runner.workspace.checkpoint(config)
        with np.load(path) as archive:
            states.append({key: archive[key] for key in archive if key != "progress.json"})
        model, _ = build.load_model(runner.workspace.run_dir(config))
        assert model.embed(np.zeros((1, 28, 28, 3), np.uint8)).shape == (1, 8)
    whole, killed = states
    assert whole.keys() == killed.keys()
    for key, value in whole.items():
        np.testing.assert_array_equal(value, killed[key], err_msg=key)


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
    with pytest.raises(ValueError, match="loss_setting with the methods triplet and lifted"):
        RunConfig(dataset="digits", method="SM", loss_setting=0.5)


def test_what_a_later_row_cannot_do_is_told_before_the_first_trains(tmp_path, capsys):
    flags = ("--smoke", "--methods=SM,spectral", "--embedding_dim=64", f"--output_dir={tmp_path}")
    assert run_table1(*flags) == 1
    assert "spectral learns nothing" in capsys.readouterr().err
    assert not list((tmp_path / "smoke").rglob("*.npz"))


@pytest.mark.parametrize(
    "changes", [{"method": "smart_mining", "epochs": 3}, {"method": "BN", "class_mean_init": True}]
)
def test_what_is_embedded_for_training_comes_in_batches_of_the_runs_name(
    changes, few_digits, quick_config, tmp_path, monkeypatch
):
    """Sums depend on the size of a batch, and that of tests is not part of a run's name."""
    config = replace(quick_config, batch_size=12, heated_epochs=0, test_batch_size=7, **changes)
    sizes, made = [], pipeline.evaluation_batches

    def batches(split, *, batch_size, **options):
        if split is few_digits.train:
            sizes.append(batch_size)
        return made(split, batch_size=batch_size, **options)

    monkeypatch.setattr(pipeline, "evaluation_batches", batches)
    Runner(few_digits, Workspace(tmp_path), report=str).run(config)
    assert sizes == [12]
