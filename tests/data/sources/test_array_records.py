"""ArrayRecord files: written and read back, on a full disk, and without their library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hsm.data.sources import array_records

ROOT = Path(__file__).resolve().parents[3]


def test_records_come_back_in_order(tmp_path):
    path, records = tmp_path / "a.array_record", [b"one", b"", b"three"]
    array_records.write_records(path, records)
    opened = array_records.open_records([str(path), str(path)])
    assert [opened[index] for index in range(6)] == records * 2


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_an_error_of_the_disk(tmp_path):
    with pytest.raises(OSError, match=r"a\.array_record"):
        array_records.write_records(tmp_path / "a.array_record", [bytes(3000)] * 10)


@pytest.mark.parametrize("use", ["open_records(['a'])", "write_records(Path('a'), [])"])
def test_without_its_library_the_package_says_what_is_missing(use):
    program = f"""
import sys
from pathlib import Path
sys.modules["array_record"] = None
from hsm.data.sources import array_records, load_source, prepare, prepared, tfds_files
try:
    array_records.{use}
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("ArrayRecord files need the package array_record, which cannot")
