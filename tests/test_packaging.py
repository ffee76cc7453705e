"""What a stranger installs and types."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import setuptools

import hsm

ROOT = Path(__file__).resolve().parent.parent


def setup_says(*options: str) -> list[str]:
    command = [sys.executable, "setup.py", "--quiet", *options]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return result.stdout.split()


def test_metadata_has_the_version_of_the_package():
    assert setup_says("--name", "--version") == ["hsm-embedding", hsm.__version__]


def test_description_on_a_package_index_has_no_link_into_the_repository():
    words = setup_says("--long-description")
    text = " ".join(words)
    assert "(https://arxiv.org/abs/1809.04157)" in text
    assert "Results (docs/results/index.md)" in text
    assert not re.search(r"\]\((?!https?:)", text)
    assert 'src="' not in text


def requirements(monkeypatch) -> tuple[set[str], set[str]]:
    """Names of the distributions that hsm needs, and of those that an extra adds."""
    said = {}
    monkeypatch.setattr(setuptools, "setup", lambda **arguments: said.update(arguments))
    runpy.run_path(str(ROOT / "setup.py"))
    extras = [line for extra in said["extras_require"].values() for line in extra]
    return {name_of(line) for line in said["install_requires"]}, {name_of(line) for line in extras}


def name_of(requirement: str) -> str:
    return normal(re.match(r"[\w.-]+", requirement).group())


def normal(distribution: str) -> str:
    return distribution.lower().replace("_", "-")


# Where an import goes by another name than its distribution.
DISTRIBUTIONS = {"absl": "absl-py", "sklearn": "scikit-learn", "google.protobuf": "protobuf"}


def third_party(node: ast.AST) -> set[str]:
    """Distributions that the imports anywhere in `node` come from, without Python's own."""
    found = set()
    for statement in ast.walk(node):
        names = []
        if isinstance(statement, ast.Import):
            names = [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom) and not statement.level:
            names = [statement.module]
        for name in names:
            top = name.split(".")[0]
            key = ".".join(name.split(".")[:2]) if top == "google" else top
            if top not in {*sys.stdlib_module_names, "hsm", "__future__"}:
                found.add(normal(DISTRIBUTIONS.get(key, key)))
    return found


def trees(without: str = "") -> list[ast.Module]:
    """The modules of hsm, but those whose files match a pattern."""
    paths = (path for path in (ROOT / "hsm").rglob("*.py") if not path.match(without or "-"))
    return [ast.parse(path.read_text(encoding="utf-8")) for path in paths]


def test_what_is_imported_is_declared(monkeypatch):
    needed, extra = requirements(monkeypatch)
    imported = set().union(*map(third_party, trees()))
    assert imported <= needed | extra, "name them in setup.py, or do without"
    assert needed <= imported, "nothing imports them"


def test_what_an_extra_brings_is_imported_where_it_is_used(monkeypatch):
    """Not at the top of a module, whose import would fail without it.

    The modules of the service are nothing without it, and only its command imports them.
    """
    needed, _ = requirements(monkeypatch)
    others = trees(without="hsm/serving/service*.py")
    tops = [statement for tree in others for statement in tree.body]
    at_import = [s for s in tops if isinstance(s, ast.Import | ast.ImportFrom | ast.Try)]
    assert set().union(*map(third_party, at_import)) <= needed - {"array-record"}


def test_every_folder_with_modules_is_a_package():
    """find_packages leaves out, in silence, a folder without __init__.py."""
    folders = {path.parent for path in (ROOT / "hsm").rglob("*.py")}
    assert not [folder for folder in sorted(folders) if not (folder / "__init__.py").is_file()]


def test_the_source_distribution_holds_the_data_of_the_package(tmp_path):
    setup_says("egg_info", f"--egg-base={tmp_path}", "sdist", f"--dist-dir={tmp_path}")
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as content:
        names = {name.partition("/")[2] for name in content.getnames()}
    folder = ROOT / "hsm" / "data" / "letters"
    assert {str(path.relative_to(ROOT)) for path in folder.iterdir()} <= names


def test_ci_calls_the_second_command_of_the_readme():
    commands = (ROOT / ".ci" / "run").read_text().splitlines()
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    assert "tools/check.sh" in blocks[1]
    assert blocks[1].strip() in commands


def test_citation_has_the_version_of_the_package():
    assert f"\nversion: {hsm.__version__}\n" in (ROOT / "CITATION.cff").read_text()


@pytest.mark.parametrize("script", [".ci/run", "tools/check.sh"])
def test_scripts_can_be_run_and_stop_at_the_first_error(script):
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    assert "\nset -euo pipefail\n" in path.read_text()
    subprocess.run(["bash", "-n", path], check=True)
