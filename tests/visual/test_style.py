"""One look, whatever style is in force; and what a machine without matplotlib is told."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import matplotlib

from hsm.visual.style import RC, look, missing_matplotlib


def test_nothing_is_said_when_matplotlib_is_installed():
    assert missing_matplotlib("learning_curves.png") is None


def test_sentence_names_the_plot_and_the_remedy(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    sentence = missing_matplotlib("learning_curves.png")
    assert "learning_curves.png is left out" in sentence
    assert 'pip install "hsm-embedding[plots]"' in sentence


def test_importing_the_plots_does_not_import_matplotlib():
    code = "import sys, hsm.visual.learning_curves; print('matplotlib' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"


def test_the_users_style_does_not_count_within_and_does_afterwards():
    theirs = {"font.size": 30, "lines.linewidth": 9, "axes.facecolor": "red", "text.usetex": True}
    with matplotlib.rc_context(theirs):
        with look():
            assert matplotlib.rcParams["font.size"] == RC["font.size"]
            assert matplotlib.rcParams["axes.facecolor"] == "white"
            assert not matplotlib.rcParams["text.usetex"]
        assert theirs.items() <= matplotlib.rcParams.items()


def test_it_leaves_the_backend_alone():
    before = dict.__getitem__(matplotlib.rcParams, "backend")
    with look():
        assert dict.__getitem__(matplotlib.rcParams, "backend") == before
