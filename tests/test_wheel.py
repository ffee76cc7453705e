"""The built wheel, unpacked elsewhere: what an error tells its user to type is in it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from hsm.data.sources import load_source

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The folder that the wheel was unpacked into."""
    folder = tmp_path_factory.mktemp("wheel")
    # Without traces in the repository.
    places = {"egg_info": "--egg-base", "build": "--build-base", "bdist_wheel": "--dist-dir"}
    steps = []
    for step, option in places.items():
        (folder / step).mkdir()
        steps += [step, f"{option}={folder / step}"]
    command = [sys.executable, "setup.py", "--quiet", *steps, f"--bdist-dir={folder / 'bdist'}"]
    # Older setuptools warn of their own place of bdist_wheel.
    environment = {**os.environ, "PYTHONWARNINGS": "default"}
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=environment)
    (archive,) = (folder / "bdist_wheel").glob("*.whl")
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def python(wheel, tmp_path):
    """A function that runs Python as where the wheel is installed, in another folder."""
    environment = {**os.environ, "PYTHONPATH": str(wheel), "TF_CPP_MIN_LOG_LEVEL": "3"}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def typed(text: str) -> list[str]:
    """The arguments of the command that a text says to type."""
    command = re.search(r"`python (-m [^`]+)`", text)
    assert command, text
    return shlex.split(command.group(1))


def test_it_is_the_wheel_that_is_imported(python, wheel):
    place = python("-c", "import hsm; print(hsm.__file__)").stdout.strip()
    assert Path(place) == wheel / "hsm" / "__init__.py"


def test_it_holds_no_tools_and_no_tests(wheel):
    assert {path.name.split("-")[0] for path in wheel.iterdir()} == {"hsm", "hsm_embedding"}


def test_it_holds_the_letters_and_their_licences(python, wheel):
    folder = wheel / "hsm" / "data" / "letters"
    names = ("LICENSE_DEJAVU", "LICENSE_STIX", "letters.npz")
    assert {path.name for path in folder.iterdir()} == set(names)
    code = "from hsm.data.sources import load_source; print(load_source('letters').checksum())"
    here = load_source("letters").checksum()
    assert python("-c", code).stdout.split()[-1] == here


@pytest.mark.parametrize("name", ["prepare", "convert_weights"])
def test_help_is_answered(python, name):
    done = python("-m", f"hsm.experiments.{name}", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Usage: python -m hsm.experiments.{name}" in done.stdout


def test_what_the_error_of_missing_data_says_to_type_says_where_they_are(python, tmp_path):
    (tmp_path / "empty").mkdir()
    done = python("-m", "hsm.experiments.table1", "--dataset=cub200", "--cub200_dir=empty")
    assert done.returncode == 1
    described = python(*typed(done.stderr))
    assert (described.returncode, described.stderr) == (0, "")
    assert "https://data.caltech.edu/records/65de6-vp158" in described.stdout


def test_what_the_error_of_weights_without_names_says_to_type_is_there(python, tmp_path):
    import h5py

    h5py.File(tmp_path / "empty.weights.h5", "w").close()
    flags = ("--dataset=digits", "--backbone=googlenet", "--image_size=64", "--methods=SM")
    done = python("-m", "hsm.experiments.table1", *flags, "--weights=empty.weights.h5")
    assert done.returncode == 1
    assert python(*typed(done.stderr), "--help").returncode == 0
