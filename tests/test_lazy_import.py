"""`import hsm` is quick: submodules load on first use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import hsm


def test_import_loads_no_submodule_and_no_library():
    code = (
        "import sys, hsm; heavy = {'tensorflow', 'keras', 'numpy', 'sklearn', 'matplotlib'};"
        "print(sorted(n for n in sys.modules if n.startswith('hsm.') or n in heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_every_listed_submodule_can_be_imported():
    for name in hsm.__all__:
        assert getattr(hsm, name)
    assert set(hsm.__all__) <= set(dir(hsm))


def test_lists_every_room_that_exists():
    package = Path(hsm.__file__).parent
    rooms = {path.stem for path in package.glob("[!_]*.py")}
    rooms |= {path.parent.name for path in package.glob("*/__init__.py")}
    assert rooms <= set(hsm.__all__)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'hsm' has no attribute 'layer'"):
        hsm.layer  # noqa: B018
