"""From folders and a model to a table, a sheet and files, as a user types it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.driver_process import run
from support.image_factory import encode, photograph
from support.served_model import small_model

from hsm.export import export_saved_model


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with an exported model and photographs."""
    root = tmp_path_factory.mktemp("user")
    export_saved_model(small_model(), root / "results" / "saved_model")
    for number in range(6):
        folder = root / "photos" / ("jay", "wren")[number // 3]
        folder.mkdir(parents=True, exist_ok=True)
        content = encode(photograph(40 + 9 * number, 50, seed=number), "JPEG")
        (folder / f"{number}.jpg").write_bytes(content)
    (root / "photos" / "wren" / "bad.jpg").write_bytes(b"bad")
    (root / "query.png").write_bytes(encode(photograph(41, 50), "PNG"))
    return root


def test_search_builds_updates_and_answers(place):
    flags = ("--nearest=3", "--calibrate=jay", "--false_accept_rate=0.4", "--sheet=like.png")
    first = run("search", "query.png", "photos/jay/0.jpg", "--add=photos", *flags, cwd=place)
    assert first.returncode == 0, first.stderr
    assert "photos: 6 added, 0 replaced, 0 removed, 0 unchanged; 6 in photos.index" in first.stdout
    assert "Skipped 1: " in first.stdout
    assert "bad.jpg: cannot be decoded" in first.stdout
    assert "% of 3 images of 1 classes have one of another class within it" in first.stdout
    assert "\n   1  0." in first.stdout
    # What is looked up does not find itself.
    second_block = first.stdout.split("photos/jay/0.jpg\n")[-1]
    assert "0.0000" not in second_block
    assert (place / "like.png").read_bytes().startswith(b"\x89PNG")
    again = run("search", "query.png", "--add=photos", "--json", "--label=wren",
                "--sheet=like.html", cwd=place)  # fmt: skip
    said = json.loads(again.stdout)
    assert "6 unchanged" in again.stderr
    assert said["items"] == 6
    assert said["threshold"] > 0
    (query,) = said["queries"]
    assert [near["label"] for near in query["neighbours"]] == ["wren"] * 3
    assert "Nearest to query.png" in (place / "like.html").read_text()


def test_embed_writes_vectors_and_the_projector(place):
    done = run("embed", "photos", "query.png", "--on_bad_image=skip", "--vectors=v.npz",
               "--projector=look", cwd=place)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "7 vectors of 16 numbers: v.npz" in done.stdout
    arrays = np.load(place / "v.npz")
    assert arrays["vectors"].shape == (7, 16)
    assert arrays["labels"].tolist() == ["jay"] * 3 + ["wren"] * 3 + [""]
    assert arrays["ids"][0] == "photos/jay/0.jpg"
    assert (place / "look" / "sprite.png").exists()
    assert len((place / "look" / "metadata.tsv").read_text().splitlines()) == 8
    stopped = run("embed", "photos", "--vectors=w.npz", cwd=place)
    assert stopped.returncode == 1
    assert "bad.jpg: cannot be decoded" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert not (place / "w.npz").exists()


@pytest.mark.parametrize(
    ("driver", "flags", "words"),
    [
        ("search", [], "expected a photograph to look up, or --add=FOLDER"),
        (
            "search",
            ["q.png", "--index=no.index"],
            "--index=no.index, which does not exist. Build it",
        ),
        ("search", ["--add=no", "--index=no.index"], "folder of photographs. Received: --add=no"),
        ("search", ["q.png", "--model=no"], "--model=no, which does not exist"),
        ("search", ["q.png", "--sheet=a.doc"], "a file *.png, *.pdf, *.html"),
        ("search", ["--add=photos", "--sheet=a.png"], "and no photograph"),
        ("embed", ["--vectors=a.npz"], "expected photographs. Received: none"),
        ("embed", ["photos"], "expected --vectors=FILE or --projector=FOLDER"),
        ("embed", ["photos", "--vectors=a.csv"], "a file *.npz or *.parquet"),
    ],
)
def test_mistakes_are_said_in_words(place, driver, flags, words):
    done = run(driver, *flags, cwd=place)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (place / "no.index").exists()
