"""EmbeddingModel: the methods' formulas, precision, seeds, saving and errors."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from hsm.layers import L2Normalize, ScalelessBatchNorm
from hsm.models import ConvNet, EmbeddingModel

IMAGES = np.random.default_rng(0).integers(0, 256, size=(8, 14, 14, 3)).astype(np.uint8)
LABELS = np.arange(8) % 3
METHODS = ("SM", "LN", "BN")


def make(method="BN", dtype=None, **arguments):
    backbone = ConvNet((14, 14, 3), dtype, seed=1)
    arguments = {"num_classes": 3, "embedding_dim": 5, "seed": 0} | arguments
    model = EmbeddingModel(backbone, method, **arguments)
    rng = np.random.default_rng(2)
    for layer in (model.bottleneck, model.normalization, model.classifier):
        for variable in layer.trainable_variables:
            if variable.name != "kernel":
                variable.assign(rng.normal(size=variable.shape))
    return model


def oracle(model):
    """Returns section 5.2's feature and logits of IMAGES in float64, from the pooled features."""
    pooled = np.asarray(model.backbone(IMAGES.astype(np.float32)), np.float64)
    weights = {v.path.split("/", 1)[1]: np.asarray(v, np.float64) for v in model.variables}
    f = pooled @ weights["bottleneck/kernel"]
    w, b = weights["classifier/kernel"], weights["classifier/bias"]
    unit = w / np.linalg.norm(w, axis=0)
    if model.method == "BN":
        feature = (f / np.sqrt(1 + 1e-3) + weights["normalization/batch_norm/beta"]) / np.sqrt(5)
        return feature, 16 * (feature @ unit + b)
    f = f + weights["bottleneck/bias"]
    if model.method == "LN":
        return f, 16 * (f / np.linalg.norm(f, axis=1, keepdims=True) @ unit + b)
    return f, f @ w + b


