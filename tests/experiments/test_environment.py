"""The real command in shells that would change a run: the same numbers, or a refusal in words."""

from __future__ import annotations

import json
import re

import pytest
from support.driver_process import run

# Each of these once changed numbers, ended a run after its training, or drew other pictures.
KERAS = {
    "floatx": "float16",
    "epsilon": 0.5,
    "backend": "jax",
    "image_data_format": "channels_first",
}
STYLE = "text.usetex: True\nfont.size: 30\naxes.facecolor: red\nsavefig.format: jpg\n"
HOSTILE = {
    "KERAS_BACKEND": "torch",
    "KERAS_MAX_EPOCHS": "1",
    "MPLBACKEND": "module://a_notebooks.backend",
    "TF_NUM_INTRAOP_THREADS": "7",
    "TF_NUM_INTEROP_THREADS": "none",
    "TF_USE_LEGACY_KERAS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "7",
    # Latin letters alone, as in many a batch system.
    "LC_ALL": "C",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONIOENCODING": "ascii",
    "PYTHONUTF8": "0",
}


def table1(output, **options):
    flags = ("--smoke", "--dataset=digits", "--methods=BN", "--heated_epochs=0", "--threads=1")
    return run("table1", *flags, f"--output_dir={output}", **options)


def record_of(output):
    (path,) = output.glob("smoke/records/*.json")
    return json.loads(path.read_text())


def numbers(record):
    """All that was measured, without what it took."""
    text = json.dumps([record["epochs"], record["evaluations"], record["hits"], record["config"]])
    return re.sub(r'"(seconds|images_per_second)": [\d.e+-]+', "", text)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """What the command leaves in a shell of no settings."""
    output = tmp_path_factory.mktemp("plain")
    result = table1(output, variables={"KERAS_HOME": str(output / "keras"), "MPLBACKEND": ""})
    assert result.returncode == 0, result.stderr
    return output


def test_a_hostile_shell_changes_neither_numbers_nor_pictures(plain, tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps(KERAS))
    (tmp_path / "matplotlibrc").write_text(STYLE)
    result = table1(
        tmp_path / "out", cwd=tmp_path, variables={**HOSTILE, "KERAS_HOME": str(tmp_path)}
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "out/smoke/report.html").exists()
    assert numbers(record_of(tmp_path / "out")) == numbers(record_of(plain))
    for name in ("learning_curves_digits.png", "table1.md"):
        found, expected = (folder / "smoke" / name for folder in (tmp_path / "out", plain))
        assert _without_times(found) == _without_times(expected), name


def _without_times(path):
    return re.sub(rb"[\d.]+( to [\d.]+)? minutes", b"", path.read_bytes())


def test_the_record_tells_the_environment(plain, tmp_path):
    environment = record_of(plain)["provenance"]["environment"]
    assert (environment["intra_op_threads"], environment["inter_op_threads"]) == (1, 1)
    assert environment["keras"]["backend"] == "tensorflow"
    assert environment["keras"]["image_data_format"] == "channels_last"
    assert environment["variables"].keys().isdisjoint({"KERAS_HOME", "HOME", "PATH"})


@pytest.mark.parametrize("settings", ["[]", '{"floatx": "float8"}'])
def test_settings_of_keras_that_it_cannot_read_are_refused(tmp_path, settings):
    file = tmp_path / "keras.json"
    file.write_text(settings)
    result = table1(tmp_path / "out", variables={"KERAS_HOME": str(tmp_path)})
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("error: expected Keras to be imported. Received: ")
    assert f"Mend or delete its settings in {file}" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_that_hides_a_package_of_keras_is_told(tmp_path):
    (tmp_path / "jax").mkdir()
    result = table1(tmp_path / "out", cwd=tmp_path)
    assert result.returncode == 1
    assert f"if one named jax, torch or tensorflow lies in {tmp_path}" in result.stderr
    assert "Traceback" not in result.stderr


def test_flags_that_end_tensorflow_are_refused(tmp_path):
    result = table1(tmp_path / "out", variables={"TF_XLA_FLAGS": "--no_such_flag"})
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "error: expected flags that TensorFlow knows. Received: TF_XLA_FLAGS='--no_such_flag': "
        "Unknown flag in TF_XLA_FLAGS: --no_such_flag. Mend or unset them.\n"
    )
    assert not (tmp_path / "out").exists()
