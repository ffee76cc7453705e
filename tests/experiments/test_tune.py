"""table1 --tune from its flags to its table."""

from __future__ import annotations

import json

from support.flag_parsing import run_table1


def test_smoke_tunes_and_prints_a_table_of_its_own(tmp_path, capsys):
    flags = ("--smoke", "--tune=2", "--methods=proxy_nca,HLN", f"--output_dir={tmp_path}")
    assert run_table1(*flags) == 0
    output = capsys.readouterr().out
    assert "letters LN seed 0: trial 2 of 2, learning_rate" in output
    assert "letters HLN seed 0: trial 1 of 2, heated_learning_rate" in output
    assert "letters proxy_nca seed 0: trial 2 of 2" in output
    table = (tmp_path / "smoke" / "table1.md").read_text()
    assert "settings chosen on held-out training classes" in table
    assert "| HLN | 4 |" in table
    records = [json.loads(p.read_text()) for p in tmp_path.glob("smoke/records/*.json")]
    assert {record["method"] for record in records} == {"HLN", "proxy_nca"}
    assert {len(record["tuning"]["trials"]) for record in records} == {2, 4}


def test_what_cannot_be_tuned_gets_a_sentence(tmp_path, capsys):
    folder = f"--output_dir={tmp_path}"
    assert run_table1("--smoke", "--tune_epochs=2", folder) == 1
    assert "--tune_epochs with --tune=N" in capsys.readouterr().err
    assert run_table1("--smoke", "--dataset=digits", "--tune=2", folder) == 1
    assert "at least 10 training classes" in capsys.readouterr().err
    assert run_table1("--smoke", "--tune=2", "--variants=gradual", folder) == 1
    assert "Leave variants" in capsys.readouterr().err
    assert not list(tmp_path.glob("smoke/tuning/records/*"))


def test_a_dry_run_names_the_trials(tmp_path, capsys):
    flags = ("--smoke", "--tune=2", "--methods=SM", "--dry_run", f"--output_dir={tmp_path}")
    assert run_table1(*flags) == 0
    assert "not in the estimate: 2 trials of every method" in capsys.readouterr().out
