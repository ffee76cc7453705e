"""How far a training is: read as it was saved, and refused where it does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.tiny_model import make_trainer

from hsm.training import checkpoint
from hsm.training.progress import read_progress

GOLDEN = Path(__file__).parents[1] / "golden"


def written(tmp_path, change):
    """The golden checkpoint with a progress that `change` was called with."""
    with np.load(GOLDEN / "checkpoint.npz") as archive:
        arrays = dict(archive)
    progress = json.loads(arrays["progress.json"].tobytes())
    change(progress)
    arrays["progress.json"] = np.frombuffer(json.dumps(progress).encode(), np.uint8)
    np.savez(tmp_path / "c.npz", **arrays)
    return tmp_path / "c.npz"


def test_it_is_what_the_training_saved(tmp_path):
    trainer = make_trainer(evaluate=lambda epoch: {"score": epoch, "hits": {"1": "AA=="}})
    trainer.train(3, tmp_path / "c.npz")
    trainer.save(
        tmp_path / "c.npz", {"step": 2, "seconds": 0.5, "totals": vars(trainer.step.totals())}
    )
    progress = read_progress(tmp_path / "c.npz")
    assert progress == checkpoint.read_progress(tmp_path / "c.npz")
    assert progress["epochs"] == trainer.epochs
    assert progress["evaluations"][2] == {"epoch": 3, "score": 3, "hits": {"1": "AA=="}}
    assert progress["interrupted"]["totals"]["steps"] == 4


def test_a_progress_without_preparation_is_an_older_one(tmp_path):
    path = written(tmp_path, lambda progress: progress.pop("preparation_seconds"))
    assert read_progress(path)["epoch"] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.pop("epoch"), "the whole: expected the keys epoch too"),
        (lambda p: p.update(epoch="1"), "epoch: expected a whole number. Received: '1'"),
        (lambda p: p.update(epoch=-1), "epoch: expected a whole number, 0 or more. Received: -1"),
        (lambda p: p["epochs"][0].update(accuracy=17), r"epochs\[0\].accuracy: .*Received: 17"),
        (lambda p: p.update(evaluations=[{"score": 1}]), r"evaluations\[0\]: .* the keys epoch"),
        (lambda p: p.update(evaluations=[{"epoch": 1, "x": float("nan")}]), r"\[0\].x: .* nan"),
        (lambda p: p["schedule"][0].update(alpha=-1), r"schedule\[0\]: expected alpha to be"),
        (lambda p: p["schedule"][0].update(rate=1), r"schedule\[0\]: .*'rate' is not"),
        (lambda p: p.update(interrupted={"step": 1}), "interrupted: expected the keys seconds"),
        (
            lambda p: p.update(interrupted={"step": 1, "seconds": 1, "totals": {"loss": None}}),
            "interrupted.totals.loss: expected a finite number",
        ),
        (lambda p: p.update(interrupted=[]), r"interrupted: expected an object. Received: \[\]"),
    ],
)
def test_a_progress_that_does_not_fit_is_refused_with_its_place(tmp_path, change, message):
    path = written(tmp_path, change)
    with pytest.raises(ValueError, match=rf"c\.npz to say .*{message}.*delete it to train"):
        read_progress(path)
    with pytest.raises(ValueError, match=message):
        make_trainer().restore(path)
