"""FashionNet on a made-up In-shop folder in the true formats, and without landmarks elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support import archive_factory as archive
from support.flag_parsing import run_table, run_table1

from hsm.data.pipeline import Crop
from hsm.data.sampling import Share
from hsm.data.sources import benchmark
from hsm.experiments import table2
from hsm.experiments.config import METHODS, RunConfig
from hsm.experiments.config.variants import label
from hsm.experiments.runs import build, dry_run
from hsm.experiments.runs.fashionnet import (
    LandmarkLabels,
    LandmarkObjective,
    fashionnet_order,
    with_landmarks,
)
from hsm.experiments.runs.runner import Runner
from hsm.experiments.runs.workspace import Workspace
from hsm.losses import TripletMargin
from hsm.training.devices import Devices

CONFIG = RunConfig(
    dataset="inshop",
    method="fashionnet",
    backbone="strided_convnet",
    image_size=28,
    embedding_dim=8,
    batch_size=6,
    epochs=1,
    heated_epochs=1,
    eval_every=1,
    learning_rate=0.001,
    ks=(1, 2),
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return archive.annotated_inshop(tmp_path_factory.mktemp("data") / "In-shop")


@pytest.fixture(scope="module")
def source(root):
    return benchmark.load("inshop", str(root), expected=archive.WITH_GALLERY)


@pytest.fixture(scope="module")
def config(source):
    return with_landmarks(CONFIG, source)


def test_the_data_decides_whether_landmarks_are_known(source, config, tmp_path):
    assert config.landmarks
    assert (label(config), label(CONFIG)) == ("fashionnet", "fashionnet, no landmarks")
    assert config.name != CONFIG.name
    assert RunConfig.from_json(config.to_json()) == config
    bare = benchmark.load(
        "inshop", str(archive.inshop(tmp_path / "bare")), expected=archive.WITH_GALLERY
    )
    assert with_landmarks(CONFIG, bare) == CONFIG
    triplet = replace(CONFIG, method="triplet")
    assert with_landmarks(triplet, source) == triplet
    with pytest.raises(ValueError, match=r"landmarks=True with .*fashionnet.*'triplet'"):
        replace(triplet, landmarks=True)
    with pytest.raises(ValueError, match=r"fashionnet reads maps.*keras:ResNet50"):
        replace(config, backbone="keras:ResNet50")


def test_batches_are_triplets():
    labels = np.repeat(np.arange(6), 5)
    order = fashionnet_order(labels, CONFIG, 1)
    for batch in np.split(labels[order.indices], order.steps):
        anchors, positives, negatives = batch.reshape(3, -1)
        assert (anchors == positives).all()
        assert (anchors != negatives).all()


def test_without_landmarks_it_minimises_the_triplets():
    objective = build.resolve(METHODS["fashionnet"].objective)(CONFIG)
    assert type(objective.loss) is TripletMargin


def test_labels_hold_what_the_crops_show(source, config):
    labels = LandmarkLabels(config, source, Crop(28, random=True, flip=True))
    order = build.training_order(config, source, 1)
    batches = list(labels(order, 1))
    assert [batch.shape for batch in batches] == [(size, 492) for size in order.sizes]
    first = batches[0]
    np.testing.assert_array_equal(first[:, 0], source.train.labels[order.indices[: len(first)]])
    assert set(first[:, 2]) == {5.0}
    assert set(first[:, 3]) == {1.0}
    (second, *_) = labels(build.training_order(config, source, 2), 2)
    assert (set(second[:, 2]), set(second[:, 3])) == ({1.0}, {5.0})
    # A function of the epoch and of the step it is taken up at.
    np.testing.assert_array_equal(list(labels(order, 1))[-1], list(labels(order, 1, 0))[-1])
    assert not list(labels(order, 1, order.steps))


def test_both_halves_of_the_loss_teach_their_branches(source, config):
    model = build.build_model(config, 2)
    data = build.labelled(config, source, build.training_data(config, source))
    images, labels = next(iter(data.batches(1, 0)))
    step = build.build_step(config, model)
    assert type(step.objective) is LandmarkObjective
    before = [np.array(v) for v in model.trainable_variables]
    for _ in range(3):
        step(images, labels)
    assert np.isfinite(step.totals().loss)
    still = [
        v.path
        for v, start in zip(model.trainable_variables, before, strict=True)
        if np.array_equal(np.asarray(v), start)
    ]
    assert not [path for path in still if "local" not in path], still


def test_locations_of_landmarks_are_learned(source, config):
    config = replace(config, learning_rate=0.003, random_crops=False)
    source = replace(source, flip=False)
    model = build.build_model(config, 2)
    data = build.labelled(config, source, build.training_data(config, source))
    images, labels = next(iter(data.batches(1, 0)))
    landmarks = labels[:, 5:29].reshape(len(labels), 8, 3)

    def error():
        found = model.bottleneck.branches(model.read(images, training=True)).landmarks
        away = np.linalg.norm(np.asarray(found) - landmarks[..., :2], axis=-1)
        return away[landmarks[..., 2] == 0].mean()

    step, start = build.build_step(config, model), error()
    for _ in range(100):
        step(images, labels)
    assert error() < start / 2


class _Kill(BaseException):
    """Ends a run without anything being done after it."""


def test_killed_and_resumed_it_ends_with_identical_weights(source, config, tmp_path):
    def kill(config):
        raise _Kill

    states = []
    for name, killed in (("whole", False), ("killed", True)):
        runner = Runner(source, Workspace(tmp_path / name), report=lambda line: None)
        if killed:
            with pytest.raises(_Kill):
                replace(runner, scored=kill).run(config)
        runner.run(config)
        with np.load(runner.workspace.checkpoint(config)) as archived:
            states.append({key: archived[key] for key in archived if key != "progress.json"})
        model, loaded = build.load_model(runner.workspace.run_dir(config))
        assert loaded.landmarks
        assert model.embed(np.zeros((1, 28, 28, 3), np.uint8)).shape == (1, 8)
    for key, value in states[0].items():
        np.testing.assert_array_equal(value, states[1][key], err_msg=key)


def test_table_2_trains_it_on_a_folder_in_the_true_formats(root, tmp_path, monkeypatch, capsys):
    archive.replace_expected("inshop", archive.WITH_GALLERY, monkeypatch)
    flags = (
        "--dataset=inshop",
        f"--inshop_dir={root}",
        "--methods=fashionnet,hdc",
        "--backbone=strided_convnet",
        "--image_size=28",
        "--embedding_dim=8",
        "--batch_size=8",
        "--epochs=1",
        "--heated_epochs=1",
        f"--output_dir={tmp_path}",
    )
    assert run_table(table2, *flags) == 0, capsys.readouterr().err
    table = (tmp_path / "table2.md").read_text()
    assert "| fashionnet |" in table
    assert "fashionnet: the loss of Liu et al. 2016 trained here" in table
    assert "no landmarks |" not in table


@pytest.mark.parametrize("knows", [True, False])
def test_a_plan_times_its_steps(knows, source, config, tmp_path):
    planned = config if knows else CONFIG
    text = dry_run.estimate([planned], source, Workspace(tmp_path))
    assert "2 epochs to train, 2 steps of " in text


class _Timed(Devices):
    """Counts what it was given to place."""

    def __init__(self):
        super().__init__()
        self.placed = []

    def place(self, *arrays):
        self.placed.append([len(array) for array in arrays])
        return super().place(*arrays)


def test_a_plan_times_the_devices_that_it_is_given(source, tmp_path):
    devices = _Timed()
    dry_run.estimate([CONFIG], source, Workspace(tmp_path), devices=devices)
    assert devices.placed == [[6, 6]]


def test_elsewhere_the_row_says_that_it_has_no_landmarks(tmp_path, capsys):
    flags = ("--smoke", "--methods=fashionnet", f"--output_dir={tmp_path}")
    assert run_table1(*flags) == 0, capsys.readouterr().err
    assert "| fashionnet, no landmarks |" in (tmp_path / "smoke" / "table1.md").read_text()


def test_labels_of_a_worker_are_those_of_its_images(source, config):
    whole = build.labelled(config, source, build.training_data(config, source))
    shares = [Share(index, 2) for index in range(2)]
    parts = [
        build.labelled(config, source, build.training_data(config, source, share), share)
        for share in shares
    ]
    (expected,), *found = ([*data.batches(1, 0)] for data in (whole, *parts))
    for kind in range(2):
        halves = np.concatenate([batches[0][kind] for batches in found])
        np.testing.assert_array_equal(halves, expected[kind])
