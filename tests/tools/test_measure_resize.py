"""Resizing differs from Pillow's where the filter overshoots, and nowhere else."""

from __future__ import annotations

import measure_resize
import pytest
from PIL import Image
from support.image_factory import photograph


def test_only_saturated_edges_differ_by_more_than_one_level(tmp_path, capsys):
    photograph(430, 610).point(lambda value: 64 + value // 2).save(tmp_path / "a.jpg")
    found = measure_resize.measure([tmp_path / "a.jpg"])
    assert (found.photographs, found.share) == (1, 0)
    assert found.levels <= 1
    edges = Image.new("RGB", (610, 430), "white")
    for place in range(0, 400, 40):
        edges.paste("black", (place, place, place + 25, place + 25))
    edges.save(tmp_path / "b.jpg", quality=100, subsampling=0)
    found = measure_resize.measure([tmp_path / "b.jpg"])
    assert found.levels > 1
    assert 0 < found.share < 0.05
    measure_resize.main([str(tmp_path)])
    assert capsys.readouterr().out.startswith(f"2 photographs: at most {found.levels} levels; ")


def test_photographs_that_are_resized_already_are_none(tmp_path):
    photograph(256, 256).save(tmp_path / "a.jpg")
    with pytest.raises(ValueError, match="expected photographs of another size"):
        measure_resize.measure([tmp_path / "a.jpg"])
