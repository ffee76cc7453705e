"""The pages' results follow from the records: on made-up files, and on the real ones."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import render_results
from flag_files import flag_files
from fuzzing.table import KINDS
from support.record_factory import make_record

from hsm import records
from hsm.experiments.config import RunConfig
from hsm.experiments.config.recipes import RECIPES

README = """# Title

<!-- results:table1/digits -->
old
<!-- /results:table1/digits -->

Between.

<!-- results:table1/omniglot --><!-- /results:table1/omniglot -->
End.
"""


@pytest.fixture
def project(tmp_path):
    """The arguments for a README with two blocks and its records."""
    readme, directory = tmp_path / "README.md", tmp_path / "records"
    readme.write_text(README)
    for dataset in ("digits", "omniglot"):
        records.write(make_record("BN", dataset=dataset), directory / "table1")
    docs = tmp_path / "docs"
    (docs / "results").mkdir(parents=True)
    places = ["--pages", str(readme), str(docs), f"--records={directory}"]
    none = [
        f"--{name}={tmp_path / 'none'}"
        for name in ("benchmarks", "robustness", "exports", "first_steps")
    ]
    return [*places, *none], readme, directory


def test_blocks_are_filled_and_the_rest_stays(project):
    arguments, readme, _ = project
    assert render_results.main(arguments) == 0
    text = readme.read_text()
    assert text.startswith(
        "# Title\n\n<!-- results:table1/digits -->\n\n**digits: final epoch, percent**"
    )
    assert "old" not in text
    assert "\n\nBetween.\n\n" in text
    assert text.endswith("<!-- /results:table1/omniglot -->\nEnd.\n")
    assert text.index("**digits") < text.index("Between.") < text.index("**omniglot")


def test_rendering_twice_changes_nothing(project):
    arguments, readme, _ = project
    render_results.main(arguments)
    once = readme.read_text()
    render_results.main(arguments)
    assert readme.read_text() == once


def test_check_accepts_a_rendered_readme(project):
    arguments, *_ = project
    render_results.main(arguments)
    assert render_results.main([*arguments, "--check"]) == 0


def test_check_finds_a_number_that_was_edited_and_leaves_it(project, capsys):
    arguments, readme, _ = project
    render_results.main(arguments)
    edited = readme.read_text().replace("| BN | 50 | 57.50 |", "| BN | 50 | 99.99 |", 1)
    readme.write_text(edited)
    assert render_results.main([*arguments, "--check"]) == 1
    message = capsys.readouterr().err
    assert "README.md differs from experiments/ in 2 lines" in message
    assert "-| BN | 50 | 99.99 |" in message
    assert readme.read_text() == edited


def test_check_finds_a_record_that_was_added(project):
    arguments, _, directory = project
    render_results.main(arguments)
    records.write(make_record("SM"), directory / "table1")
    assert render_results.main([*arguments, "--check"]) == 1


def test_block_without_records_is_named(project, capsys):
    arguments, _, directory = project
    next(directory.glob("table1/omniglot*")).unlink()
    assert render_results.main(arguments) == 1
    assert "results:table1/omniglot has no records" in capsys.readouterr().err


def test_records_without_block_are_named(project, capsys):
    arguments, _, directory = project
    records.write(make_record("BN", dataset="cub100"), directory / "table1")
    assert render_results.main(arguments) == 1
    assert "results:table1/cub100 has no place on any page" in capsys.readouterr().err


def test_a_block_may_stand_on_any_page(project):
    arguments, readme, directory = project
    page = readme.parent / "docs" / "results" / "birds.md"
    page.write_text("<!-- results:table1/cub100 -->\n<!-- /results:table1/cub100 -->\n")
    records.write(make_record("BN", dataset="cub100"), directory / "table1")
    assert render_results.main([*arguments, "--check"]) == 1
    assert render_results.main(arguments) == 0
    assert "**cub100: final epoch, percent**" in page.read_text()
    assert "cub100" not in readme.read_text()


def test_check_reads_every_page_and_names_the_one_that_differs(project, capsys):
    arguments, readme, directory = project
    page = readme.parent / "docs" / "results" / "birds.md"
    page.write_text("<!-- results:table1/cub100 -->\n<!-- /results:table1/cub100 -->\n")
    records.write(make_record("BN", dataset="cub100"), directory / "table1")
    render_results.main(arguments)
    page.write_text(page.read_text().replace("57.50", "99.99", 1))
    assert render_results.main([*arguments, "--check"]) == 1
    message = capsys.readouterr().err
    assert "birds.md differs from experiments/ in 2 lines" in message
    assert "README.md differs" not in message


def test_a_block_on_two_pages_is_refused(project, capsys):
    arguments, readme, _ = project
    (readme.parent / "docs" / "again.md").write_text(README)
    assert render_results.main(arguments) == 1
    message = capsys.readouterr().err
    assert "results:table1/digits must be on one page" in message
    assert "README.md" in message
    assert "again.md" in message


def test_the_first_table_alone_may_stand_on_several_pages(project):
    arguments, readme, _ = project
    excerpt = "<!-- final_epoch:table1/digits --><!-- /final_epoch:table1/digits -->\n"
    pages = [readme.parent / "docs" / name for name in ("one.md", "two.md")]
    for page in pages:
        page.write_text(excerpt)
    assert render_results.main(arguments) == 0
    whole = readme.read_text()
    for page in pages:
        table = page.read_text().split("-->")[1].removesuffix("<!-- /final_epoch:table1/digits ")
        assert table.startswith("\n\n**digits: final epoch, percent**")
        assert table.count("**digits: ") == 1
        assert table in whole


def test_a_folder_is_drawn_as_the_table_that_it_is_named_after():
    runs = [make_record("SM"), make_record("BN")]
    texts = render_results.result_texts({"table1_more": runs})
    assert "| Method | Epoch | NMI |" in texts["results:table1_more/digits"]
    texts = render_results.result_texts({"table3": runs})
    assert "| Dimensions | SM | α = 16 |" in texts["results:table3/digits"]
    with pytest.raises(ValueError, match=r"must start with .*table4. Received: figure1"):
        render_results.result_texts({"figure1": runs})


def test_a_benchmark_is_a_table_and_other_files_are_none(tmp_path):
    machine = {
        "hardware": {"cpu": "A processor", "cores": 2},
        "versions": {"tensorflow": "2.99", "torch": "9.9"},
        "commit": "abcdef0123",
        "dirty": False,
    }
    (tmp_path / "quick.json").write_text(json.dumps({"machine": machine, "cases": []}))
    (tmp_path / "growth.json").write_text(json.dumps({"machine": machine, "train": []}))
    records.write(make_record("BN", precision="float32"), tmp_path / "narrow")
    texts = render_results.benchmark_texts(tmp_path)
    assert set(texts) == {"benchmarks:quick", "benchmarks:narrow"}
    assert texts["benchmarks:narrow"].endswith("| 60.50 | 62.50 | 57.50 |")
    assert "A processor, 2 cores" in texts["benchmarks:quick"]
    page = Path("performance.md")
    quick = {"benchmarks:quick": texts["benchmarks:quick"]}
    pages = {page: "<!-- benchmarks:quick --><!-- /benchmarks:quick -->"}
    assert "TensorFlow 2.99" in render_results.render(pages, quick)[page]


def test_a_fuzz_run_is_a_table_with_a_sum(tmp_path):
    counts = {"inputs": 1200, **dict.fromkeys(KINDS, 0), "read": 200, "refused": 1000}
    content = {
        "seed": 7,
        "commit": "abcdef0123",
        "python": "3.11.7",
        "versions": {"keras": "3.15.1"},
        "seconds": 120,
        "formats": {"record": {**counts, "growth_mib": 0.2}, ".h5": {**counts, "growth_mib": 3}},
    }
    (tmp_path / "fuzz.json").write_text(json.dumps(content))
    (text,) = render_results.robustness_texts(tmp_path).values()
    zeros = " | ".join(["0"] * (len(KINDS) - 2))
    assert f"| **all** | 2,400 | 400 | 2,000 | {zeros} | 3 |" in text
    assert "Seed 7, Python 3.11.7, keras 3.15.1; commit abcdef0; 2 minutes." in text


@pytest.mark.parametrize(
    "marks",
    [
        "<!-- results:table1/digits -->",
        "<!-- /results:table1/digits --> <!-- results:table1/digits -->",
        "<!-- results:a --> <!-- results:b --> <!-- /results:a --> <!-- /results:b -->",
        "<!-- results:a --> <!-- /results:a --> <!-- results:a --> <!-- /results:a -->",
    ],
)
def test_marks_without_partner_are_refused(marks):
    with pytest.raises(
        ValueError, match=r"of a.md is opened once and closed.*Received the marks: "
    ):
        render_results.render({Path("a.md"): marks}, {})


def test_check_finds_a_flag_file_that_was_edited_or_removed(project, capsys):
    arguments, readme, _ = project
    render_results.main(arguments)
    path = readme.parent / "digits.cfg"
    path.write_text(path.read_text().replace("--epochs=40", "--epochs=4"))
    (readme.parent / "mnist.cfg").unlink()
    assert render_results.main([*arguments, "--check"]) == 1
    message = capsys.readouterr().err
    assert "digits.cfg differs from experiments/ in 2 lines" in message
    assert "---epochs=4\n+--epochs=40" in message
    assert "mnist.cfg differs" in message
    assert "cars196.cfg differs" not in message


def run_of_the_recipe(method, dataset="omniglot", **changes):
    """A record with the settings that a data set's flag file holds, but for `changes`."""
    settings = {**RECIPES["paper"][dataset], **changes}
    config = RunConfig(dataset=dataset, method=method, **settings)
    record = make_record(method, dataset=dataset)
    return replace(record, config=config, name=config.name)


