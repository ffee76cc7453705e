"""The command for one's own photographs: folder, plan, training, SavedModel, neighbours."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from absl.testing import flagsaver
from support.flag_parsing import run_table, run_table1
from support.image_factory import encode, photograph, tagged

from hsm.experiments import train
from hsm.experiments.cli import app

CLASSES = ("ant", "bee", "cat", "dog", "emu", "fox")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Six classes of four pictures, one of a single picture, and what is no picture."""
    root = tmp_path_factory.mktemp("own") / "photos"
    for place, name in enumerate(CLASSES):
        (root / name).mkdir(parents=True)
        for number in range(4):
            picture = photograph(30 + number, 40, seed=10 * place + number)
            (root / name / f"{number}.jpg").write_bytes(encode(picture, "JPEG"))
    (root / "ant" / "0.jpg").write_bytes(tagged(photograph(30, 40), "JPEG", 6))
    (root / "gnu").mkdir()
    (root / "gnu" / "only.jpg").write_bytes(encode(photograph(), "JPEG"))
    (root / "ant" / "notes.txt").write_text("no picture")
    return root


@pytest.fixture
def start(capsys):
    """Start the command in this process; returns its exit code and what it printed."""

    def started(*arguments):
        code = run_table(train, *arguments)
        captured = capsys.readouterr()
        return code, " ".join(captured.out.split()), " ".join(captured.err.split())

    return started


def test_from_a_folder_to_a_model_that_runs_without_hsm(photos, tmp_path, capsys):
    flags = (f"--data_dir={photos}", "--smoke", "--method=BN", f"--output_dir={tmp_path}")
    code = run_table(train, *flags)
    output, errors = capsys.readouterr()
    assert code == 0, errors
    text = " ".join(output.split())
    for said in (
        "photos: 25 images of 7 classes; the smallest class has 1 (gnu), the median 4, the largest",
        "shorter sides: 30 to 43 pixels",
        "left out, files that are no pictures: ant/notes.txt",
        "excluded, of one image: 1 test classes",
        "turned upright as an EXIF tag says: 1 image",
        "7 classes train, 25 images: ant, bee, cat, dog, emu, fox, gnu",
        "no class is held out",
        "24 images of 6 classes that trained have one of their own class nearest",
        "These classes were trained on",
        f"Neighbours: {tmp_path / 'smoke' / 'gallery_photos.png'}",
    ):
        assert said in text
    assert (tmp_path / "smoke" / "gallery_photos.png").is_file()
    assert "WARNING" not in text
    (record,) = (tmp_path / "smoke" / "records").glob("*.json")
    content = json.loads(record.read_text())
    assert (content["config"]["split"], content["config"]["validation_classes"]) == ("all", 0.0)
    assert content["data"]["test_images_that_train"] == 24
    lines = output.rstrip().splitlines()[-3:]
    program = ["import sys", "sys.modules['hsm'] = None", *lines, "print(vector.shape)"]
    used = subprocess.run(
        [sys.executable, "-c", "\n".join(program)], capture_output=True, text=True, cwd=tmp_path
    )
    assert used.stdout.strip() == "(16,)", used.stderr


def test_held_out_classes_are_scored_and_never_train(photos, tmp_path, start):
    code, text, errors = start(
        *(f"--data_dir={photos}", "--smoke", "--validation_classes=2", "--early_stopping=1"),
        *("--epochs=2", "--batch_size=8", f"--output_dir={tmp_path}"),
    )
    assert code == 0, errors
    assert "5 classes train, 17 images: ant, cat, dog, fox, gnu" in text
    assert "2 classes are held out, never trained on, and scored, 8 images: bee, emu" in text
    assert "8 images of 2 held-out classes have one of their own class nearest" in text
    assert "The epoch was chosen on these very classes" in text
    (record,) = (tmp_path / "smoke" / "records").glob("*.json")
    assert json.loads(record.read_text())["config"]["validation_classes"] == 2.0
    (card,) = (tmp_path / "smoke" / "runs").glob("*/model.json")
    assert json.loads(card.read_text())["class_names"] == ["ant", "cat", "dog", "fox", "gnu"]
    card = json.loads((tmp_path / "smoke" / "saved_model" / "model_card.json").read_text())
    assert card["scores"]["notes"][0].startswith("The epoch was chosen on the very classes")
    assert card["data"]["train"] == {"images": 17, "classes": 5}


