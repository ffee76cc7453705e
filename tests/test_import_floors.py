"""Every module has a floor and imports only from floors below it.

A new module must be given its place in `FLOORS`, or the first test here fails. A package's own
entry is the floor of its `__init__.py`.
"""

from __future__ import annotations

import ast
import fnmatch
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A pattern a room; of the patterns that match a module the longest counts.
FLOORS = {
    "hsm.archives": -1,
    "hsm.atomic": -1,
    "hsm.cores": -1,
    "hsm.folder_lock": -1,
    "hsm.former_names": -1,
    "hsm.processor": -1,
    "hsm.progress": -1,
    "hsm.layers*": 0,
    "hsm.losses*": 0,
    "hsm.metrics*": 0,
    "hsm.output_folder": 0,
    "hsm.records*": 0,
    "hsm.schedules": 0,
    "hsm.data.catalog": 0,
    "hsm.data.dataset_info": 0,
    "hsm.data.file_bytes": 0,
    "hsm.data.file_header": 0,
    "hsm.data.gif": 0,
    "hsm.data.images": 0,
    "hsm.data.orientation": 0,
    "hsm.data.picture_files": 0,
    "hsm.data*": 1,
    "hsm.models*": 1,
    "hsm.analysis*": 1,
    "hsm.evaluation": 2,
    "hsm.export*": 2,
    "hsm.visual*": 2,
    "hsm.serving*": 3,
    "hsm.training.*": 2,
    "hsm.training": 3,
    "hsm.training.collapse": 3,
    "hsm.training.loop": 3,
    "hsm.training.warm_up": 3,
    "hsm.experiments": 4,
    "hsm.experiments.config*": 4,
    "hsm.experiments.runs*": 5,
    "hsm.experiments.studies*": 6,
    "hsm.experiments.reporting*": 7,
    "hsm.experiments.cli*": 8,
    "hsm.experiments.*": 9,
    "hsm": 10,
}

# Within a floor a module may use its own room, and these may use another one.
SIDEWAYS = {
    ("hsm.output_folder", "hsm.data.picture_files"),
    ("hsm.data.pipeline", "hsm.data.sources.encoded"),
    ("hsm.data.pipeline", "hsm.data.sources.source"),
    ("hsm.data.picture_sizes", "hsm.data.sources.source"),
    ("hsm.data.thumbnails", "hsm.data.sources.source"),
    ("hsm.data.sources.bad_files", "hsm.data.image_check"),
    ("hsm.data.sources.inshop_annotations", "hsm.data.picture_sizes"),
    ("hsm.data.sources.prepare", "hsm.data.image_check"),
    ("hsm.data.tfds_inshop", "hsm.data.sources.inshop"),
    ("hsm.data.tfds_inshop", "hsm.data.sources.annotations"),
    ("hsm.metrics.distances", "hsm.cores"),
    ("hsm.models.googlenet", "hsm.models.weight_files.weights"),
    ("hsm.models.inception_v1", "hsm.models.weight_files.weights"),
}

COMMANDS_FLOOR = 9
# The former name of a command is the command.
FORMER_NAMES = {"hsm.experiments.port"}

WITHOUT_TENSORFLOW = (
    "hsm",
    "hsm.data.catalog",
    "hsm.experiments.caffe_port",
    "hsm.experiments.cli.data_flags",
    "hsm.experiments.cli.records_flag",
    "hsm.experiments.cli.run_flags",
    "hsm.experiments.config",
    "hsm.experiments.config.figure2_recipes",
    "hsm.experiments.config.hyperparameters",
    "hsm.experiments.config.recipes",
    "hsm.experiments.config.settings",
    "hsm.experiments.convert_weights",
    "hsm.experiments.embed",
    "hsm.experiments.figure1",
    "hsm.experiments.figure2",
    "hsm.experiments.figure3",
    "hsm.experiments.figure4",
    "hsm.experiments.prepare",
    "hsm.experiments.remarks",
    "hsm.experiments.reporting.recorded_runs",
    "hsm.experiments.reporting.remark_rows",
    "hsm.experiments.reporting.similarities",
    "hsm.experiments.reporting.table_writers",
    "hsm.experiments.runs.environment",
    # Read before TensorFlow is loaded without its notices.
    "hsm.experiments.runs.workspace",
    "hsm.experiments.search",
    "hsm.experiments.table1",
    "hsm.experiments.table2",
    "hsm.experiments.table3",
    "hsm.experiments.table4",
    "hsm.experiments.train",
    "hsm.metrics",
    "hsm.models",
    "hsm.models.backbone_specs",
    "hsm.processor",
    "hsm.records",
    "hsm.schedules",
    "hsm.serving",
    "hsm.visual.class_planes",
    "hsm.visual.confusion",
    "hsm.visual.embedding_map",
    "hsm.visual.neighbour_sheet",
    "hsm.visual.learning_curves",
    "hsm.visual.port_rows",
    "hsm.visual.remark_panels",
    "hsm.visual.similarity_histograms",
)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted((ROOT / "hsm").rglob("*.py"))}


