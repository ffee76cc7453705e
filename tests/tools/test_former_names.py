"""Scripts whose work is a command of the package now still do it under their former names."""

from __future__ import annotations

import subprocess
import sys

import prepare_dataset
import pytest
from support.driver_process import ENVIRONMENT, ROOT


def tool(name, *arguments):
    return subprocess.run(
        [sys.executable, ROOT / "tools" / name, *arguments],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=False,
    )


@pytest.mark.parametrize(
    ("former", "flags"),
    [
        (["cars196"], ["--dataset=cars196"]),
        (["--data_dir", "cars196", "cars196"], ["--dataset=cars196", "--data_dir=cars196"]),
        (
            ["cub200", "--data_dir=a b", "--output_dir", "c", "--enc=png"],
            ["--dataset=cub200", "--data_dir=a b", "--output_dir=c", "--encoding=png"],
        ),
    ],
)
def test_former_arguments_are_the_commands_flags(former, flags):
    assert prepare_dataset.translated(former) == flags


def test_a_data_set_is_described():
    done = tool("prepare_dataset.py", "cub200")
    assert (done.returncode, done.stderr) == (0, "")
    assert "https://data.caltech.edu/records/65de6-vp158" in done.stdout


def test_weights_are_refused_as_before():
    done = tool("convert_weights.py", "--input", "a.h5", "--output", "b.weights.h5")
    assert done.returncode == 1
    assert "--input to be a .caffemodel file. Received: --input=a.h5" in done.stderr


def test_help_is_the_commands():
    done = tool("convert_weights.py", "--help")
    assert done.returncode == 0
    assert "Usage: python -m hsm.experiments.convert_weights" in done.stdout
    assert all(f"--{flag}" in done.stdout for flag in ("input", "output", "overwrite"))
