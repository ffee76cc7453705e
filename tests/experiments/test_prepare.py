"""The command as it is called: descriptions, checks, copies, one sentence for every error."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from support import archive_factory as archive
from support.flag_parsing import run_table

from hsm.data.catalog import CATALOG, Archive
from hsm.data.sources import benchmark
from hsm.experiments import prepare


def run(*arguments):
    return run_table(prepare, *arguments)


@pytest.fixture
def root(tmp_path, monkeypatch):
    archive.replace_expected("cars196", archive.BY_CLASS, monkeypatch)
    return archive.cars_two_files(tmp_path / "cars")


@pytest.mark.parametrize("name", benchmark.NAMES)
def test_it_says_what_to_get_and_from_where(name, capsys):
    assert run(f"--dataset={name}") == 0
    text = capsys.readouterr().out
    for address in CATALOG[name].addresses:
        assert address in text
    for expected in CATALOG[name].expected.values():
        assert f"train {expected.train}; test {expected.test}" in text.replace("\n  ", " ")
    for known in CATALOG[name].archives:
        assert f"{known.file}  {known.checksum}" in text


def test_by_itself_it_says_it_of_every_data_set(capsys):
    assert run() == 0
    text = capsys.readouterr().out
    assert all(f"{name}: {CATALOG[name].summary.split()[0]}" in text for name in benchmark.NAMES)


def test_it_says_which_addresses_of_cars_are_dead(capsys):
    run("--dataset=cars196")
    assert "dead since 2023: everything below ai.stanford.edu" in capsys.readouterr().out


def test_it_checks_counts(root, capsys):
    assert run("--dataset=cars196", f"--data_dir={root}") == 0
    assert "12 images; every count is right" in capsys.readouterr().out


def test_it_checks_archives_that_lie_there(root, capsys, monkeypatch):
    (root / "cars_train.tgz").write_bytes(b"content")
    known = Archive("cars_train.tgz", f"md5:{hashlib.md5(b'content').hexdigest()}")
    monkeypatch.setitem(CATALOG, "cars196", replace(CATALOG["cars196"], archives=(known,)))
    assert run("--dataset=cars196", f"--data_dir={root}") == 0
    assert "cars_train.tgz: checksum as published" in capsys.readouterr().out
    (root / "cars_train.tgz").write_bytes(b"half")
    assert run("--dataset=cars196", f"--data_dir={root}") == 1
    error = capsys.readouterr().err
    assert "error: " in error
    assert "cars_train.tgz: expected the md5 9a0364b9e99bb480dd25e1f0284c8555" in error


def test_it_copies_and_then_checks_the_copy(root, tmp_path, capsys):
    arguments = ["--dataset=cars196", f"--data_dir={root}", f"--output_dir={tmp_path / 'small'}"]
    assert run(*arguments) == 0
    assert "12 images, 0.00 GB; it is complete" in capsys.readouterr().out
    assert run(*arguments) == 0
    assert run("--dataset=cars196", f"--data_dir={tmp_path / 'small'}") == 0
    assert "every file of this copy has its checksum" in capsys.readouterr().out
    archive.assert_labels(benchmark.load("cars196", str(tmp_path / "small")))


def test_the_same_command_mends_a_copy(root, tmp_path, capsys):
    copy = tmp_path / "small"
    arguments = ["--dataset=cars196", f"--data_dir={root}", f"--output_dir={copy}"]
    assert run(*arguments) == 0
    (path,) = copy.glob("*.array_record")
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert run("--dataset=cars196", f"--data_dir={copy}") == 1
    assert "00000-of-00001.array_record: expected the SHA-256" in capsys.readouterr().err
    assert run(*arguments) == 0
    assert run("--dataset=cars196", f"--data_dir={copy}") == 0


@pytest.mark.parametrize("options", [[], ["--output_dir=small"]])
def test_errors_are_sentences(options, tmp_path, capsys):
    assert run("--dataset=products", f"--data_dir={tmp_path}", *options) == 1
    output = capsys.readouterr()
    assert output.err.startswith("error: expected --data_dir to be the folder of data set produ")
    assert "Traceback" not in output.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset=digits"], "--dataset to be one or several of cars196, cub200, products, ins"),
        (
            ["--data_dir=x"],
            "--dataset to be one data set with --data_dir. Received: --dataset=cars",
        ),
        (["--dataset=cub200", "--output_dir=small"], "expected the original as --data_d"),
    ],
)
def test_wrong_flags_get_a_sentence(arguments, message, capsys):
    assert run(*arguments) == 1
    assert message in capsys.readouterr().err


def test_an_interrupt_says_how_to_go_on(root, tmp_path, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("hsm.data.sources.prepare.write_copy", interrupt)
    arguments = ["--dataset=cars196", f"--data_dir={root}", f"--output_dir={tmp_path / 'small'}"]
    assert run(*arguments) == 130
    assert (
        "interrupted; finished shards are kept: the same command goes on from there"
        in capsys.readouterr().err
    )
