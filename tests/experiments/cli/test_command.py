"""Commands side by side in one process: none changes another, and `main` is the command."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys

import pytest
from absl import flags
from support.driver_process import ENVIRONMENT, ROOT, run
from support.flag_parsing import parsed
from test_import_floors import DRIVERS as PROGRAMS
from test_import_floors import FORMER_NAMES, MODULES

from hsm.experiments import evaluate, figure4, search, table1, table3, train
from hsm.experiments.cli import app, data_flags, model_flag
from hsm.experiments.cli.command import Command, command
from hsm.experiments.config import RunConfig

FLAGS = flags.FLAGS
DRIVERS = [name for name in PROGRAMS if name not in FORMER_NAMES]
COMMANDS = {name: importlib.import_module(name).main for name in DRIVERS}


def python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=ENVIRONMENT,
        check=False,
    )


def test_commands_can_be_imported_together_in_any_order():
    program = """
import importlib, os, sys, traceback
import hsm.data.catalog, absl.app  # Once for all children.
commands = sys.argv[1:]
for place in range(len(commands)):
    for order in (1, -1):  # Each before each other one.
        child = os.fork()
        if not child:
            try:
                for name in (commands[place:] + commands[:place])[::order]:
                    importlib.import_module(name)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            sys.exit(1)
"""
    assert len(DRIVERS) == 18
    done = python(program, *DRIVERS)
    assert done.returncode == 0, done.stderr


def test_every_module_can_be_imported_in_one_process():
    program = """
import importlib, pkgutil, hsm
for module in pkgutil.walk_packages(hsm.__path__, "hsm."):
    print(importlib.import_module(module.name).__name__)
"""
    done = python(program)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) | {"hsm"} == set(MODULES)


def shown(name: str) -> dict[str, str | None]:
    """The flags that the help of a command lists, with their defaults."""
    text = COMMANDS[name].help(name, "What it does.", also=[app.__name__])
    found = re.findall(r"^  --(\w+)(?: \(default: (.*)\))?$", text, flags=re.MULTILINE)
    assert len(dict(found)) == len(found), "a flag is listed twice"
    return {flag: default or None for flag, default in found}


def read_by(name: str) -> set[str]:
    """The flags that stand as FLAGS.name or FLAGS["name"] in a command's own module."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute | ast.Subscript) and "FLAGS" in ast.unparse(node.value):
            # A name that is computed says nothing.
            key = node.attr if isinstance(node, ast.Attribute) else getattr(node.slice, "value", "")
            found |= {key} & set(FLAGS)
    return found


@pytest.mark.parametrize("name", DRIVERS)
def test_help_lists_what_the_command_reads(name):
    listed = shown(name)
    assert read_by(name) <= listed.keys()
    assert listed.keys() >= {flag.name for flag in FLAGS.flags_by_module_dict().get(name, [])}
    assert "traceback" in listed
    assert {*COMMANDS[name].defaults, *COMMANDS[name].texts} <= listed.keys()


def test_help_lists_no_flag_that_the_command_does_not_read():
    table = shown("hsm.experiments.table1")
    assert {"methods", "dataset", "alpha", "limit"} < table.keys()
    assert not {"model", "records", "sample", "alphas", "part"} & table.keys()
    own = {"saved_model", "format", "versioned", "warm_up_requests", "overwrite", "model"}
    calibration = {"calibration_images", "dataset", "data_dir", "train_classes", "folder_layout"}
    calibration |= {f"{name}_dir" for name in ("cars196", "cub200", "products", "inshop")}
    reading = {"on_bad_image", "singletons", "max_pixels"}
    always = {"threads", "deterministic", "traceback"}
    assert shown("hsm.experiments.export").keys() == own | calibration | reading | always
    port = shown("hsm.experiments.caffe_port")
    assert {"limit", "weights", "dataset"} < port.keys()
    assert not {"methods", "seeds", "epochs", "tensorboard"} & port.keys()
    assert not {"methods", "seeds", "epochs"} & shown("hsm.experiments.evaluate").keys()