def package(module: str) -> str:
    is_package = MODULES[module].name == "__init__.py"
    return module if is_package else module.rpartition(".")[0]


def pattern_of(module: str) -> str | None:
    matching = [pattern for pattern in FLOORS if fnmatch.fnmatchcase(module, pattern)]
    return max(matching, key=len, default=None)


def floor(module: str) -> int | None:
    pattern = pattern_of(module)
    return None if pattern is None else FLOORS[pattern]


def imported(module: str) -> set[str]:
    """Dotted names of everything that a module imports, at its top or inside of functions."""
    names = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package(module).split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *filter(None, [base])])
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return names


def own_imports(module: str) -> set[str]:
    """The modules of hsm among the imports: `from hsm.a import b` is hsm.a.b where that exists."""
    found = set()
    for name in imported(module):
        if name.split(".")[0] == "hsm":
            found.add(name if name in MODULES else name.rpartition(".")[0])
    return found - {module}


def test_every_module_has_a_floor():
    missing = [module for module in MODULES if floor(module) is None]
    assert not missing, "give them a floor in FLOORS"


def test_every_floor_belongs_to_a_module():
    assert not FLOORS.keys() - set(map(pattern_of, MODULES)), "remove them from FLOORS"


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module):
    for other in own_imports(module):
        assert floor(other) <= floor(module), f"{module} imports {other} from a floor above it"
        if floor(other) == floor(module):
            neighbours = package(other) == package(module) or (module, other) in SIDEWAYS
            assert neighbours, f"{module} looks sideways at {other}"


def test_no_module_imports_itself_over_others():
    graph = {module: own_imports(module) for module in MODULES}
    tuple(graphlib.TopologicalSorter(graph).static_order())


def test_every_look_sideways_is_taken():
    unused = [pair for pair in SIDEWAYS if pair[1] not in own_imports(pair[0])]
    assert not unused, "remove them from SIDEWAYS"


@pytest.mark.parametrize("module", [m for m in MODULES if floor(m) == COMMANDS_FLOOR])
def test_nobody_imports_a_command(module):
    importers = {m for m in MODULES if module in own_imports(m)} - FORMER_NAMES
    assert not importers


def test_only_the_command_line_reads_flags():
    below = [module for module in MODULES if floor(module) < FLOORS["hsm.experiments.cli*"]]
    assert not [m for m in below for name in imported(m) if name.split(".")[0] == "absl"]


def modules_after(code: str) -> set[str]:
    """Names of the modules that a fresh interpreter holds after running `code`."""
    code = f"import sys\n{code}\nprint(*sys.modules, sep='\\n', file=sys.stderr)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    return set(result.stderr.splitlines())


@pytest.mark.parametrize("module", WITHOUT_TENSORFLOW)
def test_tensorflow_is_not_imported_with(module):
    assert not {"tensorflow", "keras"} & modules_after(f"import {module}")


DRIVERS = [
    m
    for m, path in MODULES.items()
    if floor(m) == COMMANDS_FLOOR and '__name__ == "__main__"' in path.read_text()
]


@pytest.mark.parametrize("driver", DRIVERS)
def test_help_needs_no_tensorflow(driver):
    code = f"""
import runpy
sys.argv = [{driver!r}, "--help"]
try:
    runpy.run_module({driver!r}, run_name="__main__")
except SystemExit as end:
    assert not end.code, end.code
"""
    assert not {"tensorflow", "keras", "numpy"} & modules_after(code)
