"""What a run says of features that became one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hsm.experiments.runs.console_log import ConsoleLog
from hsm.experiments.runs.runner import Runner
from hsm.experiments.runs.workspace import Workspace
from hsm.training.collapse import Collapse

FOUND = Collapse(epoch=2, step=5, cosine=0.99996, start=0.41)


@pytest.mark.parametrize(
    ("changes", "remedies"),
    [
        ({}, "Try a learning_rate below 0.004."),
        (
            {"optimizer": "adam", "learning_rate": 0.01},
            "Try a learning_rate below 0.01, or an adam_epsilon above 1e-07 (the released code's "
            "is 0.01).",
        ),
        (
            {"backbone": "googlenet", "weights": "a.caffemodel"},
            "Try a learning_rate below 0.004, and check that a.caffemodel holds weights for "
            "googlenet.",
        ),
    ],
    ids=["sgd", "adam", "weights"],
)
def test_the_sentence_names_place_likeness_and_the_runs_own_remedies(
    quick_config, changes, remedies
):
    said = []
    ConsoleLog(replace(quick_config, **changes), said.append, model=None).collapse(FOUND)
    assert said == [
        "digits BN seed 0 epoch 2: the features collapsed. The pooled ones of different classes "
        "have a mean cosine of 0.999960 before step 5; at the start it was 0.410000. " + remedies
    ]


@pytest.mark.parametrize(("rate", "times"), [(1.0, 1), (0.001, 0)])
def test_a_run_says_it_once_or_not_at_all(tmp_path, few_digits, quick_config, rate, times):
    changes = {"backbone": "lenet", "method": "LN", "batch_size": 2, "optimizer": "adam"}
    said = []
    runner = Runner(few_digits, Workspace(tmp_path), report=said.append)
    runner.run(replace(quick_config, **changes, learning_rate=rate))
    assert sum("the features collapsed" in line for line in said) == times
