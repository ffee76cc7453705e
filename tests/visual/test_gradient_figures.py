"""Figures 1, 1(d) and 3 show what they are given, also where kinds of samples are missing."""

from __future__ import annotations

import numpy as np
import pytest

from hsm.analysis import (
    AlphaRange,
    GradientAssignment,
    SampleKind,
    SoftmaxClassifier,
    gradient_norms_against_norm,
)
from hsm.visual.files import write_figure
from hsm.visual.gradient_figure import draw_gradient_figure
from hsm.visual.kind_shares_figure import draw_kind_shares
from hsm.visual.kind_styles import KIND_HATCHES, KIND_STYLES
from hsm.visual.norm_figure import draw_norm_figure

ALPHAS = np.geomspace(0.1, 128, 21)
RANGE = AlphaRange(3.0, 6.0, 12.0, 2.0)


def curves(*, without=None):
    features = np.ones((21, 3, 3)) * ALPHAS[:, None, None] * [0.5, 1.0, 2.0]
    weights = np.ones((21, 3, 3)) * ALPHAS[:, None, None]
    counts = np.array([5, 6, 7])
    if without is not None:
        features[:, without] = weights[:, without] = np.nan
        counts[without] = 0
    return GradientAssignment(ALPHAS, counts, features, weights)


def texts(panel):
    return [text.get_text() for text in panel.texts]


def test_figure_1_shows_kinds_roles_and_the_range():
    figure = draw_gradient_figure(curves(), RANGE, title="a title")
    above, *below = figure.axes
    labels = [text.get_text() for text in above.get_legend().get_texts()]
    assert labels == ["incorrect (5)", "boundary (6)", "centroid (7)"]
    assert {"small", "intermediate", "large"} <= set(texts(above))
    assert texts(below[0])[0].endswith("boundary samples")
    assert texts(below[1])[0].endswith("incorrect samples")
    medians = {line.get_label(): line.get_ydata() for line in above.lines}
    np.testing.assert_allclose(medians["boundary (6)"], ALPHAS)
    for panel in figure.axes:
        assert panel.get_xlim() == (ALPHAS[0], ALPHAS[-1])
        assert [line.get_xdata()[0] for line in panel.lines].count(RANGE.best) == 1


@pytest.mark.parametrize("kind", SampleKind)
def test_figure_1_without_a_kind(tmp_path, kind):
    found = None if kind == SampleKind.BOUNDARY else RANGE
    figure = draw_gradient_figure(curves(without=kind), found, title="a title")
    assert f"{kind.name.lower()} (0)" in str(
        [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    )
    assert len(write_figure(figure, tmp_path / "figure1")) == 2


@pytest.mark.parametrize("epochs", [[0, 40, 50], list(range(51))])
def test_figure_1d_stacks_the_shares_to_a_hundred(tmp_path, epochs):
    shares = np.random.default_rng(0).dirichlet([1, 1, 1], len(epochs))
    ranges = [None, *[RANGE] * (len(epochs) - 1)]
    figure = draw_kind_shares(epochs, [16.0] * len(epochs), shares=shares, ranges=ranges, title="t")
    bars = figure.axes[0].patches
    assert len(bars) == 3 * len(epochs)
    tops = [bar.get_y() + bar.get_height() for bar in bars]
    np.testing.assert_allclose(tops[-len(epochs) :], 100.0)
    heights = np.reshape([bar.get_height() for bar in bars], (3, -1))
    np.testing.assert_allclose(heights[::-1].T, 100 * shares)
    write_figure(figure, tmp_path / "figure1d")


def test_figure_3_shows_curves_and_measured_points(tmp_path):
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(30, 4)), rng.integers(0, 3, 30)
    classifier = SoftmaxClassifier(rng.normal(size=(4, 3)))
    lengths = np.geomspace(0.1, 100, 9)
    found = gradient_norms_against_norm(classifier, features, labels=labels, norms=lengths)
    kinds = np.repeat([0, 1, 2], 10)
    norms = np.linalg.norm(features, axis=1)
    figure = draw_norm_figure(found, kinds, norms=norms, measured=np.ones(30), title="t")
    upper, lower = figure.axes
    assert [line.get_label() for line in upper.lines][:3] == [
        "incorrect (10)",
        "boundary (10)",
        "centroid (10)",
    ]
    np.testing.assert_allclose(np.concatenate([line.get_xdata() for line in lower.lines]), norms)
    write_figure(figure, tmp_path / "figure3")


def test_kinds_are_told_apart_without_colour():
    assert len({style.marker for style in KIND_STYLES.values()}) == 3
    assert len({style.dashes for style in KIND_STYLES.values()}) == 3
    assert len(set(KIND_HATCHES.values())) == 3
