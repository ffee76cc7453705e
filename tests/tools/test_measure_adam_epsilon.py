"""The tool that measures Adam's epsilon: a row for each, of the network that it was asked for."""

from __future__ import annotations

import measure_adam_epsilon
from support.image_factory import photograph


def test_a_row_an_epsilon(tmp_path, capsys):
    for index in range(8):
        folder = tmp_path / f"class_{index // 2}"
        folder.mkdir(exist_ok=True)
        photograph(32, 32, seed=index).save(folder / f"{index}.png")
    arguments = [f"--data_dir={tmp_path}", "--backbone=lenet", "--image_size=28", "--steps=3"]
    assert measure_adam_epsilon.main([*arguments, "--epsilons", "1e-7", "0.1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    # On a slow machine a line on the images that are checked comes before.
    _, _, *rows = lines[lines.index("2 classes, 3 steps, seed 0") :]
    small, large = (row.split() for row in rows)
    assert (small[0], large[0]) == ("1e-07", "0.1")
    # The same network at the start, another one at the end.
    assert small[3] == large[3]
    assert small[4] != large[4]
