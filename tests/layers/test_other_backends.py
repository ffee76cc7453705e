"""On JAX and PyTorch layers, losses and schedule give what they give on TensorFlow, or refuse."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support import on_backend

from hsm import layers, losses

PROGRAM = Path(on_backend.__file__)
ROOT = PROGRAM.parents[2]
# These call TensorFlow itself.
REFUSED = {
    *("BGRPixels", "CeilMaxPooling2D", "ExampleDropout", "LocalResponseNormalization"),
}
WITHOUT = {
    "jax": "needs pip install jax, which TensorFlow imports, too, where it is there",
    "torch": "needs PyTorch, hundreds of megabytes that the extra test leaves to bench",
}


def results(backend):
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(PROGRAM)], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def expected():
    return results("tensorflow")


@pytest.fixture(scope="module", params=["jax", "torch"])
def found(request):
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(WITHOUT[request.param])
    made = results(request.param)
    assert made["backend"] == request.param
    return made


def test_every_public_layer_and_loss_is_tried():
    assert set(on_backend.LAYERS) == set(layers.__all__)
    assert set(on_backend.LOSSES) == {
        n for n in losses.__all__ if isinstance(getattr(losses, n), type)
    }


def test_what_needs_tensorflow_says_so_and_nothing_else_does(found):
    made = {**found["layers"], **found["losses"]}
    refused = {name: row["refused"] for name, row in made.items() if "refused" in row}
    assert set(refused) == REFUSED
    for name, sentence in refused.items():
        assert sentence.startswith(
            f"expected Keras on TensorFlow for {name}. Received: the backend"
        )


def test_layers_give_the_same_values_and_gradients(found, expected):
    for name in on_backend.LAYERS.keys() - REFUSED:
        ours, theirs = found["layers"][name], expected["layers"][name]
        for key in ("output", "gradient", "value"):
            np.testing.assert_allclose(
                ours[key], theirs[key], rtol=1e-4, atol=1e-5, err_msg=f"{name}.{key}"
            )
        if theirs["training"] is not None:
            np.testing.assert_allclose(ours["training"], theirs["training"], rtol=1e-4, atol=1e-5)
        assert ours["same_after_saving"], name
        assert ours["same_config"], name


def test_losses_give_the_same_values_and_gradients_and_train(found, expected):
    for name in on_backend.LOSSES.keys() - REFUSED:
        ours, theirs = found["losses"][name], expected["losses"][name]
        for key in ("value", "gradient"):
            np.testing.assert_allclose(
                ours[key], theirs[key], rtol=1e-4, atol=1e-5, err_msg=f"{name}.{key}"
            )
        assert ours["same_config"], name
        assert ours["history"][-1] < ours["history"][0], name
        np.testing.assert_allclose(ours["history"], theirs["history"], rtol=0.02, atol=0.01)


def test_the_callback_heats_up_and_the_loss_falls(found, expected):
    assert found["heated"]["alpha"] == [16.0] * 4 + [4.0] * 2
    assert found["heated"]["learning_rate"] == pytest.approx(expected["heated"]["learning_rate"])
    assert found["heated"]["loss"][3] < found["heated"]["loss"][0]
