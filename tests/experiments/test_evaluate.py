"""The evaluate command: a trained run's scores and pictures, or a sentence."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image
from support.driver_process import run

from hsm import records
from hsm.folder_lock import holding


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """Folder of the run, folder of what was written, and the finished process."""
    folder = tmp_path_factory.mktemp("evaluate")
    result = run("evaluate", "--smoke", f"--output_dir={folder}")
    assert result.returncode == 0, result.stderr
    (model,) = (folder / "smoke" / "runs").iterdir()
    return model, folder, result


def test_scores_are_those_of_the_record(smoke):
    _, folder, result = smoke
    (record,) = records.read_all(folder / "smoke" / "records")
    scores = json.loads((folder / "scores_letters.json").read_text())
    for key, value in record.final.to_json().items():
        if key not in ("epoch", "seconds"):
            assert scores[key] == value
    table = {row["measure"]: float(row["value"]) for row in rows_of(folder / "scores_letters.csv")}
    assert table["R@1"] == pytest.approx(record.final.recall[1], abs=1e-6)
    assert f"{100 * table['R@1']:.2f}" in result.stdout
    assert "64 images of 16 classes" in result.stdout
    assert result.stderr == ""


def test_every_picture_has_the_numbers_behind_it(smoke):
    _, folder, _ = smoke
    for kind in ("gallery", "confusion", "map"):
        assert np.asarray(Image.open(folder / f"{kind}_letters.png")).std() > 10
        assert (folder / f"{kind}_letters.pdf").exists()
    gallery = rows_of(folder / "gallery_letters.csv")
    assert len(gallery) == 3 * 8
    for row in gallery:
        assert (row["class"] == row["neighbour_class"]) == (row["right"] == "1")
    (record,) = records.read_all(folder / "smoke" / "records")
    hits = record.final_hits("1")
    first = {int(row["query"]): row["right"] == "1" for row in gallery if row["place"] == "1"}
    assert first == {query: bool(hits[query]) for query in first}
    drawn = rows_of(folder / "map_letters.csv")
    assert [row["nearest_is_right"] == "1" for row in drawn] == hits.tolist()
    confused = rows_of(folder / "confusion_letters.csv")
    counted = sum(int(r["first_as_second"]) + int(r["second_as_first"]) for r in confused)
    assert 0 < counted <= 64 - hits.sum()


def test_worst_first_on_another_data_set_and_on_training_classes(smoke, tmp_path):
    model, _, _ = smoke
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 40, 40, 3), dtype=np.uint8)
    for name, images in zip(("one", "two", "three"), pixels, strict=True):
        (tmp_path / "noise" / name).mkdir(parents=True)
        for i, image in enumerate(images[: 1 if name == "one" else 4]):
            Image.fromarray(image).save(tmp_path / "noise" / name / f"{i}.png")
    (tmp_path / "noise" / "zwei").mkdir()
    Image.fromarray(pixels[0, 0]).save(tmp_path / "noise" / "zwei" / "0.png")
    Image.fromarray(pixels[0, 1]).save(tmp_path / "noise" / "zwei" / "1.png")
    flags = ("--dataset=image_folder", f"--data_dir={tmp_path / 'noise'}", f"--model={model}")
    result = run("evaluate", *flags, "--show_queries=5", "--neighbours=3", "--worst_first")
    assert result.returncode == 0, result.stderr
    places = [int(r["first_right"]) for r in rows_of(model / "evaluation" / "gallery_noise.csv")]
    assert places == sorted(places, reverse=True)
    assert "two/" in (model / "evaluation" / "gallery_noise.csv").read_text()
    views = ("--confusion=1", "--map=tsne", "--map_points=12")
    train = run("evaluate", f"--model={model}", "--split=train", f"--output_dir={tmp_path}", *views)
    assert train.returncode == 0, train.stderr
    assert len(rows_of(tmp_path / "map_letters_train.csv")) == 12
    assert len(rows_of(tmp_path / "confusion_letters_train.csv")) <= 1
    assert "accuracy" in train.stdout
    assert (tmp_path / "scores_letters_train.json").exists()


def test_a_folder_that_another_process_writes_into_is_refused(smoke, tmp_path):
    with holding(tmp_path):
        result = run("evaluate", f"--model={smoke[0]}", f"--output_dir={tmp_path}")
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: expected no other process to write into {tmp_path}. ")
    assert not list(tmp_path.glob("scores*"))


def test_bad_input_is_a_sentence(smoke, tmp_path):
    model, _, _ = smoke
    (tmp_path / "empty").mkdir()
    folder = ("--dataset=image_folder", f"--model={model}")
    card = json.loads((model / "model.json").read_text())
    card["class_names"][0] = "another"
    (tmp_path / "model.json").write_text(json.dumps(card))
    for flags, sentence in (
        ((), "--model to name the folder of a trained run"),
        ((f"--model={tmp_path / 'empty'}",), "expected the folder of a trained run"),
        ((*folder, f"--data_dir={tmp_path / 'empty'}"), "no picture was found"),
        (folder, "expected --data_dir, a folder that holds"),
        ((f"--model={tmp_path}",), "among the 16 that the run was trained on"),
        ((f"--model={model}", "--dataset=digits,omniglot"), "--dataset to be one data set"),
    ):
        result = run("evaluate", *flags)
        assert result.returncode == 1, flags
        assert sentence in result.stderr
        assert result.stderr.startswith("error: ")
        assert "Traceback" not in result.stderr
