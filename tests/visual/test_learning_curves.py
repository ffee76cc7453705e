"""What the learning curves show, read back from the figure."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from support.record_factory import make_evaluation, make_record

from hsm.visual.learning_curves import curve, draw_learning_curves, write_learning_curves
from hsm.visual.style import COLUMN_WIDTH, look

METHODS = ("pretrained", "SM", "LN", "BN", "HLN", "HBN")


def full_set(seeds=(0,), dataset="digits"):
    return [make_record(m, seed=s, dataset=dataset) for s in seeds for m in METHODS]


def lines_of(panel):
    return {line.get_label(): line for line in panel.get_lines()}


def test_each_panel_has_a_line_per_method_with_its_metric():
    recall, nmi = draw_learning_curves(full_set()).axes
    expected = [make_evaluation("BN", 0, e) for e in (10, 20, 30, 40, 50)]
    np.testing.assert_array_equal(lines_of(recall)["BN"].get_xdata(), [10, 20, 30, 40, 50])
    np.testing.assert_allclose(
        lines_of(recall)["BN"].get_ydata(), [100 * e["recall"]["1"] for e in expected]
    )
    np.testing.assert_allclose(
        lines_of(nmi)["BN"].get_ydata(), [100 * e["nmi_arithmetic"] for e in expected]
    )
    assert set(METHODS) <= set(lines_of(recall))


def test_heated_methods_start_at_the_switch():
    recall, _ = draw_learning_curves(full_set()).axes
    assert list(lines_of(recall)["HBN"].get_xdata()) == [40, 50]


def test_heated_curve_leaves_out_what_lies_before_the_switch():
    record = make_record("HLN")
    record["evaluations"] = [make_evaluation("HLN", 0, e) for e in (20, 30, 40, 50)]
    assert list(curve(record, "recall")) == [40, 50]
    record["switch"] = None
    assert list(curve(record, "recall")) == [40, 50]


def test_switch_is_marked_in_both_panels():
    for panel in draw_learning_curves(full_set()).axes:
        marks = [line for line in panel.get_lines() if list(line.get_xdata()) == [40, 40]]
        assert len(marks) == 1


def test_pretrained_feature_is_a_level():
    recall, _ = draw_learning_curves(full_set()).axes
    level = 100 * make_evaluation("pretrained", 0, 0)["recall"]["1"]
    assert list(lines_of(recall)["pretrained"].get_ydata()) == [level, level]


def test_several_seeds_give_mean_line_and_band():
    recall, _ = draw_learning_curves(full_set(seeds=(0, 1, 2))).axes
    values = [100 * make_evaluation("SM", s, 50)["recall"]["1"] for s in (0, 1, 2)]
    assert lines_of(recall)["SM"].get_ydata()[-1] == pytest.approx(np.mean(values))
    bands = [np.concatenate([p.vertices for p in band.get_paths()]) for band in recall.collections]
    assert len(bands) == 5
    tops = [band[band[:, 0] == 50][:, 1].max() for band in bands]
    assert min(tops) == pytest.approx(np.mean(values) + np.std(values, ddof=1))


def test_one_seed_has_no_band():
    assert not draw_learning_curves(full_set()).axes[0].collections


def test_methods_differ_in_color_and_in_marker():
    recall, _ = draw_learning_curves(full_set()).axes
    lines = [line for label, line in lines_of(recall).items() if label in METHODS]
    assert len({line.get_color() for line in lines}) == len(METHODS)
    assert len({line.get_marker() for line in lines}) == len(METHODS)


@pytest.mark.parametrize("dataset", ["digits", "a_folder_with_a_rather_long_name_" * 3])
@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_nothing_is_clipped_at_column_width(dataset, seeds):
    with look():
        figure = draw_learning_curves(full_set(seeds, dataset))
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        box = figure.get_tightbbox(canvas.get_renderer())
    width, height = figure.get_size_inches()
    assert width == COLUMN_WIDTH
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= width
    assert box.y1 <= height
    assert min(panel.get_position().height for panel in figure.axes) > 0.2


def test_files_are_written_and_repeatable(tmp_path):
    first = write_learning_curves(full_set(), tmp_path / "a")
    second = write_learning_curves(full_set(), tmp_path / "b")
    assert [path.name for path in first] == [
        "learning_curves_digits.png",
        "learning_curves_digits.pdf",
    ]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    assert Image.open(first[0]).width == COLUMN_WIDTH * 200
    assert first[1].read_bytes().startswith(b"%PDF")


def test_every_trained_data_set_has_its_own_figure(tmp_path):
    sets = [*full_set(), make_record("BN", dataset="v1.5"), make_record("pretrained", dataset="x")]
    names = [path.name for path in write_learning_curves(sets, tmp_path)]
    assert names == [
        "learning_curves_digits.png",
        "learning_curves_digits.pdf",
        "learning_curves_v1.5.png",
        "learning_curves_v1.5.pdf",
    ]


def test_gradual_heating_has_a_whole_curve_and_no_switch():
    record = make_record("HBN")
    record["switch_epoch"] = record["switch"] = None
    assert list(curve(record, "recall")) == [50]
    recall, _ = draw_learning_curves([record]).axes
    assert "switch" not in recall.get_title()
    assert set(lines_of(recall)) == {"HBN"}


def test_the_nmi_is_the_one_that_the_profile_shows():
    record = make_record("BN")
    record["config"]["nmi"] = "geometric"
    evaluation = make_evaluation("BN", 0, 50)
    assert curve(record, "nmi")[50] == pytest.approx(100 * evaluation["nmi_geometric"])


def test_variants_have_a_line_of_their_own_in_the_colour_of_their_method():
    smoothed = [{**make_record("SM"), "row": f"SM, {n}"} for n in ("one", "two")]
    runs = [*smoothed, *({**run, "row": run["method"]} for run in full_set())]
    recall, _ = draw_learning_curves(runs, name_of=lambda run: run["row"]).axes
    lines = lines_of(recall)
    names = [name for name in lines if name.startswith("SM")]
    assert names == ["SM", "SM, one", "SM, two"]
    assert len({lines[name].get_color() for name in names}) == 1
    # Of a dashed line matplotlib tells no more than "--".
    dashes = {str(lines[name]._unscaled_dash_pattern) for name in names}
    assert len(dashes) == 3
    assert len({lines[name].get_marker() for name in names}) == 3


def test_the_title_speaks_of_the_method_and_not_of_a_variant_that_keeps_its_alpha():
    kept = make_record("HBN")
    kept["config"] |= {"heated_alpha": 16.0}
    runs = [{**kept, "row": "HBN, kept"}, {**make_record("HBN"), "row": "HBN"}]
    title = draw_learning_curves(runs, name_of=lambda run: run["row"]).axes[0].get_title()
    assert "α 16 → 4" in title
    alone = draw_learning_curves(runs[:1], name_of=lambda run: run["row"]).axes[0].get_title()
    assert "α 16 → 16" in alone


def test_what_was_not_scored_has_no_panel():
    def without_nmi(run):
        evaluations = [{**e, "nmi_arithmetic": None} for e in run["evaluations"]]
        return {
            **run,
            "evaluations": evaluations,
            "final": {**run["final"], "nmi_arithmetic": None},
        }

    (recall,) = draw_learning_curves([without_nmi(run) for run in full_set()]).axes
    assert recall.get_ylabel() == "Recall@1 (%)"


def test_a_classifier_is_drawn_by_its_accuracy():
    def classified(run):
        parts = {key: run[key] and {**run[key], "accuracy": 0.5} for key in ("final", "switch")}
        evaluations = [{**e, "accuracy": 0.25} for e in run["evaluations"]]
        return {**run, **parts, "evaluations": evaluations}

    trained = [classified(run) for run in full_set() if run["method"] != "pretrained"]
    (panel,) = draw_learning_curves(trained).axes
    assert panel.get_ylabel() == "Accuracy (%)"
    assert set(lines_of(panel)["BN"].get_ydata()) == {25.0}
