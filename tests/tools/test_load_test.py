"""The load of the service: measured on a few requests, kept, and shown as a table."""

from __future__ import annotations

import json

import load_test
import pytest
from support.served import skip_without_extra

skip_without_extra()


def test_a_few_requests_are_measured_and_kept(tmp_path, capsys):
    path = tmp_path / "new" / "serving.json"
    assert load_test.main([f"--json={path}", "--requests=4", "--day=40", "--shared"]) == 0
    found = json.loads(path.read_text())
    assert [load["clients"] for load in found["load"]] == [1, 8, 32, 8, 32]
    assert [load["requests"] for load in found["load"]] == [4, 32, 128, 32, 40]
    codes = [load["codes"] for load in found["load"]]
    assert codes == [{"200": 4}, {"200": 32}, {"200": 128}, {"200": 28, "422": 4}, {"200": 40}]
    assert all(0 < load["p50_ms"] <= load["p99_ms"] for load in found["load"])
    assert found["memory"]["before"] > 2**27
    table = capsys.readouterr().out
    assert "| 8 | one in 10 broken | 32 | 28 × 200, 4 × 422 |" in table
    assert "Other work ran on the same cores." in table


@pytest.mark.parametrize("is_shared", [True, False])
def test_the_table_says_what_became_of_the_memory(is_shared):
    content = {
        "machine": {
            "commit": "0123456789",
            "hardware": {"cpu": "Some Processor", "cores": 2},
            "versions": {"tensorflow": "2.21.0"},
        },
        "is_shared": is_shared,
        "load": [],
        "memory": {"before": 800 * 2**20, "after": 820 * 2**20},
    }
    text = load_test.table.markdown(content)
    assert "held 800 MiB of memory, after it 820 (+2.5%)" in text
    assert "2 cores of Some Processor, with TensorFlow 2.21.0" in text
    assert ("Other work" in text) == is_shared
    assert "Commit 0123456." in text