def test_a_network_of_keras_by_its_name(photos, tmp_path, start):
    code, text, errors = start(
        *(f"--data_dir={photos}", "--smoke", "--backbone=keras:MobileNetV3Small", "--limit=8"),
        *("--image_size=32", "--batch_size=8", f"--output_dir={tmp_path}"),
    )
    assert code == 0, errors
    assert "NOTE: keras:MobileNetV3Small starts from random weights" in text
    assert "2 classes train, 8 images: ant, bee" in text
    assert (tmp_path / "smoke" / "saved_model" / "saved_model.pb").is_file()


def test_the_dry_run_trains_nothing(photos, tmp_path, start):
    code, text, errors = start(
        *(f"--data_dir={photos}", "--dry_run", "--smoke", "--validation_classes=0.3"),
        *("--limit=8", f"--output_dir={tmp_path}"),
    )
    assert code == 0, errors
    assert "limit 8" in text
    assert "2 epochs to train" in text
    assert "NOTE" not in text  # The small network has no pretrained weights.
    assert not (tmp_path / "smoke").exists()


def test_tables_take_a_limit(capsys, tmp_path):
    assert (
        run_table1("--dataset=digits", "--limit=20", "--dry_run", f"--output_dir={tmp_path}") == 0
    )
    assert "limit 20" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "python -m hsm.experiments.train photos/"),
        (
            ["--data_dir=gone"],
            "expected --data_dir to be a folder with one folder of images a class",
        ),
        (["--data_dir={photos}/ant/0.jpg"], "which is not a folder"),
        (["--data_dir={one}"], "at least two training classes with usable images. Received: 1"),
        (
            ["--data_dir={photos}", "--output_dir={photos}/ant"],
            "--output_dir outside of photographs",
        ),
        (["--data_dir={photos}", "--output_dir={photos}"], "--output_dir outside of photographs"),
        (["--data_dir={photos}", "--output_dir={done}"], "exists already. Add --overwrite"),
        (
            ["--data_dir={photos}", "--output_dir={odd}", "--overwrite"],
            "expected a SavedModel or nothing in its place",
        ),
        (["--data_dir={photos}", "--early_stopping=2"], "Add --validation_classes=N"),
        (["--data_dir={photos}", "--validation_classes=1"], "a whole number of at least 2"),
        (["--data_dir={photos}", "--validation_classes=6"], "Hold out 5 at most"),
        (
            ["--data_dir={photos}", "--train_classes=x"],
            "--train_classes only where the classes are divided",
        ),
        (["--data_dir={photos}", "--method=pretrained"], "--method to be one of SM, LN,"),
        (["--data_dir={photos}", "--backbone=ResNet50"], "is written --backbone=keras:ResNet50"),
        (["--dataset=digits,letters"], "--dataset to be one data set"),
    ],
)
def test_what_is_wrong_gets_a_sentence(photos, tmp_path, start, arguments, message):
    one = tmp_path / "one" / "only"
    one.mkdir(parents=True)
    (one / "a.png").write_bytes(encode(photograph(), "PNG"))
    (tmp_path / "done" / "saved_model").mkdir(parents=True)
    (tmp_path / "done" / "saved_model" / "saved_model.pb").touch()
    (tmp_path / "odd" / "saved_model").mkdir(parents=True)
    places = {name: str(tmp_path / name) for name in ("one", "done", "odd")}
    small = ["--backbone=lenet", "--image_size=28", f"--output_dir={tmp_path / 'new'}"]
    code, text, errors = start(
        *small, *(argument.format(photos=photos, **places) for argument in arguments)
    )
    assert (code, text) == (1, "")
    assert message in errors
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["photos", "--data_dir=other"], "'photos', which stands for --data_dir=photos, and"),
        (["photos", "others"], "the argument 'others'"),
    ],
)
def test_a_folder_is_named_once(capsys, arguments, message):
    with flagsaver.flagsaver(), pytest.raises(SystemExit) as end:
        app._parse(["train", *arguments], train.main, "hsm.experiments.train", "")
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_the_folder_needs_no_name_of_a_flag(capsys):
    with flagsaver.flagsaver():
        app._parse(["train", "photos", "--seed=3"], train.main, "hsm.experiments.train", "")
        assert (train.FLAGS.data_dir, train.FLAGS.seed) == ("photos", 3)
    with pytest.raises(SystemExit):
        app._parse(["train", "--help"], train.main, "hsm.experiments.train", "")
    shown = " ".join(capsys.readouterr().out.split())
    assert "Usage: python -m hsm.experiments.train [DATA_DIR] [--flag=value ...]" in shown
    assert "Written without its name, too" in shown
