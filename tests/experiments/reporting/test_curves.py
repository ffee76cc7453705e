"""What the learning curves show of records, read back from the figure."""

from __future__ import annotations

from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from support.record_factory import changed, make_evaluation, make_record

from hsm.experiments.reporting.curves import (
    curve_text,
    learning_curves,
    percent_by_epoch,
    write_curves,
)
from hsm.experiments.reporting.metric_columns import nmi, recall
from hsm.visual.learning_curves import draw_learning_curves
from hsm.visual.style import COLUMN_WIDTH, RC

METHODS = ("pretrained", "SM", "LN", "BN", "HLN", "HBN")


def full_set(seeds=(0,), dataset="digits"):
    return [make_record(m, seed=s, dataset=dataset) for s in seeds for m in METHODS]


def drawn(records):
    return draw_learning_curves(learning_curves(records))


def lines_of(panel):
    return {line.get_label(): line for line in panel.get_lines()}


def test_each_panel_has_a_line_per_method_with_its_metric():
    recalls, clustering = drawn(full_set()).axes
    expected = [make_evaluation("BN", 0, e) for e in (10, 20, 30, 40, 50)]
    np.testing.assert_array_equal(lines_of(recalls)["BN"].get_xdata(), [10, 20, 30, 40, 50])
    np.testing.assert_allclose(
        lines_of(recalls)["BN"].get_ydata(), [100 * e.recall[1] for e in expected]
    )
    np.testing.assert_allclose(
        lines_of(clustering)["BN"].get_ydata(), [100 * e.nmi_arithmetic for e in expected]
    )
    assert set(METHODS) <= set(lines_of(recalls))


def test_heated_methods_start_at_the_switch():
    recalls, _ = drawn(full_set()).axes
    assert list(lines_of(recalls)["HBN"].get_xdata()) == [40, 50]


def test_heated_curve_leaves_out_what_lies_before_the_switch():
    rows = tuple(make_evaluation("HLN", 0, e) for e in (20, 30, 40, 50))
    record = replace(make_record("HLN"), evaluations=rows)
    assert list(percent_by_epoch(record, recall(1))) == [40, 50]
    assert list(percent_by_epoch(replace(record, switch=None), recall(1))) == [40, 50]


def test_switch_is_marked_in_both_panels():
    for panel in drawn(full_set()).axes:
        marks = [line for line in panel.get_lines() if list(line.get_xdata()) == [40, 40]]
        assert len(marks) == 1


def test_pretrained_feature_is_a_level():
    recalls, _ = drawn(full_set()).axes
    level = 100 * make_evaluation("pretrained", 0, 0).recall[1]
    assert list(lines_of(recalls)["pretrained"].get_ydata()) == [level, level]


def test_several_seeds_give_mean_line_and_band():
    recalls, _ = drawn(full_set(seeds=(0, 1, 2))).axes
    values = [100 * make_evaluation("SM", s, 50).recall[1] for s in (0, 1, 2)]
    assert lines_of(recalls)["SM"].get_ydata()[-1] == pytest.approx(np.mean(values))
    bands = [np.concatenate([p.vertices for p in band.get_paths()]) for band in recalls.collections]
    assert len(bands) == 5
    tops = [band[band[:, 0] == 50][:, 1].max() for band in bands]
    assert min(tops) == pytest.approx(np.mean(values) + np.std(values, ddof=1))


@pytest.mark.parametrize("dataset", ["digits", "a_folder_with_a_rather_long_name_" * 3])
@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_nothing_is_clipped_at_column_width(dataset, seeds):
    with matplotlib.rc_context(dict(RC)):
        figure = drawn(full_set(seeds, dataset))
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


def test_every_trained_data_set_has_its_own_figure(tmp_path):
    sets = [*full_set(), make_record("BN", dataset="v1.5"), make_record("pretrained", dataset="x")]
    names = [path.name for path in write_curves(sets, tmp_path, stem="learning_curves")]
    assert names == [
        "learning_curves_digits.png",
        "learning_curves_digits.pdf",
        "learning_curves_v1.5.png",
        "learning_curves_v1.5.pdf",
    ]


def test_gradual_heating_has_a_whole_curve_and_no_switch():
    record = replace(make_record("HBN", heating="gradual"), switch_epoch=None, switch=None)
    assert list(percent_by_epoch(record, recall(1))) == [50]
    recalls, _ = drawn([record]).axes
    assert "switch" not in recalls.get_title()
    assert set(lines_of(recalls)) == {"HBN, gradual"}


def test_the_nmi_is_the_one_that_the_profile_shows():
    _, clustering = drawn([make_record("BN", nmi="geometric")]).axes
    expected = 100 * make_evaluation("BN", 0, 50).nmi_geometric
    assert lines_of(clustering)["BN"].get_ydata()[-1] == pytest.approx(expected)
    assert nmi("geometric").label == "NMI"


def test_variants_have_a_line_of_their_own_in_the_colour_of_their_method():
    smoothed = [make_record("SM", label_smoothing=share) for share in (0.1, 0.2)]
    recalls, _ = drawn([*smoothed, *full_set()]).axes
    lines = lines_of(recalls)
    names = [name for name in lines if name.startswith("SM")]
    assert names == ["SM", "SM, label smoothing 0.1", "SM, label smoothing 0.2"]
    assert len({lines[name].get_color() for name in names}) == 1
    # Of a dashed line matplotlib tells no more than "--".
    dashes = {str(lines[name]._unscaled_dash_pattern) for name in names}
    assert len(dashes) == 3
    assert len({lines[name].get_marker() for name in names}) == 3


def test_the_title_speaks_of_the_method_and_not_of_a_variant_that_keeps_its_alpha():
    runs = [make_record("HBN", heated_alpha=16.0), make_record("HBN")]
    assert "α 16 → 4" in drawn(runs).axes[0].get_title()
    assert "α 16 → 16" in drawn(runs[:1]).axes[0].get_title()


def test_what_was_not_scored_has_no_panel():
    def without_nmi(run):
        rows = tuple(replace(row, nmi_arithmetic=None) for row in run.evaluations)
        return changed(replace(run, evaluations=rows), "final.nmi_arithmetic", None)

    (recalls,) = drawn([without_nmi(run) for run in full_set()]).axes
    assert recalls.get_ylabel() == "Recall@1 (%)"


def test_a_classifier_is_drawn_by_its_accuracy():
    def classified(run):
        rows = tuple(replace(row, accuracy=0.25) for row in run.evaluations)
        return changed(replace(run, evaluations=rows), "final.accuracy", 0.5)

    trained = [classified(run) for run in full_set() if run.method != "pretrained"]
    (panel,) = drawn(trained).axes
    assert panel.get_ylabel() == "Accuracy (%)"
    assert set(lines_of(panel)["BN"].get_ydata()) == {25.0}


def test_curves_are_told_in_words():
    text = curve_text(full_set())
    assert text.startswith("Scores against the epoch. R@1 at the end, percent: pretrained ")
