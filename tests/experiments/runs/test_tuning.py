"""Settings are chosen on held-out training classes: alike for all, once, blind to the test."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from hsm import evaluation, records
from hsm.data.sources import load_source
from hsm.data.sources.source import ImageSource, Split
from hsm.experiments.config import METHODS, RunConfig
from hsm.experiments.runs import build, evaluator, same_data, tuning
from hsm.experiments.runs.runner import Runner
from hsm.experiments.runs.workspace import Workspace
from hsm.training.devices import Devices

# A network that gives what is no number, and its only image.
NAN = (lambda images: images * np.nan, [(np.ones((1, 2), np.float32), np.zeros(1, np.int32))])


@pytest.fixture(scope="module")
def letters():
    return load_source("letters", limit=64)


@pytest.fixture(scope="module")
def letters_config(quick_config):
    return replace(quick_config, dataset="letters", limit=64, epochs=1, heated_epochs=1)


def tuned(source, folder, configs, **options):
    said: list[str] = []
    runner = Runner(source, Workspace(folder), report=said.append)
    return tuning.run(runner, configs, **{"trials": 2, "epochs": 2, **options}), said


@pytest.fixture(scope="module")
def finished(tmp_path_factory, letters, letters_config):
    """BN and HBN with two seeds, two trials each."""
    folder = tmp_path_factory.mktemp("tuned")
    configs = [
        replace(letters_config, method=method, seed=seed)
        for seed in (0, 1)
        for method in ("BN", "HBN")
    ]
    return folder, configs, *tuned(letters, folder, configs)


def test_the_record_says_what_was_tried_and_what_it_cost(finished, letters):
    _, _, found, said = finished
    record = found[0]
    trials = record.tuning.trials
    assert [trial.method for trial in trials] == ["BN", "BN"]
    assert trials[0].settings == {"learning_rate": 0.004, "alpha": 16.0}
    best = max(trials, key=lambda trial: trial.score)
    assert (record.config.learning_rate, record.config.alpha) == tuple(best.settings.values())
    assert record.config.tuned == 2
    classes = letters.train.num_classes
    assert (record.tuning.train_classes, record.tuning.held_out_classes) == (
        classes - classes // 5,
        classes // 5,
    )
    held_out = tuning.held_out_source(letters)
    assert {trial.images for trial in trials} == {2 * len(held_out.train)}
    assert record.tuning.images == 4 * len(held_out.train)
    assert any("trial 2 of 2" in line and "held-out training classes" in line for line in said)


def test_a_heated_method_starts_from_what_it_heats_and_tunes_the_second_phase(finished):
    _, _, found, _ = finished
    base, heated = found[:2]
    assert heated.config.alpha == base.config.alpha
    assert heated.config.learning_rate == base.config.learning_rate
    assert heated.config.shared_name == base.config.shared_name
    assert heated.tuning.trials[:2] == base.tuning.trials
    own = heated.tuning.trials[2:]
    assert [trial.method for trial in own] == ["HBN", "HBN"]
    assert {tuple(trial.settings) for trial in own} == {("heated_learning_rate", "heated_alpha")}
    # Up to the switch they are BN's trial: one epoch of two.
    assert {trial.images for trial in own} == {base.tuning.trials[0].images // 2}


def test_every_seed_trains_with_the_same_choice(finished):
    _, _, found, _ = finished
    assert [record.seed for record in found] == [0, 0, 1, 1]
    assert found[0].tuning == found[2].tuning
    assert found[1].config == replace(found[3].config, seed=0)


def test_finished_trials_are_not_run_again(finished, letters, monkeypatch):
    folder, configs, found, _ = finished
    monkeypatch.setattr(Runner, "_train", None)
    again, _ = tuned(letters, folder, configs)
    assert again == found


def test_cut_off_in_a_trial_it_goes_on_with_that_one(
    letters, letters_config, tmp_path, monkeypatch
):
    config, trained, train = replace(letters_config, method="SM"), [], Runner._train

    def counted(self, config, weights):
        trained.append(config.name)
        if len(trained) == 2:
            raise KeyboardInterrupt
        return train(self, config, weights)

    monkeypatch.setattr(Runner, "_train", counted)
    with pytest.raises(KeyboardInterrupt):
        tuned(letters, tmp_path, [config])
    (record,), _ = tuned(letters, tmp_path, [config])
    # The first trial once, the second twice, then the run.
    assert len(trained) == 4
    assert trained[1] == trained[2]
    assert len(set(trained)) == 3
    assert [trial.score is None for trial in record.tuning.trials] == [False, False]


def test_a_record_without_its_trials_gets_them(finished, letters, tmp_path):
    """As where a run was killed between the two."""
    folder, configs, found, _ = finished
    bare = replace(found[0], tuning=None)
    path = records.write(bare, folder / "records")
    tuned(letters, folder, configs)
    assert records.read(path).tuning == found[0].tuning


def test_test_images_do_not_matter_to_the_choice(finished, letters, tmp_path):
    _, configs, found, _ = finished
    test = letters.test
    noise = np.random.default_rng(0).integers(0, 256, np.shape(test.images), dtype=np.uint8)
    planted = Split(noise, test.labels[::-1].copy(), test.class_names)
    other, _ = tuned(replace(letters, test=planted), tmp_path, configs[:1])
    assert other[0].tuning == found[0].tuning
    assert other[0].config == found[0].config
    assert other[0].final.recall != found[0].final.recall


def test_held_out_classes_are_the_last_fifth_of_those_that_train(letters):
    held_out = tuning.held_out_source(letters)
    names = letters.train.class_names
    assert held_out.train.class_names + held_out.test.class_names == names
    assert held_out.test.num_classes == len(names) // 5
    assert held_out.flip == letters.flip


def test_too_few_classes_or_images_are_refused(few_digits):
    with pytest.raises(ValueError, match=r"at least 10 training classes.* Received: 5 of digits"):
        tuning.held_out_source(few_digits)
    images = np.zeros((18, 8, 8, 3), np.uint8)
    labels = np.repeat(np.arange(10), [2] * 8 + [1, 1]).astype(np.int32)
    split = Split(images, labels, tuple("abcdefghij"))
    with pytest.raises(ValueError, match=r"two images or more .*Received: images=\[1, 1\]"):
        tuning.held_out_source(ImageSource("letters", split, split))


def test_too_few_images_for_a_later_method_are_told_before_the_first_trial(
    letters, letters_config, tmp_path, monkeypatch
):
    configs = [replace(letters_config, method=m, embedding_dim=60) for m in ("SM", "spectral")]
    build.check_batches(configs[1], letters, Devices())
    monkeypatch.setattr(Runner, "_train", None)
    with pytest.raises(ValueError, match=r"spectral learns nothing.*52 in all"):
        tuned(letters, tmp_path, configs)


@pytest.mark.parametrize(
    "changes", [{"label_smoothing": 0.1, "method": "SM"}, {"method": "HBN", "heating": "gradual"}]
)
def test_variants_are_refused(letters_config, changes):
    with pytest.raises(ValueError, match="tune with methods alone"):
        tuning.check([replace(letters_config, **changes)])


def test_every_method_can_be_tuned_on_data_without_landmarks():
    tuning.check([RunConfig(dataset="letters", method=m) for m in METHODS if m != "pretrained"])


def test_all_methods_have_the_same_draws_each_in_its_ranges():
    rates = {}
    for method in (*METHODS.trained, "triplet", "lifted", "clustering", "proxy_nca"):
        config = RunConfig(dataset="letters", method=method)
        found = list(tuning.candidates(config, 50))
        assert found == list(tuning.candidates(config, 50))
        assert len(found) == 50
        rate = next(iter(found[0]))
        assert found[0][rate] == (0.0004 if method.startswith("H") else 0.004)
        rates[method] = [trial[rate] / found[0][rate] for trial in found]
        assert min(rates[method]) >= 0.199
        assert max(rates[method]) <= 5.01
        tunable = METHODS[method].tunable
        values = [trial[tunable.setting] for trial in found[1:]]
        assert tunable.low <= min(values) < tunable.low * 2
        assert tunable.high / 2 < max(values) <= tunable.high
    for ratios in rates.values():
        np.testing.assert_allclose(ratios, rates["SM"], rtol=0.01)


def test_a_method_without_a_second_setting_tunes_its_rate(monkeypatch):
    config = RunConfig(dataset="letters", method="SM")
    plain = replace(METHODS["SM"], tunable=None)
    monkeypatch.setattr(RunConfig, "traits", plain)
    assert {tuple(trial) for trial in tuning.candidates(config, 3)} == {("learning_rate",)}


def test_a_shorter_trial_is_shared_out_as_the_run():
    run = RunConfig(dataset="letters", method="BN", epochs=12, heated_epochs=3)
    lengths = {
        (config.method, total): (short.epochs, short.heated_epochs)
        for config in (run, replace(run, method="HBN"))
        for total in (1, 5)
        for short in [tuning.shortened(config, total)]
    }
    assert lengths == {("BN", 1): (1, 0), ("BN", 5): (4, 1), ("HBN", 1): (1, 1), ("HBN", 5): (4, 1)}
    assert tuning.shortened(run, None) is run


def test_a_diverged_trial_is_remembered_and_never_chosen(letters, letters_config, tmp_path):
    """A rate that destroys the network; the other trials are drawn around it, and lower."""
    config = replace(letters_config, method="SM", learning_rate=1e30)
    with pytest.raises(FloatingPointError, match="all 2 diverged"):
        tuned(letters, tmp_path, [config])
    assert len(list((tmp_path / "tuning" / "diverged").iterdir())) == 2
    # Of one name, but of other images: what diverged there may train here.
    fewer = replace(letters, train=letters.train.subset(np.arange(1, len(letters.train))))
    with pytest.raises(FloatingPointError, match="Received: all 2 diverged"):
        tuned(fewer, tmp_path, [config])
    assert len(list((tmp_path / "tuning" / "diverged").iterdir())) == 4


def test_what_diverged_is_of_its_settings_images_and_weights(letters, letters_config):
    """What no run's name holds tells it from another of the same name."""
    fewer = replace(letters, train=letters.train.subset(np.arange(1, len(letters.train))))
    other = replace(letters_config, test_batch_size=7)
    assert other.name == letters_config.name
    names = {
        same_data.file_name(*of)
        for of in (
            (letters_config, letters, None),
            (other, letters, None),
            (letters_config, fewer, None),
            (letters_config, letters, "a" * 64),
        )
    }
    assert len(names) == 4
    assert same_data.file_name(letters_config, letters, None) in names


