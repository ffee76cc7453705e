"""Of a GIF the first frame alone is decoded, whatever follows it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from hsm.data import images
from hsm.serving import decoding
from hsm.serving.gif import first_frame
from hsm.serving.inputs import Item


def animated(frames=3, local=False):
    rng = np.random.default_rng(0)
    pictures = [
        Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)) for _ in range(frames)
    ]
    if local:
        pictures = [picture.quantize(16 + 16 * i) for i, picture in enumerate(pictures)]
    file = io.BytesIO()
    pictures[0].save(
        file, "GIF", save_all=True, append_images=pictures[1:], loop=0, comment=b"x" * 600
    )
    return file.getvalue()


@pytest.mark.parametrize("local", [False, True])
def test_the_first_frame_stays_and_the_others_go(local):
    whole = animated(local=local)
    cut = first_frame(whole)
    with Image.open(io.BytesIO(whole)) as before, Image.open(io.BytesIO(cut)) as after:
        assert (before.n_frames, after.n_frames) == (3, 1)
    assert len(cut) < len(whole) / 2
    np.testing.assert_array_equal(
        images.decode(cut, max_pixels=2400), images.decode(whole, max_pixels=2400)
    )


def test_a_single_frame_stays_as_it_is():
    whole = animated(1)
    assert first_frame(whole) == whole


@pytest.mark.parametrize("cut", range(0, 900, 7))
def test_what_ends_before_its_first_frame_stays_as_it_is(cut):
    whole = animated(1)[:900]
    assert first_frame(whole[:cut]) == whole[:cut]


def test_other_files_stay_as_they_are():
    for content in (b"", b"GIF8", b"\x89PNG\r\n", b"GIF89a" + b"\xff" * 40):
        assert first_frame(content) == content


def test_files_are_cut_however_they_are_given(tmp_path, monkeypatch):
    path = tmp_path / "many.gif"
    path.write_bytes(animated())
    decoded = []
    monkeypatch.setattr(decoding, "first_frame", lambda c: decoded.append(c) or first_frame(c))
    batch = [Item("sent", path.read_bytes()), Item("read", path)]
    found = decoding.decode(batch, 28, max_pixels=2400)
    assert decoded == [path.read_bytes()] * 2
    np.testing.assert_array_equal(found.pixels[0], found.pixels[1])
    gone = decoding.decode([Item("gone", tmp_path / "none.gif")], 28, max_pixels=2400)
    assert "cannot be read" in gone.reasons[0]
