"""What a stranger installs and types."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_every_folder_with_modules_is_a_package():
    """find_packages leaves out, in silence, a folder without __init__.py."""
    folders = {path.parent for path in (ROOT / "hsm").rglob("*.py")}
    assert not [folder for folder in sorted(folders) if not (folder / "__init__.py").is_file()]


def test_ci_calls_the_second_command_of_the_readme():
    command = (ROOT / ".ci" / "run").read_text().splitlines()[-1]
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    assert "tools/check.sh" in command
    assert blocks[1].strip() == command


def test_citation_has_the_version_of_the_package():
    assert f"\nversion: {hsm.__version__}\n" in (ROOT / "CITATION.cff").read_text()


@pytest.mark.parametrize("script", [".ci/run", "tools/check.sh"])
def test_scripts_can_be_run_and_stop_at_the_first_error(script):
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    assert "\nset -euo pipefail\n" in path.read_text()
    subprocess.run(["bash", "-n", path], check=True)