def test_a_trial_whose_features_are_not_finite_has_diverged(
    letters, letters_config, tmp_path, monkeypatch
):
    """Its last step can leave finite weights that are too large to compute with."""
    monkeypatch.setattr(evaluator, "embed", lambda *_, **__: evaluation.embed(*NAN, num_examples=1))
    with pytest.raises(FloatingPointError, match="all 2 diverged"):
        tuned(letters, tmp_path, [replace(letters_config, method="SM")])


def test_of_several_workers_the_chief_alone_writes(finished, letters, letters_config, tmp_path):
    """Two of them would write one file at a time."""

    class Second(Devices):
        is_chief = False

    folder, configs, _, _ = finished
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    path = next((tmp_path / "records").glob("*BN-*seed0.json"))
    bare = replace(records.read(path), tuning=None)
    records.write(bare, tmp_path / "records")
    second = Runner(letters, Workspace(tmp_path), report=str, devices=Second())
    found = tuning.run(second, configs, trials=2, epochs=2)
    assert all(record.tuning is not None for record in found)
    assert records.read(path).tuning is None

    config = replace(letters_config, method="SM", learning_rate=1e30)
    with pytest.raises(FloatingPointError, match="all 2 diverged"):
        tuning.run(second, [config], trials=2, epochs=2)
    assert not (tmp_path / "tuning" / "diverged").exists()
