"""The projector's files: as many rows as images, and every picture where its row says."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from hsm.visual.projector import sprite, write_projector


def test_files_fit_together(tmp_path):
    generator = np.random.default_rng(0)
    embeddings = generator.normal(size=(5, 3)).astype(np.float32)
    pictures = generator.integers(0, 256, (5, 4, 4, 3), dtype=np.uint8)
    names = [("a\tb", "x/1.jpg"), ("c\nd", "2"), ("é", "3"), ("\udcff", "4"), ("e", "5")]
    write_projector(tmp_path / "run", embeddings, names, pictures)
    read = np.loadtxt(tmp_path / "run" / "vectors.tsv", delimiter="\t")
    np.testing.assert_allclose(read, embeddings, rtol=1e-5)
    rows = (tmp_path / "run" / "metadata.tsv").read_text(encoding="utf-8").splitlines()
    assert rows == ["class\timage", "a b\tx/1.jpg", "c d\t2", "é\t3", "?\t4", "e\t5"]
    image = np.asarray(Image.open(tmp_path / "run" / "sprite.png"))
    assert image.shape == (12, 12, 3)
    for i in range(5):
        row, column = divmod(i, 3)
        place = image[4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        np.testing.assert_array_equal(place, pictures[i])
    config = (tmp_path / "run" / "projector_config.pbtxt").read_text()
    assert config.count("single_image_dim: 4") == 2
    for file in ("vectors.tsv", "metadata.tsv", "sprite.png"):
        assert f'path: "{file}"' in config


def test_a_sprite_larger_than_the_projector_takes_is_refused():
    with pytest.raises(ValueError, match="8192 pixels a side. Received: 5 pictures of 3000 pixels"):
        sprite(np.broadcast_to(np.uint8(0), (5, 3000, 3000, 3)))
