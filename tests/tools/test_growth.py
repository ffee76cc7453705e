"""The growth of time and memory: measured on small sizes, kept, and drawn again from the file."""

from __future__ import annotations

import json

import growth

HEADS = ["--classes=20", "--devices=2"]


def test_sizes_are_measured_kept_and_drawn_again(tmp_path, capsys):
    path, plot = tmp_path / "new" / "growth.json", tmp_path / "plots" / "growth"
    where = [f"--json={path}", f"--plot={plot}"]
    assert growth.main(["--queries=300,1000", "--batch_sizes=", *HEADS, *where]) == 0
    found = json.loads(path.read_text())
    assert [row["queries"] for row in found["recall"]] == [300, 1000]
    assert all(row["seconds"] > 0 and row["bytes"] > 2**24 for row in found["recall"])
    assert (found["classes"][0]["classes"], found["devices"][0]["devices"]) == (20, 2)
    for row in (*found["classes"], *found["devices"]):
        assert row["seconds_a_step"] > 0
        assert row["bytes"] > 2**24
    assert growth.main(["--queries=300,500", "--batch_sizes=", *HEADS, *where]) == 0
    again = json.loads(path.read_text())
    assert again["recall"][:2] == found["recall"]
    assert again["recall"][2]["queries"] == 500
    drawn = plot.with_suffix(".png").read_bytes()
    assert growth.main(["--draw", *where]) == 0
    assert plot.with_suffix(".png").read_bytes() == drawn
    assert str(plot.with_suffix(".pdf")) in capsys.readouterr().out
