"""A disk that is full before or while a run trains: a sentence, and nothing that is lost."""

from __future__ import annotations

import errno
import re
import resource
import shutil
import signal
from collections import namedtuple
from dataclasses import replace

import pytest
from support.small_disk import run_on

from hsm.experiments.config import RunConfig
from hsm.experiments.runs import build, room
from hsm.experiments.runs.runner import Runner
from hsm.experiments.runs.workspace import Workspace

_Usage = namedtuple("_Usage", "total used free")
SIZES = {("convnet", 28): (200_000, 128)}


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


def check(folder, source, *configs):
    room.check(Workspace(folder), [(source, configs)], SIZES)


def disk_of(monkeypatch, free):
    monkeypatch.setattr(shutil, "disk_usage", lambda place: _Usage(free, 0, free))


def test_room_for_the_missing_checkpoints_is_asked_for(
    tmp_path, few_digits, quick_config, monkeypatch
):
    disk_of(monkeypatch, 18_000_000)
    with pytest.raises(
        OSError, match=r"expected about 22 MB of room for 2 .*results, on whose disk 18 MB are free"
    ):
        check(tmp_path / "results", few_digits, quick_config)
    with pytest.raises(OSError, match=r"about 23 MB of room for 3 checkpoints"):
        check(tmp_path / "results", few_digits, quick_config, replace(quick_config, method="HBN"))
    Workspace(tmp_path / "results").checkpoint(quick_config).parent.mkdir(parents=True)
    Workspace(tmp_path / "results").checkpoint(quick_config).touch()
    with pytest.raises(OSError, match=r"about 20 MB of room for 1 checkpoints"):
        check(tmp_path / "results", few_digits, quick_config)
    disk_of(monkeypatch, 30_000_000)
    check(tmp_path / "results", few_digits, quick_config)


def test_the_estimate_is_that_of_the_checkpoint(tmp_path, few_digits, quick_config, monkeypatch):
    workspace = Workspace(tmp_path)
    runner = Runner(few_digits, workspace, report=lambda line: None)
    runner.run(quick_config)
    backbone = build.build_initial_backbone(quick_config, runner.initial_weights)
    sizes = {("convnet", 28): (backbone.count_params(), backbone.output_shape[-1])}
    written = workspace.checkpoint(quick_config).stat().st_size
    missing = room._missing(Workspace(tmp_path / "new"), [quick_config], sizes, 5)
    assert [*missing.values()] == [pytest.approx(written, rel=0.05)] * 2


def test_a_name_that_is_too_long_for_its_file_system_is_refused(tmp_path, few_digits, monkeypatch):
    config = RunConfig(dataset="n" * 150, method="BN", backbone="convnet", image_size=28)
    check(tmp_path, few_digits, config)
    monkeypatch.setattr(room.os, "pathconf", lambda place, name: 143)
    with pytest.raises(ValueError, match=r"at most 113 bytes for a run .* of 168\. Give"):
        check(tmp_path, few_digits, config)
    monkeypatch.undo()
    too_long = replace(config, dataset="n" * 210)
    with pytest.raises(ValueError, match=r"at most 220 bytes for a run .* of 228"):
        check(tmp_path, few_digits, too_long)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, few_digits, quick_config):
    return Runner(
        few_digits, Workspace(tmp_path_factory.mktemp("whole")), report=lambda line: None
    ).run(quick_config)


@pytest.mark.usefixtures("ignored_size_signal")
def test_a_disk_that_fills_up_keeps_what_is_finished(
    tmp_path, few_digits, quick_config, undisturbed
):
    """Files of at most 64 KiB stand for the full disk: the checkpoint has more."""
    workspace = Workspace(tmp_path / "results")

    def fill(config, epoch, **_):
        if epoch == 1:
            resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, resource.RLIM_INFINITY))

    runner = Runner(few_digits, workspace, report=lambda line: None, observe=fill)
    with (
        pytest.raises(OSError, match=r"checkpoint\.npz cannot be written: .*Make room") as caught,
        workspace.locked(),
    ):
        runner.run(quick_config)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert caught.value.errno == errno.EFBIG
    assert f"What was finished is kept in {workspace.output_dir}: the same" in str(caught.value)
    assert not [name for name in files(tmp_path) if name.endswith(".partial")]
    said = []
    record = Runner(few_digits, workspace, report=said.append).run(quick_config)
    assert "continues after epoch 1" in said[0]
    assert record.final.recall == undisturbed.final.recall
    assert [e.loss for e in record.epochs] == [e.loss for e in undisturbed.epochs]


@pytest.fixture
def ignored_size_signal():
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    signal.signal(signal.SIGXFSZ, handler)


_FILLED = """
import pathlib, sys
from hsm.data.sources import load_source
from hsm.experiments.config import RunConfig
from hsm.experiments.runs.runner import Runner
from hsm.experiments.runs.workspace import Workspace

folder, config = pathlib.Path({folder!r}), RunConfig.from_json({config!r})
workspace, ballast = Workspace(folder / "results"), folder / "ballast"

def fill(config, epoch, **_):
    if epoch == 1:
        with ballast.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass

runner = Runner(load_source("digits", limit=48), workspace, observe=fill)
try:
    with workspace.locked():
        runner.run(config)
except OSError as error:
    print("ERROR", error.errno, error)
print("LEFT", *(path.name for path in folder.rglob("*.partial")))
ballast.unlink()
record = Runner(load_source("digits", limit=48), workspace).run(config)
print("LOSSES", [epoch.loss for epoch in record.epochs])
"""


def test_a_real_disk_that_fills_up(tmp_path, quick_config, undisturbed):
    program = _FILLED.format(folder=str(tmp_path), config=quick_config.to_json())
    result = run_on(tmp_path, "8m", program)
    assert result.returncode == 0, result.stderr
    said = {line.split()[0]: line for line in result.stdout.splitlines()}
    pattern = rf"ERROR {errno.ENOSPC} .*checkpoint\.npz cannot be written: No space left on device"
    assert re.match(pattern, said["ERROR"])
    assert said["LEFT"] == "LEFT"
    assert said["LOSSES"] == f"LOSSES {[epoch.loss for epoch in undisturbed.epochs]}"


_READ_ONLY = """
import pathlib, sys
from hsm.output_folder import check_writable
for folder in ({folder!r}, {folder!r} + "/new/folder"):
    try:
        check_writable(pathlib.Path(folder))
    except OSError as error:
        print(error.errno, error)
"""


def test_a_read_only_folder_is_refused(tmp_path):
    result = run_on(tmp_path, "1m", _READ_ONLY.format(folder=str(tmp_path)), options=",ro")
    for line in result.stdout.splitlines():
        assert line.startswith(f"{errno.EROFS} expected a folder that can be written to. Received")
    assert result.stdout.count("Read-only file system") == 2, result.stderr