def test_a_flag_files_heading_is_the_table_of_the_runs_that_it_gives():
    given = [run_of_the_recipe("BN"), run_of_the_recipe("HBN")]
    others = [run_of_the_recipe("SM", alpha=1.0, epochs=6), run_of_the_recipe("LN", limit=9)]
    files = flag_files([*given, *others])
    heading, flags = files["omniglot.cfg"].split("\n\n")
    assert "# With --seeds=0 it gave:\n#\n# omniglot: final epoch, percent\n" in heading
    assert re.search(r"\n# BN +50 +•?57\.50 +•?62\.50", heading)
    assert re.search(r"\n# HBN +50 +•70\.00 +•75\.00", heading)
    assert not re.search(r"\n# (SM|LN) .*\d", heading)
    assert "# Runs: commit 0123456, TensorFlow 2.21.0, float32, 2 cores of a processor, " in heading
    assert "1.0 minutes a run" in heading
    assert all(line.startswith("#") for line in heading.splitlines())
    assert all(line.startswith("--") for line in flags.splitlines())
    assert files["digits.cfg"].split("\n\n")[0].endswith("\n# Not run here with these numbers.")


def test_a_flag_file_leaves_the_weights_open():
    runs = [run_of_the_recipe("HBN", "cars196", weights="a.caffemodel", limit=limit)
            for limit in (None, 64)]  # fmt: skip
    assert "# HBN  " in flag_files(runs[:1])["cars196.cfg"]
    assert "# Not run here" in flag_files(runs[1:])["cars196.cfg"]


def test_the_pages_of_this_project_agree_with_its_records(capsys):
    assert render_results.main(["--check"]) == 0, capsys.readouterr().err
