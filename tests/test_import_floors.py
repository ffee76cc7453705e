"""Every module has a floor and imports only from floors below it.

A new module must be given its place in `FLOORS`, or the first test here fails. A package's own
entry is the floor of its `__init__.py`.
"""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

FLOORS = {
    "hsm.layers": 0,
    "hsm.layers.*": 0,
    "hsm.losses": 0,
    "hsm.losses.*": 0,
    "hsm.metrics": 0,
    "hsm.metrics.*": 0,
    "hsm.progress": 0,
    "hsm.records": 0,
    "hsm.schedules": 0,
    "hsm.data.bitmap": 0,
    "hsm.data.byte_fields": 0,
    "hsm.data.catalog": 0,
    "hsm.data.gif": 0,
    "hsm.data.images": 0,
    "hsm.data": 1,
    "hsm.data.image_check": 1,
    "hsm.data.pipeline": 1,
    "hsm.data.thumbnails": 1,
    "hsm.data.tfds_inshop": 1,
    "hsm.data.sources": 1,
    "hsm.data.sources.*": 1,
    "hsm.models": 1,
    "hsm.models.applications": 1,
    "hsm.models.backbones": 1,
    "hsm.models.convnet": 1,
    "hsm.models.embedding": 1,
    "hsm.models.googlenet": 1,
    "hsm.models.inception_v1": 1,
    "hsm.models.keras_file": 1,
    "hsm.models.lenet": 1,
    "hsm.models.head": 1,
    "hsm.models.seeds": 1,
    "hsm.models.unbiased": 1,
    "hsm.models.porting": 1,
    "hsm.models.pretrained": 1,
    "hsm.models.pretrained.*": 1,
    "hsm.analysis": 1,
    "hsm.analysis.*": 1,
    "hsm.evaluation": 2,
    "hsm.export": 2,
    "hsm.training.callback": 2,
    "hsm.training.checkpoint": 2,
    "hsm.training.interruption": 2,
    "hsm.training.raw_momentum": 2,
    "hsm.training.step": 2,
    "hsm.training.watch": 2,
    "hsm.visual": 2,
    "hsm.visual.*": 2,
    "hsm.training": 3,
    "hsm.training.warm_up": 3,
    "hsm.training.loop": 3,
    "hsm.experiments": 4,
    "hsm.experiments.assemble": 4,
    "hsm.experiments.backbone_names": 4,
    "hsm.experiments.cells": 4,
    "hsm.experiments.classifier_form": 4,
    "hsm.experiments.config": 4,
    "hsm.experiments.diagnostics": 4,
    "hsm.experiments.dimension_layout": 4,
    "hsm.experiments.evaluator": 4,
    "hsm.experiments.gradient_history": 4,
    "hsm.experiments.gradient_report": 4,
    "hsm.experiments.gradient_study": 4,
    "hsm.experiments.figure2_recipes": 4,
    "hsm.experiments.finished": 4,
    "hsm.experiments.hyperparameters": 4,
    "hsm.experiments.measures": 4,
    "hsm.experiments.method_layout": 4,
    "hsm.experiments.norm_study": 4,
    "hsm.experiments.notes": 4,
    "hsm.experiments.observer": 4,
    "hsm.experiments.plan": 4,
    "hsm.experiments.planes": 4,
    "hsm.experiments.similarities": 4,
    "hsm.experiments.port_measure": 4,
    "hsm.experiments.preparation": 4,
    "hsm.experiments.pretrained": 4,
    "hsm.experiments.published": 4,
    "hsm.experiments.recipes": 4,
    "hsm.experiments.recorded": 4,
    "hsm.experiments.remark_rows": 4,
    "hsm.experiments.report": 4,
    "hsm.experiments.retrieval": 4,
    "hsm.experiments.retrieval_views": 4,
    "hsm.experiments.run_log": 4,
    "hsm.experiments.run_report": 4,
    "hsm.experiments.report_page": 4,
    "hsm.experiments.runner": 4,
    "hsm.experiments.score_files": 4,
    "hsm.experiments.summary": 4,
    "hsm.experiments.table_files": 4,
    "hsm.experiments.table_pictures": 4,
    "hsm.experiments.tables": 4,
    "hsm.experiments.variants": 4,
    "hsm.experiments.workspace": 4,
    "hsm": 5,
    "hsm.experiments.data_flags": 5,
    "hsm.experiments.driver": 5,
    "hsm.experiments.evaluate": 5,
    "hsm.experiments.export": 5,
    "hsm.experiments.figure1": 5,
    "hsm.experiments.figure3": 5,
    "hsm.experiments.figure_runs": 5,
    "hsm.experiments.wanted_runs": 5,
    "hsm.experiments.figure2": 5,
    "hsm.experiments.figure4": 5,
    "hsm.experiments.flags": 5,
    "hsm.experiments.model_flag": 5,
    "hsm.experiments.port": 5,
    "hsm.experiments.recipe_flags": 5,
    "hsm.experiments.record_flags": 5,
    "hsm.experiments.remarks": 5,
    "hsm.experiments.table_run": 5,
    "hsm.experiments.table1": 5,
    "hsm.experiments.table2": 5,
    "hsm.experiments.table3": 5,
    "hsm.experiments.table4": 5,
}

