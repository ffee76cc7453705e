"""Tables from made-up records: the numbers against NumPy, and every shape that a set can have."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from support.record_factory import LEVELS, QUERIES, changed, first_hits, make_record

from hsm.experiments.reporting import summary, table_writers
from hsm.experiments.reporting.metric_columns import nmi, recall
from hsm.experiments.reporting.paper_numbers import published_table
from hsm.records import STAGES, PartCounts, pack_hits

METHODS = ("SM", "LN", "BN", "HLN", "HBN")
PAIRS = ("HBN − BN", "HLN − LN", "BN − SM")


def full_set(dataset="digits", seeds=(0,)):
    return [make_record(m, seed=s, dataset=dataset) for s in seeds for m in METHODS]


def table_header(text, title):
    """The column names of the grid whose title starts with `title`."""
    return re.split(r"\s{2,}", text[text.index(title) :].splitlines()[2])


def table_lines(text, title):
    """The rows of the grid whose title starts with `title`, by their first cell."""
    rows = text[text.index(title) :].split("\n\n")[1].splitlines()[2:]
    return {cells[0]: cells for cells in (re.split(r"\s{2,}", row) for row in rows)}


def test_rows_stand_in_the_order_of_the_table():
    text = table_writers.render_text([make_record("pretrained"), *reversed(full_set())])
    labels = list(table_lines(text, "digits: final epoch, percent"))
    assert labels == [
        "pretrained",
        "SM",
        "LN at switch",
        "LN",
        "HLN",
        "BN at switch",
        "BN",
        "HBN",
    ]


def test_one_seed_is_written_in_percent_without_deviation():
    row = table_lines(table_writers.render_text(full_set()), "digits: final epoch")["HBN"]
    assert row == ["HBN", "50", "•70.00", "•75.00", "•77.50", "•82.50", "•92.50"]


def test_the_best_of_every_score_is_marked_and_no_epoch():
    lines = table_lines(table_writers.render_text(full_set()), "digits: final epoch")
    marked = {name for name, cells in lines.items() if any("•" in cell for cell in cells)}
    assert marked == {"HBN"}
    tied = [make_record("SM"), changed(make_record("BN"), "final", make_record("SM").final)]
    assert "•" not in table_lines(table_writers.render_text(tied), "digits: final")["SM"]
    assert "•" not in table_writers.render_text([make_record("SM")])


def test_switch_row_is_the_unheated_method_at_the_switch():
    row = table_lines(table_writers.render_text(full_set()), "digits: final epoch")["BN at switch"]
    expected = 100 * (LEVELS["BN"] / QUERIES - 0.02)
    assert row[:4] == ["BN at switch", "40", f"{expected - 5:.2f}", f"{expected:.2f}"]


def test_several_seeds_give_mean_and_sample_deviation():
    text = table_writers.render_text(full_set(seeds=(0, 1, 2)))
    values = 100 * (LEVELS["LN"] + np.arange(3)) / QUERIES
    row = table_lines(text, "digits: final epoch")["LN"]
    assert row[3] == f"{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}"
    assert "over 3 seeds" in text


def test_unequal_numbers_of_seeds_are_stated_by_row():
    text = table_writers.render_text([*full_set(), make_record("HBN", seed=1)])
    assert "HBN 2" in text
    assert "SM 1" in text
    assert table_lines(text, "digits: final epoch")["SM"][3] == "50.00"


def test_only_methods_that_were_run_have_rows():
    text = table_writers.render_text([make_record("SM"), make_record("BN")])
    rows = table_lines(text, "digits: final epoch")
    assert {name for name in rows if name.startswith(("SM", "BN"))} == {"SM", "BN at switch", "BN"}
    assert not rows.keys() & {"HBN", "HLN", "LN", "LN at switch", "pretrained"}
    assert table_header(text, "digits: differences") == ["Metric", "BN − SM"]


def test_no_differences_without_a_pair():
    assert "differences" not in table_writers.render_text([make_record("SM"), make_record("LN")])


def test_best_epoch_stands_apart_and_says_on_what_it_was_chosen():
    runs = full_set()
    best = replace(runs[4].best, epoch=30, recall={1: 0.99, 2: 1, 4: 1, 8: 1})
    runs[4] = replace(runs[4], best=best)
    text = table_writers.render_text(runs)
    best = table_lines(text, "digits: best epoch, chosen on the test classes")
    assert best["HBN"][1:4] == ["30", "•70.00", "•99.00"]
    assert table_lines(text, "digits: final epoch")["HBN"][3] == "•75.00"


def test_unnormalized_features_have_their_own_table():
    runs = full_set()
    runs[0] = changed(runs[0], "unnormalized.recall.1", 0.123)
    text = table_writers.render_text(runs)
    assert table_lines(text, "digits: final epoch, features not length")["SM"][3] == "12.30"


def test_papers_numbers_stand_beside_only_their_own_data_set():
    text = table_writers.render_markdown(
        [make_record("pretrained", dataset="cars196"), *full_set("cars196")]
    )
    title = "**cars196: Table 1 of the paper, ours at the final epoch and the difference, percent**"
    lines = text[text.index(title) :].split("\n\n")[1].splitlines()
    rows = {line.split(" | ")[0].strip("| "): line for line in lines}
    assert lines[0].startswith("| Method | NMI: paper | ours | Δ | R@1: paper | ours | Δ |")
    assert rows["HBN"].startswith("| HBN | 68.10 | 70.00 | +1.90 | 74.70 | 75.00 | +0.30 |")
    assert rows["SM"].startswith("| SM | 59.52 | 45.00 | −14.52 * | 60.76 |")
    assert "| [6] Proxy-NCA, quoted | 64.90 | – | – | 73.22 | – | – |" in text
    assert "* more than 2 points from the paper." in text
    assert "Paper: Table 1, on the whole of Cars196" in text
    assert not re.search("of the paper|Paper:", table_writers.render_text(full_set()))


def test_a_part_of_a_data_set_stands_beside_the_whole_without_the_quoted_methods():
    text = table_writers.render_markdown(full_set("cars196_half"))
    assert "Ours is a part of it: a difference says little." in text
    assert "quoted" not in text


def test_a_difference_of_less_than_two_points_is_not_marked():
    runs = []
    for run in full_set("cars196"):
        paper = published_table("cars196").scores[run.method]
        recalls = {k: paper.get(f"R@{k}", 50) / 100 for k in (1, 2, 4, 8)}
        near = changed(run, "final.nmi_arithmetic", paper["NMI"] / 100 + 0.0199)
        runs.append(changed(near, "final.recall", recalls))
    assert " *" not in table_writers.render_text(runs)
    assert "+1.99" in table_writers.render_text(runs)
    further = runs[0].final.nmi_arithmetic + 0.0002
    runs[0] = changed(runs[0], "final.nmi_arithmetic", further)
    assert "+2.01 *" in table_writers.render_text(runs)


def test_no_terminal_line_is_wider_than_100():
    runs = full_set("cars196_half", seeds=(0, 1, 2))
    name = "a processor with a very long name " * 6
    runs[0] = changed(runs[0], "provenance.hardware.cpu", name)
    assert max(map(len, table_writers.render_text(runs).splitlines())) <= 100


def test_difference_of_one_seed_has_the_interval_of_its_queries():
    text = table_writers.render_text(full_set())
    delta = first_hits("HBN", 0).astype(float) - first_hits("BN", 0)
    assert table_header(text, "digits: differences") == ["Metric", *PAIRS]
    cell = table_lines(text, "digits: differences")["R@1"][1]
    number, low, high = map(float, re.findall(r"[+-][\d.]+", cell.replace("−", "-")))
    assert number == pytest.approx(100 * delta.mean(), abs=0.005)
    samples = np.random.default_rng(7).choice(delta, size=(20_000, QUERIES)).mean(axis=1)
    np.testing.assert_allclose([low, high], 100 * np.percentile(samples, [2.5, 97.5]), atol=2.6)


def test_several_seeds_resample_queries_jointly():
    """Three copies of one seed tell nothing new: the interval must not shrink by √3."""
    once = [make_record("BN"), make_record("HBN")]
    thrice = []
    for seed in (0, 1, 2):
        for run in once:
            thrice.append(replace(run, seed=seed, name=f"{run.name[:-1]}{seed}"))
    columns = (recall(1), recall(4))
    single, joint = (summary.differences(runs, columns)[0] for runs in (once, thrice))
    assert (single.seeds, joint.seeds) == (1, 3)
    assert joint.values == single.values


def test_nmi_difference_is_of_the_means():
    clustering = nmi("arithmetic")
    difference = summary.differences(full_set(seeds=(0, 1)), (clustering,))[0]
    assert difference.label == "HBN − BN"
    assert difference.values[clustering] == pytest.approx((LEVELS["HBN"] - LEVELS["BN"]) / QUERIES)


def test_csv_holds_full_precision_and_the_means():
    rows = list(csv.DictReader(io.StringIO(table_writers.render_csv(full_set(seeds=(0, 1, 2))))))
    picked = {r["seed"]: r for r in rows if r["method"] == "HLN" and r["stage"] == "final"}
    assert list(picked) == ["0", "1", "2", "mean", "std"]
    values = (LEVELS["HLN"] + np.arange(3)) / QUERIES
    assert float(picked["2"]["recall@1"]) == values[2]
    assert float(picked["mean"]["nmi_geometric"]) == pytest.approx(np.mean(values) - 0.04)
    assert float(picked["std"]["recall@1"]) == pytest.approx(np.std(values, ddof=1))
    assert {r["stage"] for r in rows} == {"final", "best", "switch", "unnormalized"}


def test_markdown_table_has_as_many_cells_in_every_line():
    lines = [
        line
        for line in table_writers.render_markdown(full_set()).splitlines()
        if line.startswith("|")
    ]
    assert lines[0] == "| Method | Epoch | NMI | R@1 | R@2 | R@4 | R@8 |"
    assert {line.count("|") for line in lines[:9]} == {8}


def test_latex_escapes_names_and_writes_signs_in_math():
    text = table_writers.render_latex(full_set("my_birds", seeds=(0, 1)))
    assert r"\caption{my\_birds: final epoch, percent" in text
    assert r"$\pm$" in text
    assert r"95 \% paired" in text
    assert not re.search(r"[±−–]", text)
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 4


def test_write_tables_writes_three_files(tmp_path):
    paths = table_writers.write_tables(full_set(), tmp_path / "new", table="table1")
    assert [path.name for path in paths] == ["table1.md", "table1.csv", "table1.tex"]
    assert (
        (tmp_path / "new" / "table1.md").read_text().startswith("**digits: final epoch, percent**")
    )
    assert all(path.read_text().endswith("\n") for path in paths)


def test_every_data_set_has_its_own_tables():
    text = table_writers.render_text([*full_set("omniglot"), *full_set("digits")])
    assert text.index("omniglot: final epoch") < text.index("digits: final epoch")


def test_run_note_tells_commit_hardware_and_time():
    runs = full_set()
    runs[0] = changed(runs[0], "provenance.dirty", True)
    runs[1] = changed(runs[1], "seconds.train", 80.0)
    note = table_writers.render_markdown(runs)
    assert "commit 0123456 with local changes and commit 0123456" in note
    assert "2 cores of a processor" in note
    assert "1.0 to 1.5 minutes a run" in note


def test_run_note_tells_threads_that_are_not_the_cores():
    runs = full_set()
    runs[0] = changed(runs[0], "provenance.environment", {"intra_op_threads": 2})
    assert ", 2 cores of a processor, " in table_writers.render_markdown(runs)
    runs[0] = changed(runs[0], "provenance.environment", {"intra_op_threads": 1})
    note = table_writers.render_markdown(runs)
    assert "1 thread on 2 cores of a processor and 2 cores of a processor" in note


def test_run_note_tells_all_that_computed_a_run():
    runs = full_set()
    made = runs[0].provenance.to_json()
    first, last = {**made, "after_epoch": 0, "commit": "f" * 40}, {**made, "after_epoch": 3}
    runs[0] = changed(runs[0], "provenance.trained_with", (first, last))
    assert "commit fffffff and commit 0123456" in table_writers.render_markdown(runs)


def test_time_is_that_of_trained_runs():
    slow = changed(make_record("pretrained"), "seconds.evaluate", 6000.0)
    text = table_writers.render_text([slow, make_record("SM")])
    assert "1.0 minutes a run" in text
    assert "to 1.0 minutes" not in text
    assert "nothing trained" in table_writers.render_text([slow])


def test_settings_say_what_was_trained_how_long_and_how():
    text = " ".join(table_writers.render_text([make_record("SM")]).split())
    assert (
        "Settings: googlenet from a.caffemodel, 40 + 10 epochs, sgd, learning rate 0.004, "
        "batches of 32, 64 dimensions, profile paper." in text
    )
    assert "Settings" not in table_writers.render_text([make_record("pretrained")])


def _official(method, **config):
    return make_record(method, profile="official", nmi="geometric", **config)


def test_the_official_profile_is_named_and_shows_the_geometric_nmi():
    text = table_writers.render_text([_official("BN"), _official("HBN")])
    row = table_lines(text, "digits: final epoch")["BN"]
    recall = 100 * LEVELS["BN"] / QUERIES
    assert row[2:4] == [f"{recall - 4:.2f}", f"{recall:.2f}"]
    flat = " ".join(text.split())
    assert "NMI with the geometric mean of the entropies" in flat
    assert "64 dimensions, profile official." in flat


def test_variants_stand_below_their_method():
    runs = full_set()
    smoothed = make_record("SM", label_smoothing=0.1)
    kept = make_record("HBN", heated_alpha=16.0)
    text = table_writers.render_text([*runs, smoothed, kept])
    labels = list(table_lines(text, "digits: final epoch, percent"))
    assert labels[:2] == ["SM", "SM, label smoothing 0.1"]
    assert labels[-2:] == ["HBN", "HBN, α kept"]
    assert "HBN − HBN, α kept" in text
    assert "SM, label smoothing 0.1 − SM" in text


def test_profiles_do_not_go_into_one_table():
    with pytest.raises(
        ValueError, match="one profile in the records of a table. .* has paper, .* has official"
    ):
        table_writers.render_text([make_record("BN"), _official("HBN")])


def test_no_records_are_refused():
    with pytest.raises(ValueError, match="at least one record. Received: none. Run table1 first"):
        table_writers.render_text([])


def test_two_records_of_one_method_and_seed_are_refused():
    twin = replace(make_record("SM", heated_epochs=3), name="digits-SM-other-seed0")
    message = r"SM, seed 0. Received: .*-SM-1a2b.* and digits-SM-other.* heated_epochs \(10 and 3\)"
    with pytest.raises(ValueError, match=message):
        table_writers.render_text([make_record("SM"), twin])


def test_records_of_different_data_are_refused():
    other = changed(make_record("BN"), "data.checksum", "0" * 64)
    with pytest.raises(ValueError, match=r"one set of data.*checksum feedbeeffeed.*000000000000"):
        table_writers.render_text([make_record("SM"), other])


def _rescored(record, **scores):
    """The record with other scores in every evaluation that tables show."""
    rows = {stage: record.stage(stage) for stage in STAGES}
    return replace(record, **{s: row and replace(row, **scores) for s, row in rows.items()})


def _in_gallery(record):
    """The record, of a table with a gallery: no NMI."""
    record = _rescored(record, nmi_arithmetic=None, nmi_geometric=None, num_gallery=40)
    record = changed(record, "config.split", "query_gallery")
    return changed(record, "data.gallery", PartCounts(images=40, classes=5))


def test_table_2_has_no_nmi_and_names_the_gallery():
    runs = [_in_gallery(run) for run in full_set("inshop")]
    text = table_writers.render_text(runs, "table2")
    assert table_header(text, "inshop: final epoch")[:3] == ["Method", "Epoch", "R@1"]
    assert "NMI" not in text
    assert "looked up in a gallery of 40 others" in " ".join(text.split())
    assert re.search(r"\[8\] hard-aware cascade, quoted +62.10", text)
    assert "recall@1" in table_writers.render_csv(runs)


def _classified(record, right):
    """The record, of a split for classification, with `right` of its images named rightly."""
    record = _rescored(record, accuracy=right / QUERIES, nmi_arithmetic=None)
    record = changed(record, "config.split", "classification")
    return changed(record, "hits.final.accuracy", pack_hits(np.arange(QUERIES) < right))


def test_table_4_shows_the_accuracy_alone_beside_the_papers():
    levels = dict(zip(METHODS, (30, 31, 32, 33, 34), strict=True))
    runs = [_classified(make_record(m, dataset="cars196"), right) for m, right in levels.items()]
    text = table_writers.render_text(runs, "table4")
    assert table_header(text, "cars196: final epoch") == ["Method", "Epoch", "accuracy"]
    assert table_lines(text, "cars196: final epoch")["HBN"] == ["HBN", "50", "•85.00"]
    assert table_lines(text, "cars196: Table 4")["HBN"] == ["HBN", "87.00", "85.00", "−2.00"]
    assert "best epoch, chosen on the test images by accuracy" in text
    assert "R@1" not in text
    assert "length-normalised" not in text
    assert "the training classes, of which other images trained" in text
    assert "accuracy" in table_writers.render_csv(runs).splitlines()[0]
    cell = table_lines(text, "cars196: differences")["accuracy"][1]
    assert cell.startswith("+5.00 [")


def _column(method, alpha=16.0, dims=64, seed=0, dataset="cars196"):
    return make_record(method, seed=seed, dataset=dataset, alpha=alpha, embedding_dim=dims)


def test_table_3_has_a_line_a_width_and_a_column_an_alpha():
    runs = [
        _column(method, alpha, dims)
        for dims in (128, 64)
        for method, alpha in (("HBN", 16.0), ("BN", 64.0), ("BN", 4.0), ("SM", 16.0))
    ]
    text = table_writers.render_text(runs, "table3")
    header = table_header(text, "cars196: R@1 at the final epoch")
    assert header == ["Dimensions", "SM", "α = 4", "α = 64", "HBN"]
    lines = table_lines(text, "cars196: R@1 at the final epoch")
    assert list(lines) == [f"{k}, {what}" for k in (64, 128) for what in ("paper", "ours", "Δ")]
    assert lines["64, paper"][1:] == ["60.80", "67.40", "62.50", "74.00"]
    assert lines["128, ours"][1:] == ["50.00", "62.50", "62.50", "•75.00"]
    assert lines["128, Δ"][1:] == ["−15.20 *", "−9.10 *", "−4.10 *", "−2.50 *"]
    assert "HBN: BN heated up, α 16 → 4." in text
    gains = table_lines(text, "cars196: R@1 of HBN minus that of the others")
    assert gains["64"][1].startswith("+25.00 [")
    assert gains["128"][2].startswith("+12.50 [")
    assert "cars196: R@1 at the best epoch, chosen on the test classes" in text
    assert "cars196: NMI at the final epoch" in text


def test_table_3_averages_seeds_and_leaves_what_was_not_run_open():
    runs = [_column("BN", 4.0, seed=s, dataset="digits") for s in (0, 1)]
    text = table_writers.render_text([*runs, _column("SM", dims=128, dataset="digits")], "table3")
    lines = table_lines(text, "digits: R@1 at the final epoch")
    values = 100 * (LEVELS["BN"] + np.arange(2)) / QUERIES
    assert lines["64"] == ["64", "–", f"{values.mean():.2f} ± {values.std(ddof=1):.2f}"]
    assert lines["128"] == ["128", "50.00", "–"]
    assert "of HBN minus" not in text
    assert "as many as: 64 α = 4 2, 128 SM 1" in " ".join(text.split())


def test_table_3_refuses_two_records_of_one_cell():
    runs = [_column("BN", 4.0), replace(_column("BN", 4.0), name="other")]
    with pytest.raises(ValueError, match=r"one record for BN, seed 0. Received: .* and other"):
        table_writers.render_text(runs, "table3")
