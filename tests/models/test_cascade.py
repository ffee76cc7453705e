"""Three heads at three depths: their formula, where they stand, and that they survive saving."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from hsm.export import export_saved_model
from hsm.losses import HardAwareContrastive
from hsm.models import EmbeddingModel, Head, HeadOptions, build_backbone
from hsm.models.cascade import head_widths
from hsm.models.taps import TAPS, check_backbone_has_taps, find_taps
from hsm.training import OutputObjective
from hsm.training.step import TrainStep

HEAD = Head(bottleneck="cascade", normalization="heads", classifier="none")
IMAGES = np.random.default_rng(0).integers(0, 256, size=(8, 28, 28, 3)).astype(np.float32)


def make(backbone="strided_convnet", size=28, **arguments):
    body = build_backbone(backbone, size, dtype="float32", seed=1)
    return EmbeddingModel(
        body, HEAD, **{"num_classes": 3, "embedding_dim": 10, "seed": 0, **arguments}
    )


@pytest.mark.parametrize(
    ("embedding_dim", "widths"), [(64, (21, 21, 22)), (384, (128, 128, 128)), (3, (1, 1, 1))]
)
def test_the_heads_share_the_dimensions(embedding_dim, widths):
    assert head_widths(embedding_dim) == widths


def test_a_head_without_a_dimension_is_refused():
    with pytest.raises(ValueError, match=r"embedding_dim to be 3 or more.*embedding_dim=2"):
        make(embedding_dim=2)


def test_features_and_what_the_loss_sees_equal_the_formulas():
    model = make()
    backbone, bottleneck = model.backbone, model.bottleneck
    maps = [backbone.get_layer(f"block{number}_relu").output for number in (1, 2)]
    inner = keras.Model(backbone.inputs[0], maps)(IMAGES)
    heads = []
    for x, head in zip([*inner, backbone(IMAGES)], bottleneck._heads, strict=True):
        x = np.asarray(x)
        if x.ndim == 4:
            x = tf.nn.avg_pool2d(x, 5, 3, "VALID").numpy()
            kernel, bias = (np.asarray(v) for v in head.get_layer("conv").weights)
            x = np.maximum(x @ kernel[0, 0] + bias, 0).reshape(len(x), -1)
            kernel, bias = (np.asarray(v) for v in head.get_layer("fc").weights)
            x = np.maximum(x @ kernel + bias, 0)
        kernel, bias = (np.asarray(v) for v in head.get_layer("embedding").weights)
        x = x @ kernel + bias
        heads.append(x / np.linalg.norm(x, axis=1, keepdims=True))
    assert [head.shape[1] for head in heads] == [3, 3, 4]
    weighted = np.hstack([heads[0], 2 * heads[1], 3 * heads[2]])
    np.testing.assert_allclose(model.features(IMAGES), weighted, atol=1e-5)
    np.testing.assert_allclose(model(IMAGES), np.hstack(heads), atol=1e-5)
    np.testing.assert_allclose(model.embed(IMAGES), weighted / np.sqrt(14), atol=1e-5)


@pytest.mark.parametrize(
    ("backbone", "size", "sides"),
    [
        ("googlenet", 224, (14, 14)),
        ("inception_v1", 224, (14, 14)),
        ("torchvision_googlenet", 224, (14, 14)),
        ("convnet", 28, (7, 4)),
        ("strided_convnet", 28, (14, 7)),
        ("lenet", 28, (14, 7)),
    ],
)
def test_where_the_heads_stand(backbone, size, sides):
    body = build_backbone(backbone, size)
    taps = find_taps([layer.name for layer in body.layers])
    assert taps == TAPS[backbone]
    shapes = [body.get_layer(name).output.shape for name in taps]
    assert tuple(shape[1] for shape in shapes[:2]) == sides
    if size == 224:  # 4a, 4d and 4e of Szegedy et al.'s table 1.
        assert [shape[-1] for shape in shapes] == [512, 528, 832]


def test_on_googlenet_the_side_heads_have_the_side_classifiers_layers():
    bottleneck = make("googlenet", 224, embedding_dim=384).bottleneck
    for head in (bottleneck.first, bottleneck.second):
        assert head.get_layer("fc").kernel.shape == (2048, 1024)
        assert head.get_layer("embedding").kernel.shape == (1024, 128)
    assert bottleneck.third.get_layer("embedding").kernel.shape == (1024, 128)


@pytest.mark.parametrize("name", ["keras:ResNet50", "mine"])
def test_a_backbone_whose_places_are_not_known_is_refused(name):
    with pytest.raises(
        ValueError, match=r"where the method hdc reads maps: googlenet, .*Received: b"
    ):
        check_backbone_has_taps(name, "hdc")
    images = keras.Input((28, 28, 3))
    other = keras.Model(images, keras.layers.GlobalAveragePooling2D(name="mine")(images))
    with pytest.raises(ValueError, match=r"inner places are known, googlenet, .*mine"):
        EmbeddingModel(other, HEAD, num_classes=3)


def test_seed_makes_heads_and_dropout_reproducible():
    first, second, other = (make(seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first(IMAGES, training=True), second(IMAGES, training=True))
    assert not np.array_equal(first(IMAGES), other(IMAGES))
    assert not np.array_equal(first(IMAGES, training=True), first(IMAGES, training=True))


def test_weights_are_named_once_and_survive_a_keras_file(tmp_path):
    model = make()
    paths = [variable.path for variable in model.variables]
    assert len(set(paths)) == len(paths)
    assert not [path for path in paths if "tapped" in path]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.embed(IMAGES), model.embed(IMAGES))


def test_the_concatenated_embedding_is_exported(tmp_path):
    model = make()
    serve = tf.saved_model.load(str(export_saved_model(model, tmp_path / "out"))).signatures
    vectors = serve["serving_default"](images=tf.cast(IMAGES, tf.uint8))["embedding"]
    assert vectors.shape == (8, 10)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_the_last_layers_learn_faster_and_every_weight_moves():
    model = make(embedding_dim=9)
    labels, step = (
        np.arange(8) % 2,
        TrainStep(
            model,
            keras.optimizers.SGD(1e-3),
            objective=OutputObjective(HardAwareContrastive((1.0, 1.0, 1.0), widths=(3, 3, 3))),
        ),
    )
    last = model.bottleneck.second.get_layer("embedding")
    assert (last.kernel.rate_multiplier, last.bias.rate_multiplier) == (10.0, 20.0)
    other = make(options=HeadOptions(last_rate=3.0)).bottleneck.first.layers[-1]
    assert (other.kernel.rate_multiplier, other.bias.rate_multiplier) == (3.0, 6.0)
    before = [np.array(v) for v in model.trainable_variables]
    step(IMAGES, labels)
    for variable, start in zip(model.trainable_variables, before, strict=True):
        assert np.any(np.asarray(variable) != start), variable.path