# Within a floor a module may use its own package, and these may use another one.
SIDEWAYS = {
    ("hsm.data.image_check", "hsm.data.images"),
    ("hsm.data.pipeline", "hsm.data.sources.encoded"),
    ("hsm.data.pipeline", "hsm.data.sources.source"),
    ("hsm.data.thumbnails", "hsm.data.sources.source"),
    ("hsm.data.sources.bad_files", "hsm.data.image_check"),
    ("hsm.data.sources.prepare", "hsm.data.image_check"),
    ("hsm.data.tfds_inshop", "hsm.data.sources.inshop"),
    ("hsm.data.tfds_inshop", "hsm.data.sources.listing"),
    ("hsm.models.googlenet", "hsm.models.pretrained.weights"),
    ("hsm.models.inception_v1", "hsm.models.pretrained.weights"),
}

WITHOUT_TENSORFLOW = (
    "hsm",
    "hsm.metrics",
    "hsm.records",
    "hsm.schedules",
    "hsm.data.catalog",
    "hsm.experiments.config",
    "hsm.experiments.data_flags",
    "hsm.experiments.figure1",
    "hsm.experiments.figure3",
    "hsm.experiments.flags",
    "hsm.experiments.hyperparameters",
    "hsm.experiments.recipes",
    "hsm.experiments.figure2",
    "hsm.experiments.figure2_recipes",
    "hsm.experiments.figure4",
    "hsm.experiments.port",
    "hsm.experiments.record_flags",
    "hsm.experiments.recorded",
    "hsm.experiments.remark_rows",
    "hsm.experiments.remarks",
    "hsm.experiments.report",
    "hsm.experiments.similarities",
    "hsm.experiments.table1",
    "hsm.experiments.table2",
    "hsm.experiments.table3",
    "hsm.experiments.table4",
    # Read before TensorFlow is loaded without its notices.
    "hsm.experiments.workspace",
    "hsm.visual.confusion",
    "hsm.visual.embedding_map",
    "hsm.visual.gallery",
    "hsm.visual.class_planes",
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


def floor(module: str) -> int | None:
    return FLOORS.get(module, FLOORS.get(package(module) + ".*"))


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
    known = {*MODULES, *(package(module) + ".*" for module in MODULES)}
    assert not FLOORS.keys() - known, "remove them from FLOORS"


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


def test_only_drivers_read_flags():
    below = [module for module in MODULES if floor(module) < 5]
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


DRIVERS = [m for m, path in MODULES.items() if '__name__ == "__main__"' in path.read_text()]


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
