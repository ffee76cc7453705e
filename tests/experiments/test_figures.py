"""The drivers of Figures 2 and 4, of the remarks and of the port, and the runs they ask for."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from support.driver_process import run
from support.flag_parsing import parsed, run_table
from support.record_factory import make_record

from hsm import records
from hsm.data.sources import load_source
from hsm.experiments import caffe_port, figure2, figure4, remarks
from hsm.experiments.config import RunConfig, run_record
from hsm.experiments.config.figure2_recipes import FIGURE2_RECIPES
from hsm.experiments.config.hyperparameters import PROFILES
from hsm.experiments.config.recipes import RECIPES
from hsm.experiments.reporting.recorded_runs import RecordedRun, by_condition, read
from hsm.experiments.studies.embedding_planes import angles_to_centres, render
from hsm.visual.class_planes import Plane
from hsm.visual.files import write_csv


def planned(*flags):
    with parsed("--methods=SM,LN,HLN", *flags):
        return figure2.configs("mnist", "mnist", "classification")


def test_figure_2_asks_for_the_papers_panels():
    found = planned()
    assert [(c.method, c.initial_alpha) for c in found] == [
        ("SM", 1.0),
        *(("LN", alpha) for alpha in (0.25, 4.0, 16.0, 32.0, 64.0)),
        ("HLN", 16.0),
    ]
    assert {(c.epochs, c.heated_epochs, c.embedding_dim, c.backbone) for c in found} == {
        (12, 3, 2, "lenet")
    }
    assert found[-1].shared_name == found[3].shared_name
    assert found[-1].heated_alpha == 4.0


def test_figure_2_takes_other_alphas_once_each():
    found = planned("--ln_alphas=2,8,2")
    assert [(c.method, c.initial_alpha) for c in found] == [
        ("SM", 1.0),
        ("LN", 2.0),
        ("LN", 8.0),
        ("HLN", 16.0),
    ]


def test_figure_2_has_the_released_recipe():
    for config in planned("--profile=official"):
        assert (config.epochs, config.heated_epochs) == (81, 19)
        assert (config.optimizer, config.learning_rate, config.batch_size) == ("adam", 0.001, 128)
        assert not config.scale_bias
        assert not config.random_crops
        assert not config.is_prepared


@pytest.mark.parametrize("profile", PROFILES)
def test_figure_2_has_whole_recipes(profile):
    for dataset, recipe in FIGURE2_RECIPES[profile].items():
        assert set(recipe) == set(RECIPES[profile][dataset])
        assert RunConfig(dataset=dataset, method="LN", **recipe).profile == profile


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--methods=BN", "--methods to be one or several of SM, LN, HLN"),
        ("--dataset=cub200", "--dataset to be one or several of digits, mnist"),
        ("--seeds=0,1", "expected one of --seeds"),
        ("--embedding_dim=3", "an --embedding_dim of 2. Received.*--embedding_dim=3"),
        (
            "--ln_alphas=hot",
            "--ln_alphas to be numbers separated by commas. Received: --ln_alphas='hot'",
        ),
    ],
)
def test_figure_2_refuses_in_a_sentence(capsys, tmp_path, flag, message):
    flags = ("--methods=SM", f"--output_dir={tmp_path}", flag)
    assert run_table(figure2, *flags) == 1
    assert " ".join(capsys.readouterr().err.split()).startswith("error: ")
    with parsed(*flags), pytest.raises(ValueError, match=message):
        figure2.main()


def test_figure_2_trains_on_as_many_images_as_the_profile(few_digits):
    pixels = np.zeros((60_000, 1, 1, 3), np.uint8)
    labels = (np.arange(60_000) % 10).astype(np.int32)
    names = tuple("0123456789")
    whole = replace(few_digits.train, images=pixels, labels=labels, class_names=names)
    source = replace(few_digits, name="mnist", train=whole)
    for profile, count in (("paper", 50_000), ("official", 55_000)):
        with parsed(f"--profile={profile}"):
            assert len(figure2.training_images(source).train) == count
            assert figure2.training_images(few_digits) is few_digits


def test_figure_2_smoke_and_a_second_start_only_draws(tmp_path):
    flags = ("figure2", "--smoke", f"--output_dir={tmp_path}")
    first = run(*flags)
    assert first.returncode == 0, first.stderr
    assert first.stderr == ""
    folder = tmp_path / "smoke"
    with (folder / "figure2_digits.csv").open() as file:
        rows = list(csv.DictReader(file))
    panels = dict.fromkeys(row["panel"].split(":")[0] for row in rows)
    assert list(panels) == ["SM", "SM, normalised", "LN, α = 4", "HLN, α = 16 → 4"]
    points = np.array([[row["x"], row["y"]] for row in rows], float)
    on_circle = np.array([not row["panel"].startswith("SM:") for row in rows])
    np.testing.assert_allclose(np.linalg.norm(points[on_circle], axis=1), 1.0, atol=1e-4)
    assert sum(row["kind"] == "feature" for row in rows) == 4 * 60
    assert "the mean direction of their class" in first.stdout
    (folder / "figure2_digits.png").unlink()
    second = run(*flags, "--verbose")
    assert second.stdout.count(": recorded already, ") == 3
    assert "epoch 1/2" not in second.stdout
    assert (folder / "figure2_digits.png").exists()


def test_compactness_is_the_angle_to_the_mean_direction():
    # Two classes of three points, 20 degrees around 0 and 90, at lengths that must not count.
    degrees = np.array([-20.0, 0.0, 20.0, 70.0, 90.0, 110.0])
    lengths = np.array([1.0, 5.0, 1.0, 2.0, 1.0, 2.0])
    circle = np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], axis=1)
    labels = np.repeat([0, 1], 3)
    plane = Plane("SM", lengths[:, np.newaxis] * circle, labels, np.eye(2), on_circle=False)
    np.testing.assert_allclose(angles_to_centres(plane), [20, 0, 20] * 2, atol=0.05)
    *_, line = render([plane]).splitlines()
    assert line.split() == ["SM", "20.0°", "20.0°", "1", "to", "3.5"]


def recorded(folder, method, *, alpha=16.0, seed=0, same=(0, 2.0), norms=(1.0, 3.0), **config):
    """A record and its CSV files: histograms of two bins, norms evenly between two values."""
    name = f"digits-{method}-{alpha:g}-{len(list(folder.glob('*.json')))}-seed{seed}"
    record = replace(make_record(method, seed=seed, alpha=alpha, **config), name=name)
    records.write(record, folder)
    header = ("low", "high", "train_same", "train_different", "test_same", "test_different")
    bins = [(-1, 0, same[0], 1.0 - same[0], 0.5, 0.5), (0, 1, same[1] / 2, same[0], 0.5, 0.5)]
    stem = folder / record.name
    write_csv(stem.with_name(f"{stem.name}.cosine_histograms.csv"), [header, *bins])
    lines = [(q, *[norms[0] + q * (norms[1] - norms[0])] * 2) for q in np.linspace(0, 1, 11)]
    norm_rows = [("quantile", "train", "test"), *lines]
    write_csv(stem.with_name(f"{stem.name}.feature_norms.csv"), norm_rows)
    return record


def test_figure_4_draws_records_without_data(tmp_path, capsys):
    for seed in (0, 1):
        recorded(tmp_path, "SM", seed=seed, same=(0.5 * seed, 2.0 - seed))
    for alpha in (4.0, 8.0, 64.0):
        recorded(tmp_path, "BN", alpha=alpha)
    recorded(tmp_path, "HBN")
    recorded(tmp_path, "LN")
    flags = (f"--records={tmp_path}", f"--output_dir={tmp_path / 'out'}", "--methods=SM,BN,HBN")
    assert run_table(figure4, *flags) == 0
    with (tmp_path / "out" / "figure4_digits.csv").open() as file:
        rows = list(csv.DictReader(file))
    titles = list(dict.fromkeys(row["row"] for row in rows))
    assert titles == ["SM", "BN, α = 4", "BN, α = 8", "HBN, α = 16 → 4"]
    # Means over the two seeds.
    assert [float(row["same"]) for row in rows[:2]] == [0.25, 0.75]
    assert float(rows[2]["overlap"]) == 1.0
    assert (tmp_path / "out" / "figure4_digits.pdf").exists()
    assert "BN, α = 8          test      1.000" in capsys.readouterr().out


def test_figure_4_takes_other_alphas(tmp_path, capsys):
    with parsed("--methods=SM,BN,HBN", "--bn_alphas=2,64,2"):
        asked = figure4.configs("digits", "digits", "zero_shot")
    assert [(c.method, c.initial_alpha) for c in asked] == [
        ("SM", 1.0),
        ("BN", 2.0),
        ("BN", 64.0),
        ("HBN", 16.0),
    ]
    assert {(c.epochs, c.heated_epochs) for c in asked} == {(20, 5)}
    for alpha in (4.0, 64.0):
        recorded(tmp_path, "BN", alpha=alpha)
    flags = (f"--records={tmp_path}", f"--output_dir={tmp_path / 'out'}", "--methods=BN")
    assert run_table(figure4, *flags, "--bn_alphas=64") == 0
    said = capsys.readouterr().out
    assert "BN, α = 64" in said
    assert "BN, α = 4 " not in said
    assert run_table(figure4, *flags, "--bn_alphas=7") == 1
    assert "expected a record of the flags" in capsys.readouterr().err


def test_figure_4_smoke(tmp_path):
    result = run("figure4", "--smoke", "--dataset=digits", f"--output_dir={tmp_path}")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "smoke" / "figure4_digits.png").exists()
    for row in ("SM  ", "BN, α = 4 ", "HBN, α = 16 → 4"):
        assert f"\n  {row}" in result.stdout


def test_remarks_draw_records_and_say_whether_they_agree(tmp_path, capsys):
    recorded(tmp_path, "SM", norms=(1.0, 9.0))
    recorded(tmp_path, "LN", norms=(4.9, 5.1))
    assert run_table(remarks, f"--records={tmp_path}", f"--output_dir={tmp_path / 'out'}") == 0
    text = " ".join(capsys.readouterr().out.split())
    # (8.2 - 1.8) / 5 and (5.08 - 4.92) / 5.
    assert "SM training 1.28 (1.8 to 8.2)" in text
    assert "LN, α = 16 training 0.03" in text
    assert "LN's spread is 0.03 times SM's on test images, which agrees" in text
    assert "in R@1 for 0 of 2 rows, by +0.00 to +0.00 points" in text
    assert (tmp_path / "out" / "remarks_digits.png").exists()


def test_remarks_smoke(tmp_path):
    result = run(
        "remarks", "--smoke", "--dataset=digits", "--methods=SM,LN", f"--output_dir={tmp_path}"
    )
    assert result.returncode == 0, result.stderr
    assert "Section 3.3" in result.stdout
    assert (tmp_path / "smoke" / "remarks_digits.csv").exists()


@pytest.mark.parametrize("driver", [figure4, remarks])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder.rmdir(), "--records to be a folder of records.*is no folder"),
        (lambda folder: None, "expected records, as a run leaves them"),
        (lambda folder: (folder / "a.json").write_text("{"), "a.json: expected a record"),
        (lambda folder: recorded(folder, "pretrained"), "none of --methods=SM"),
        (
            lambda folder: [recorded(folder, "SM"), recorded(folder, "SM")],
            "expected one record of SM on digits with seed 0",
        ),
        (
            lambda folder: [
                recorded(folder, "SM"),
                *(path.unlink() for path in folder.glob("*.csv")),
            ],
            "csv: expected the file that was written beside the record",
        ),
    ],
    ids=["no folder", "empty", "damaged", "others", "twins", "no CSV"],
)
def test_records_are_refused_in_a_sentence(tmp_path, driver, make, message):
    folder = tmp_path / "records"
    folder.mkdir()
    make(folder)
    flags = (f"--records={folder}", "--methods=SM", f"--output_dir={tmp_path / 'out'}")
    with parsed(*flags), pytest.raises((ValueError, OSError), match=message):
        driver.main()


def test_cosines_of_several_widths_are_not_mixed(tmp_path):
    recorded(tmp_path, "SM")
    recorded(tmp_path, "HBN", embedding_dim=128)
    flags = (f"--records={tmp_path}", "--methods=SM,HBN", f"--output_dir={tmp_path}")
    with parsed(*flags), pytest.raises(ValueError, match="64, 128 dimensions.*`embedding_dim`"):
        figure4.main()
    with parsed(*flags, "--embedding_dim=128"):
        figure4.main()


def test_conditions_are_named_after_what_decides_them(tmp_path):
    recorded(tmp_path, "pretrained")
    recorded(tmp_path, "SM", label_smoothing=0.1)
    recorded(tmp_path, "HBN", heated_alpha=16.0)
    assert list(by_condition(read(tmp_path))) == [
        "pretrained",
        "SM, label smoothing 0.1",
        "HBN, α = 16 → 16, α kept",
    ]
    (path,) = tmp_path.glob("*SM*.json")
    found = RecordedRun(run_record.read(path), tmp_path)
    found.folder.joinpath(f"{path.stem}.feature_norms.csv").write_text("quantile\nhalf\n")
    with pytest.raises(ValueError, match="expected numbers only.*half"):
        found.columns("feature_norms")


def test_port_smoke_and_refusals(tmp_path):
    result = run("port", "--smoke", "--dataset=digits", f"--output_dir={tmp_path}")
    assert result.returncode == 0, result.stderr
    with (tmp_path / "smoke" / "port_digits.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["row"] == "as Caffe"
    assert float(rows[0]["cosine"]) == pytest.approx(1.0, abs=1e-5)
    by_name = {row["row"]: row for row in rows}
    assert float(by_name["RGB less means"]["cosine"]) < 0.9999
    assert "random weights" not in by_name
    for flags, message in (
        (["--backbone=lenet"], "expected one data set and the backbone googlenet"),
        (["--dataset=digits,omniglot"], "expected one data set"),
        (["--image_size=48"], "--image_size to be at least 64.*Received: --image_size=48"),
        (["--weights=gone.caffemodel"], "--weights to name a file"),
    ):
        with parsed(*flags), pytest.raises((ValueError, OSError), match=message):
            caffe_port.main()


def test_a_few_photographs_and_a_tiny_network(tmp_path):
    """The measurement on synthetic images: the reference is the network itself."""
    import keras

    from hsm.experiments.studies.port_study import Measurement, measure
    from hsm.models import GoogLeNet

    source = load_source("digits", limit=16)

    def build(is_random):
        keras.utils.set_random_seed(1 + is_random)
        return GoogLeNet((64, 64, 3))

    rows = list(measure(build, Measurement(source.test, 64), with_random=True))
    assert rows[0].gain.difference == 0.0
    assert rows[0].cosine == pytest.approx(1.0, abs=1e-5)
    assert rows[-1].name == "random weights"
    assert rows[-1].cosine is None
    for row in rows:
        assert row.gain.difference == pytest.approx(row.recall[1] - rows[0].recall[1])
