"""Numbers in sentences come from records, or from a list that says why they do not."""

from __future__ import annotations

import json

import prose_numbers
import pytest
import render_results
from support.record_factory import make_record

from hsm import records

BLOCK = "**t**\n\n| Method | R@1 | Δ |\n| --- | ---: | ---: |\n| BN: a | 70.75 | −2.10 * |\n"
BLOCKS = {"results:table1/digits": f"{BLOCK}\n{BLOCK.replace('70.75', '80.00')}"}


@pytest.fixture
def experiments(tmp_path):
    for seed, recall in enumerate((0.7, 0.8)):
        content = {"final": {"recall": {"1": recall}}, "epochs": [{"loss": 3}, {"loss": -0.5}]}
        (tmp_path / "records").mkdir(exist_ok=True)
        (tmp_path / "records" / f"run-seed{seed}.json").write_text(json.dumps(content))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("records/run-seed0:final.recall.1:.2%", "70.00"),
        ("records/run-seed*:final.recall.1:.1%", "75.0"),
        ("records/run-seed*:final.recall.1:±.2%", "7.07"),
        ("records/run-seed0:epochs.-1.loss:+.1f", "−0.5"),
        ("records/run-seed0:epochs.loss=3.loss:.0f", "3"),
        ("results:table1/digits:1:BN: a:R@1", "70.75"),
        ("results:table1/digits:2:BN: a:R@1", "80.00"),
        ("results:table1/digits:1:BN: a:2", "−2.10"),
    ],
)
def test_a_span_is_filled(experiments, name, shown):
    page = f"it is <!-- n:{name} -->old<!-- /n --> %"
    expected = page.replace("old", shown)
    assert prose_numbers.filled(page, experiments, BLOCKS) == expected
    assert prose_numbers.filled(expected, experiments, BLOCKS) == expected


@pytest.mark.parametrize(
    "name",
    [
        "records/gone:final.recall.1:.2%",
        "records/run-seed0:final.nmi:.2%",
        "records/run-seed0:final:.2%",
        "records/run-seed0:±.2f",
        "records/run-seed0:final.recall.1:±.2%",
        "results:table1/gone:1:BN: a:R@1",
        "results:table1/digits:3:BN: a:R@1",
        "results:table1/digits:1:HBN:R@1",
        "results:table1/digits:1:BN: a:NMI",
    ],
)
def test_a_span_that_names_nothing_is_refused(experiments, name):
    with pytest.raises(ValueError, match=r"the span n:.* must name a cell of a rendered table, or"):
        prose_numbers.filled(f"<!-- n:{name} -->1<!-- /n -->", experiments, BLOCKS)


def found_in(page, tmp_path, *exceptions):
    docs = tmp_path / "docs"
    docs.mkdir(exist_ok=True)
    rows = ["page,text,reason", *(f'docs/a.md,"{text}",because' for text in exceptions)]
    (docs / "numbers.csv").write_text("\n".join(rows) + "\n")
    return prose_numbers.unexplained({docs / "a.md": page}, docs / "numbers.csv")


MEASURED = [
    "gains 12 %",
    "73 to 82 %",
    "in 13 minutes",
    "17.9 images/s",
    "2 GiB",
    "takes 5 s.",
    "R@1 71",
    "NMI of 60",
    "by 2 points",
    "at 96.28",
    "it has 96.28.",
    "96 ± 1",
    "+2.0 more",
    "−0.5",
    "1,234 images a second",
]
NOT_MEASURED = [
    "60 epochs",
    "α = 4",
    "section 3.4",
    "`12 %`",
    "```text\n12 %\n```",
    "> it gains 12 %",
    "[a](b-12.50)",
    "<!-- results:table1/x -->\n12 %\n<!-- /results:table1/x -->",
    "R@1 alone",
    "version 3.11.7",
    "learning rate 0.004",
]


@pytest.mark.parametrize("text", MEASURED)
def test_a_measured_number_is_found_with_its_line(tmp_path, text):
    (message,) = found_in(f"# A\n\nIt {text} here.\n", tmp_path)
    assert message.startswith(
        f"{tmp_path / 'docs' / 'a.md'}:3: expected a number from a record, in"
    )


@pytest.mark.parametrize("text", NOT_MEASURED)
def test_other_numbers_are_none(tmp_path, text):
    assert found_in(f"A.\n\n{text}\n", tmp_path) == []


def test_spans_explain_what_they_hold_and_nothing_beside_them(tmp_path):
    span = "<!-- n:records/a:b:.0% -->73<!-- /n -->"
    assert found_in(f"{span} % and {span} to {span} %", tmp_path) == []
    assert len(found_in(f"{span} to 82 %", tmp_path)) == 1
    assert len(found_in(f"73 to {span} %", tmp_path)) == 1


def test_an_exception_holds_over_a_broken_line_and_for_its_text_alone(tmp_path):
    page = "It gains\n12 % here, and 12 % there."
    assert len(found_in(page, tmp_path)) == 2
    assert len(found_in(page, tmp_path, "It gains 12 %")) == 1
    assert found_in(page, tmp_path, "It gains 12 %", "12 % there") == []


def test_an_exception_that_holds_nothing_is_named(tmp_path):
    (message,) = found_in("Nothing.", tmp_path, "It gains 12 %")
    assert message.endswith("docs/a.md has no measured number in 'It gains 12 %'")


def test_an_exception_without_a_reason_is_refused(tmp_path):
    (tmp_path / "docs").mkdir()
    path = tmp_path / "docs" / "numbers.csv"
    path.write_text("page,text,reason\ndocs/a.md,12 %,\n")
    with pytest.raises(ValueError, match="expected page, text and reason in every line. Received"):
        prose_numbers.unexplained({}, path)


def test_the_check_fails_over_a_planted_number_and_an_edited_span(tmp_path, capsys):
    record = make_record("BN", dataset="digits")
    records.write(record, tmp_path / "records" / "table1")
    page = tmp_path / "docs" / "a.md"
    page.parent.mkdir()
    block = "<!-- results:table1/digits --><!-- /results:table1/digits -->"
    span = f"<!-- n:records/table1/{record.name}:final.recall.1:.2% --><!-- /n -->"
    page.write_text(f"{block}\nR@1 is {span} %.\n")
    numbers = ["--numbers", str(page.parent / "numbers.csv")]
    arguments = ["--pages", str(page.parent), "--records", str(tmp_path / "records"), *numbers]
    for kind in ("benchmarks", "exports", "robustness", "first_steps"):
        arguments += [f"--{kind}", str(tmp_path / "none")]
    assert render_results.main(arguments) == 0
    shown = f"{100 * record.final.recall[1]:.2f}<!-- /n -->"
    assert shown in page.read_text()
    assert render_results.main([*arguments, "--check"]) == 0
    whole = page.read_text()
    page.write_text(whole.replace(shown, "99.99<!-- /n -->"))
    assert render_results.main([*arguments, "--check"]) == 1
    assert "a.md differs from experiments/" in capsys.readouterr().err
    page.write_text(f"{whole}It takes 12 seconds.\n")
    assert render_results.main([*arguments, "--check"]) == 1
    assert "Received: '12 seconds'" in capsys.readouterr().err
