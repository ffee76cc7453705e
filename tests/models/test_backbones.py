"""build_backbone: names, sizes and errors."""

from __future__ import annotations

import numpy as np
import pytest

from hsm.models import backbone_specs, backbones, build_backbone
from hsm.models.backbone_specs import BACKBONES, BackboneSpec


@pytest.mark.parametrize(
    ("name", "size", "dim"),
    [
        ("convnet", 28, 128),
        ("strided_convnet", 28, 1536),
        ("lenet", 28, 500),
        ("googlenet", 64, 1024),
        ("inception_v1", 64, 1024),
        ("torchvision_googlenet", 64, 1024),
        ("keras:MobileNetV2", 32, 1280),
    ],
)
def test_builds_by_name(name, size, dim):
    backbone = build_backbone(name, size, dtype="mixed_bfloat16")
    assert backbone.input_shape == (None, size, size, 3)
    assert backbone.output_shape == (None, dim)
    assert any(layer.compute_dtype == "bfloat16" for layer in backbone.layers)


def test_every_name_is_tried_above():
    names = {arguments[0] for arguments in test_builds_by_name.pytestmark[0].args[1]}
    assert names >= set(BACKBONES)


def test_builds_from_a_file(tmp_path):
    model = build_backbone("convnet", 28)
    model.save(tmp_path / "net.keras")
    images = np.random.default_rng(0).uniform(0, 255, (1, 28, 28, 3))
    loaded = build_backbone(str(tmp_path / "net.keras"), 28)
    np.testing.assert_array_equal(loaded(images), model(images))


def test_torchvisions_network_is_not_slims():
    def layers(name):
        return {layer.name: layer for layer in build_backbone(name, 64).layers}

    slim, torchvision = layers("inception_v1"), layers("torchvision_googlenet")
    assert torchvision.keys() - slim.keys() == {"Conv2d_1a_7x7.pad"}
    assert torchvision["Conv2d_1a_7x7.BatchNorm"].scale
    assert not slim["Conv2d_1a_7x7.BatchNorm"].scale


@pytest.mark.parametrize("name", ["convnet", "lenet"])
def test_passes_the_seed_on(name):
    first, second = (build_backbone(name, 28, seed=3).get_weights()[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("googlenet", "absent.caffemodel"),
        ("inception_v1", "absent.ckpt"),
        ("torchvision_googlenet", "absent.pth"),
        ("keras:MobileNetV2", "absent.weights.h5"),
    ],
)
def test_passes_the_weights_on(tmp_path, name, file):
    with pytest.raises(FileNotFoundError, match="absent"):
        build_backbone(name, 64, weights=str(tmp_path / file))


def test_refuses_name():
    with pytest.raises(ValueError, match="expected one of googlenet, ") as error:
        build_backbone("resnet", 224)
    assert str(error.value).endswith(
        "lenet, convnet, strided_convnet; keras: and a network of keras.applications, such as "
        "keras:ResNet50; or a .keras file with a saved model, which brings its weights. "
        "Received: name='resnet'"
    )


@pytest.mark.parametrize("name", ["convnet", "lenet"])
def test_refuses_weights_where_there_are_none(name):
    with pytest.raises(ValueError, match=rf"{name}, which is trained from scratch.*'file.h5'"):
        build_backbone(name, 28, weights="file.h5")


@pytest.mark.parametrize("argument", ["weights", "dtype"])
def test_refuses_what_a_keras_file_brings(argument):
    with pytest.raises(ValueError, match=f"expected {argument}=None.*its own.*{argument}='given'"):
        build_backbone("net.keras", 28, **{argument: "given"})


def test_a_network_of_ones_own_is_one_row(monkeypatch):
    monkeypatch.setattr(backbone_specs, "BACKBONES", dict(BACKBONES))
    monkeypatch.setattr(backbones, "BACKBONES", backbone_specs.BACKBONES)
    spec = BackboneSpec(name="mine", build="hsm.models.lenet:LeNet")
    assert backbone_specs.register_backbone(spec) == spec
    backbone_specs.check_backbone("mine", None, "float32")
    assert build_backbone("mine", 28, seed=1).output_shape == (None, 500)
    assert "mine" in backbone_specs.names()
    with pytest.raises(ValueError, match="expected no weights with the backbone mine"):
        backbone_specs.check_backbone("mine", "file.ckpt", "float32")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("lenet", "is a backbone already"), ("keras:Mine", "taken"), ("mine.keras", "taken")],
)
def test_a_name_that_is_taken_is_refused(name, reason):
    with pytest.raises(ValueError, match=reason):
        backbone_specs.register_backbone(BackboneSpec(name=name, build=lambda shape: None))