@pytest.mark.parametrize("method", METHODS)
def test_features_embeddings_and_logits_equal_the_formulas(method):
    model = make(method)
    feature, logits = oracle(model)
    unit = feature / np.linalg.norm(feature, axis=1, keepdims=True)
    np.testing.assert_allclose(model.features(IMAGES), feature, atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(model.embed(IMAGES), unit, atol=1e-5)
    np.testing.assert_allclose(model(IMAGES.astype(np.float32)), logits, atol=1e-4, rtol=1e-4)


def test_released_code_leaves_the_bias_unscaled():
    scaled, unscaled = make(), make(scale_bias=False)
    bias = np.asarray(scaled.classifier.bias)
    np.testing.assert_allclose(scaled(IMAGES) - unscaled(IMAGES), [15 * bias] * 8, atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_parts_follow_the_method(method):
    model = make(method)
    kinds = {"SM": keras.layers.Identity, "LN": L2Normalize, "BN": ScalelessBatchNorm}
    assert type(model.normalization) is kinds[method]
    assert model.bottleneck.use_bias == (method != "BN")
    assert model.classifier.normalize_kernel == (method != "SM")
    assert float(model.alpha) == (1.0 if method == "SM" else 16.0)
    assert model.alpha is model.classifier.alpha


def test_is_built_on_construction():
    model = make()
    assert model.built
    assert all(layer.built for layer in model.layers)
    assert model.classifier.kernel.shape == (5, 3)


def test_initialisation_follows_the_paper():
    backbone = ConvNet((14, 14, 3))
    model = EmbeddingModel(backbone, "LN", num_classes=400, embedding_dim=300, seed=0)
    np.testing.assert_allclose(np.var(model.bottleneck.kernel), 2 / 128, rtol=0.03)
    np.testing.assert_allclose(np.var(model.classifier.kernel), 1 / 300, rtol=0.03)
    np.testing.assert_array_equal(model.bottleneck.bias, 0.0)
    np.testing.assert_array_equal(model.classifier.bias, 0.0)


def test_seed_makes_the_head_reproducible():
    first, second, other = (make(seed=seed).get_weights() for seed in (4, 4, 5))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_training_uses_the_batchs_statistics_and_moves_the_averages():
    model = make("BN")
    before = np.asarray(model.normalization.batch_norm.moving_mean)
    features = model.features(IMAGES, training=True)
    beta = np.asarray(model.normalization.batch_norm.beta)
    np.testing.assert_allclose(np.mean(features, axis=0) * np.sqrt(5), beta, atol=1e-5)
    assert not np.array_equal(model.normalization.batch_norm.moving_mean, before)


def test_alpha_changes_without_a_retrace():
    model = make()
    traces = []

    @tf.function
    def logits(images):
        traces.append(1)
        return model(images)

    images = tf.constant(IMAGES, tf.float32)
    hot = logits(images).numpy()
    model.alpha = 4.0
    np.testing.assert_allclose(logits(images).numpy(), hot / 4, rtol=1e-5)
    model.alpha.assign(8.0)
    np.testing.assert_allclose(logits(images).numpy(), hot / 2, rtol=1e-5)
    assert len(traces) == 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_head_is_float32_under_every_policy(method, policy):
    model = make(method, dtype=policy)
    for layer in (model.bottleneck, model.normalization, model.classifier):
        assert layer.compute_dtype == "float32"
    for output in (model.features(IMAGES), model.embed(IMAGES), model(IMAGES)):
        assert output.dtype == tf.float32
    np.testing.assert_allclose(model(IMAGES), oracle(model)[1], atol=1e-4, rtol=1e-4)


def test_global_policy_does_not_round_pixels_or_head():
    images = IMAGES + np.float32(0.3)  # Whole numbers up to 255 would survive bfloat16.
    expected = make("LN")(images)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        logits = make("LN", dtype="float32")(images)
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_allclose(logits, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_one_class_has_finite_gradients(method, policy):
    model = make(method, dtype=policy, num_classes=1)
    for gradient in loss_gradients(model, np.zeros(8, np.int32), scale=1.0):
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("method", ["LN", "BN"])
def test_alpha_64_under_a_loss_scale_has_finite_gradients(method):
    model = make(method, alpha=64.0)
    for gradient in loss_gradients(model, LABELS, scale=2.0**15):
        assert np.isfinite(gradient).all()


def test_loss_scaling_trains_a_float16_backbone_at_alpha_64():
    model = make(dtype="mixed_float16", alpha=64.0)
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1e-3), 2**15)
    optimizer.build(model.trainable_variables)
    before = model.get_weights()
    for _ in range(12):  # An overflow skips the step and halves the scale.
        with tf.GradientTape() as tape:
            loss = optimizer.scale_loss(cross_entropy(model, LABELS))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
    assert int(optimizer.inner_optimizer.iterations) > 0
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    assert not np.array_equal(before[0], model.get_weights()[0])


def cross_entropy(model, labels):
    logits = model(IMAGES, training=True)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return tf.reduce_mean(losses)


def loss_gradients(model, labels, *, scale):
    with tf.GradientTape() as tape:
        loss = cross_entropy(model, labels) * scale
    return tape.gradient(loss, model.trainable_variables)


@pytest.mark.parametrize("method", METHODS)
def test_config_round_trip(method):
    model = make(method, alpha=8.0, scale_bias=False, name="embedding")
    config = json.loads(json.dumps(model.get_config()))
    restored = EmbeddingModel.from_config(config)
    assert json.loads(json.dumps(restored.get_config())) == config
    assert [v.shape for v in restored.variables] == [v.shape for v in model.variables]


@pytest.mark.parametrize("method", METHODS)
def test_keras_file_round_trip_keeps_the_heated_alpha(method, tmp_path):
    model = make(method, dtype="mixed_bfloat16")
    model.alpha = 4.0
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert float(loaded.alpha) == 4.0
    np.testing.assert_array_equal(loaded(IMAGES), model(IMAGES))
    np.testing.assert_array_equal(loaded.embed(IMAGES), model.embed(IMAGES))


def test_checkpoint_round_trip(tmp_path):
    model, copy = make(), make(seed=9)
    model.alpha = 4.0
    path = tf.train.Checkpoint(model=model).write(str(tmp_path / "checkpoint"))
    tf.train.Checkpoint(model=copy).read(path).assert_consumed()
    assert float(copy.alpha) == 4.0
    np.testing.assert_array_equal(copy(IMAGES), model(IMAGES))


def test_fit_trains():
    model = make(embedding_dim=16)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss)
    history = model.fit(IMAGES, LABELS, batch_size=8, epochs=12, verbose=0).history["loss"]
    assert history[-1] < history[0] / 2


@pytest.mark.parametrize("method", ["HBN", "HLN", "bn", None])
def test_refuses_method(method):
    expected = (
        "expected one of SM, LN, BN, or a Head; HLN and HBN are LN and BN trained with a heated "
        "schedule. "
        f"Received: method={method!r}"
    )
    with pytest.raises(ValueError, match="expected one of") as error:
        EmbeddingModel(ConvNet((14, 14, 3)), method, num_classes=3)
    assert str(error.value) == expected


@pytest.mark.parametrize("argument", ["num_classes", "embedding_dim"])
@pytest.mark.parametrize("value", [0, -1, 2.0, True])
def test_refuses_sizes(argument, value):
    arguments = {"num_classes": 3, argument: value}
    with pytest.raises(ValueError, match=f"expected {argument} .*Received: {argument}="):
        EmbeddingModel(ConvNet((14, 14, 3)), "LN", **arguments)


def test_refuses_an_unpooled_backbone():
    images = keras.Input((14, 14, 3))
    backbone = keras.Model(images, keras.layers.Conv2D(4, 3)(images))
    with pytest.raises(ValueError, match=r"pooled features \[b, d\].*\(None, 12, 12, 4\)"):
        EmbeddingModel(backbone, "LN", num_classes=3)


def test_refuses_to_train_bn_on_one_image():
    with pytest.raises(ValueError, match="training batch of more than one value"):
        make("BN")(IMAGES[:1], training=True)
