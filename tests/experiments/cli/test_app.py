"""Command lines: --help at once, bad flags as a sentence, no traceback."""

from __future__ import annotations

import codecs
import subprocess
import sys

import pytest
from support.driver_process import ENVIRONMENT, ROOT, run

from hsm.experiments import export  # noqa: F401 - defines its flags
from hsm.experiments.cli import app, run_flags


@pytest.mark.parametrize("driver", ["table1", "export"])
def test_help_lists_every_flag_and_exits_with_0(driver):
    result = run(driver, "--help")
    assert result.returncode == 0
    assert result.stderr == ""
    owners = {
        "table1": ["cli.data_flags", "cli.run_flags", "cli.hyperparameter_flags"],
        "export": ["export", "cli.model_flag"],
    }
    defined = run_flags.FLAGS.flags_by_module_dict()
    modules = [f"hsm.experiments.{name}" for name in (*owners[driver], "cli.app")]
    assert all(defined[module] for module in modules)
    for flag in (flag for module in modules for flag in defined[module]):
        assert f"--{flag.name}" in result.stdout
        if flag.default is None:
            assert "Default:" in flag.help, f"--{flag.name} does not say what its default is"
        else:
            assert f"--{flag.name} (default: " in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


@pytest.mark.parametrize("driver", ["table1", "export"])
def test_help_needs_no_tensorflow(driver):
    program = (
        "import sys, runpy\n"
        f"sys.argv = ['{driver}', '--help']\n"
        "try:\n"
        f"    runpy.run_module('hsm.experiments.{driver}', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    print('EXIT', end.code, 'tensorflow' in sys.modules, 'keras' in sys.modules)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=ENVIRONMENT,
        check=False,
    )
    assert result.stdout.splitlines()[-1] == "EXIT 0 False False"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--flagfile=gone.cfg"], 2, "gone.cfg"),
        (
            ["--dataset=digits", "--inshop_dir=x"],
            1,
            "expected --inshop_dir only where --dataset names inshop",
        ),
        (["--alpha=warm"], 2, "--alpha=warm: could not convert string to float"),
        (["--no_such_flag=1"], 2, "Unknown command line flag 'no_such_flag'"),
        (["digits"], 2, "expected flags written --name=value. Received: the argument 'digits'"),
        (["--optimizer=lamb"], 2, "value should be one of <sgd|adam>"),
        (["--methods=SM,XX"], 1, "--methods to be one or several of pretrained, SM, LN,"),
        (["--dataset=imagenet"], 1, "--dataset to be one or several of digits, letters,"),
        (["--seeds="], 1, "--seeds to be whole numbers separated by commas"),
        (["--seeds=-1"], 1, "expected seed to be in 0..2**32 - 1. Received: seed=-1"),
        (["--backbone=vgg"], 1, "be one of googlenet, inception_v1"),
        (["--seeds=one"], 1, "--seeds to be whole numbers separated by commas"),
        (["--alpha=-1"], 1, "a positive finite number. Received: alpha=-1.0"),
        (["--weights=gone.h5"], 1, "--weights to name a file. Received: --weights=gone.h5"),
        (["--methods=pretrained"], 1, "expected --weights, or a .keras file"),
        (
            ["--backbone=no/net.keras"],
            1,
            "--backbone to name a file. Received: --backbone=no/net.keras",
        ),
        (
            ["--backbone=googlenet", "--weights=imagenet"],
            1,
            "googlenet: expected weights=imagenet with keras: networks only, such as",
        ),
        (
            ["--dataset=omniglot,image_folder", "--data_dir=x"],
            1,
            "--data_dir to be image_folder's folder, in which every folder is a class",
        ),
    ],
)
def test_a_wrong_flag_gets_a_sentence(arguments, code, message):
    result = run("table1", *arguments)
    assert (result.returncode, result.stdout) == (code, "")
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_folder_without_classes_is_named(tmp_path):
    result = run("table1", "--dataset=image_folder", f"--data_dir={tmp_path}", "--dry_run")
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {tmp_path}: expected one folder a class")


def test_a_file_as_output_folder_gets_a_sentence(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    result = run("table1", f"--output_dir={file}")
    assert result.returncode == 1
    assert "--output_dir to be a folder" in result.stderr


def test_a_given_flag_wins_over_smoke(tmp_path):
    result = run(
        "table1", "--smoke", "--epochs=3", "--methods=SM", "--dry_run", f"--output_dir={tmp_path}"
    )
    assert "epochs 3, heated_epochs 1" in " ".join(result.stdout.split())
    assert "4 epochs to train" in result.stdout


def test_a_missing_folder_gets_a_sentence_and_nothing_is_trained(tmp_path):
    result = run("table1", "--dataset=image_folder", "--data_dir=gone", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout == ""
    assert "gone" in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_traceback_on_request():
    assert "Traceback" in run("table1", "--methods=XX", "--traceback").stderr


def test_a_console_that_lacks_a_sign_gets_a_plain_one():
    codecs.register_error("plain_signs", app._plain_signs)
    text = "HBN − BN: α 16 → 4, ±0.3 … ﬂ Ж"
    assert text.encode("ascii", "plain_signs").decode() == (
        "HBN - BN: alpha 16 -> 4, +/-0.3 ... \\ufb02 \\u0416"
    )
    assert text.encode("utf-8", "plain_signs").decode() == text
