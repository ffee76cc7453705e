"""build_backbone: names, sizes and errors."""

from __future__ import annotations

import numpy as np
import pytest

from hsm.models import build_backbone


@pytest.mark.parametrize(("name", "size", "dim"), [("convnet", 28, 128), ("googlenet", 64, 1024)])
def test_builds_by_name(name, size, dim):
    backbone = build_backbone(name, size, dtype="mixed_bfloat16")
    assert backbone.input_shape == (None, size, size, 3)
    assert backbone.output_shape == (None, dim)
    assert any(layer.compute_dtype == "bfloat16" for layer in backbone.layers)


def test_passes_the_seed_on():
    first, second = (build_backbone("convnet", 28, seed=3).get_weights()[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_passes_the_weights_on(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        build_backbone("googlenet", 64, weights=str(tmp_path / "absent.caffemodel"))


def test_refuses_name():
    with pytest.raises(ValueError, match=r"one of googlenet, convnet. Received: name='resnet'"):
        build_backbone("resnet", 224)


def test_refuses_weights_of_convnet():
    with pytest.raises(ValueError, match=r"trained from scratch.*weights='file.h5'"):
        build_backbone("convnet", 28, weights="file.h5")


def test_configurations_know_every_backbone():
    from hsm.experiments import config
    from hsm.models import backbones

    assert config.BACKBONES == backbones.BACKBONES