def test_help_shows_the_defaults_of_the_command():
    methods = {name: shown(name).get("methods") for name in DRIVERS}
    assert methods["hsm.experiments.table1"] == "SM,LN,BN,HLN,HBN"
    assert methods["hsm.experiments.table3"] == "SM,BN,HBN"
    assert methods["hsm.experiments.figure1"] == "HBN"
    assert shown("hsm.experiments.evaluate")["output_dir"] is None
    assert shown("hsm.experiments.table1")["output_dir"] == "results"


def test_an_imported_main_has_the_defaults_of_its_command_alone(monkeypatch):
    seen = {}
    for module in (table1, table3):
        monkeypatch.setattr(
            module,
            "make",
            lambda table: seen.update(
                {table.name: [c.method for c in table.configs("digits", "digits", table.split)]}
            ),
        )
    with parsed("--smoke", "--seeds=3"):
        table3.main()
        table1.main()
        assert FLAGS.methods == ["SM", "LN", "BN", "HLN", "HBN"]
    assert seen == {"table3": ["SM", "BN", "HBN"], "table1": ["SM", "LN", "BN", "HLN", "HBN"]}


def test_a_given_flag_wins_over_a_default_of_the_command(monkeypatch):
    seen = []
    monkeypatch.setattr(table3, "make", lambda table: seen.append(FLAGS.methods))
    with parsed("--methods=SM"):
        table3.main()
    assert seen == [["SM"]]


def test_an_error_leaves_no_default_behind(monkeypatch):
    def fail(table):
        raise ValueError(",".join(FLAGS.methods))

    monkeypatch.setattr(figure4, "finished_runs", fail)
    with parsed():
        with pytest.raises(ValueError, match="^SM,BN,HBN$"):
            figure4.main()
        assert len(FLAGS.methods) == 5


def test_the_data_set_of_a_run_is_not_left_behind():
    config = RunConfig(dataset="mnist", method="BN")
    with parsed():
        assert model_flag.dataset_of(config) == "mnist"
        assert data_flags.datasets() == ["letters"]


def test_a_command_uses_modules_and_single_flags():
    @command(uses=[model_flag, "seeds"], defaults={"seeds": ["7"]}, texts={"seeds": "Seed."})
    def main() -> None:
        seen.extend(FLAGS.seeds)

    seen: list[str] = []
    assert isinstance(main, Command)
    with parsed("--alpha=2", "--seeds=1"):
        assert main.unused(also=[app.__name__]) == ["alpha"]
    with parsed():
        main()
        assert (seen, FLAGS.seeds) == (["7"], ["0"])
    text = main.help("hsm.experiments.new", "Something.", also=[app.__name__])
    assert text.startswith("Something.\n\nUsage: python -m hsm.experiments.new [--flag=value ...]")
    assert "\n  --seeds (default: 7)\n      Seed.\n" in text
    assert FLAGS.seeds == ["0"]


def test_a_flag_that_may_be_repeated_takes_several_arguments():
    with parsed("--query=a.jpg"):
        search.main.take(["b.jpg", "c.jpg"])
        assert FLAGS.query == ["a.jpg", "b.jpg", "c.jpg"]
    with parsed(), pytest.raises(ValueError, match=r"Received: the argument 'd\.jpg'"):
        train.main.take(["photos", "d.jpg"])
    usage = search.main.help("hsm.experiments.search", "Find.", also=[app.__name__])
    assert "search [QUERY ...] [--flag=value ...]" in usage


def test_a_flag_without_effect_is_refused():
    result = run("port", "--smoke", "--seeds=1")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "error: --seeds has no effect on this command.\n--help lists all flags.\n"
    )


def test_old_names_of_flags_of_evaluate_are_still_taken():
    with parsed("--gallery=20", "--split=train"):
        assert (FLAGS.show_queries, FLAGS.part) == (20, "train")
        assert evaluate.main.unused(also=[app.__name__]) == []
