"""What a machine without matplotlib is told."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

from hsm.visual.style import missing_matplotlib


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
