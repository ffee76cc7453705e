"""Before the first update: averages that move, class means, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from support.tiny_model import CLASSES, make_batches, make_model

from hsm.layers import TemperatureSoftmaxDense
from hsm.training.warm_up import set_class_means, warm_up


def test_only_the_averages_move_and_as_far_as_the_batches_say():
    model = make_model("BN")
    before = {v.path: np.asarray(v) for v in model.variables}
    images = np.concatenate([images for images, _ in make_batches().batches(1, 0)])
    warm_up(model, [(images[:20], None), (images[20:], None)])
    moved = {v.path for v in model.variables if not np.array_equal(before[v.path], np.asarray(v))}
    assert {path.split("/")[-1] for path in moved} == {"moving_mean", "moving_variance"}
    assert len(moved) == 4
    conv = model.backbone.layers[2](images[:20].astype(np.float32) / 255)
    first = np.asarray(conv).mean(axis=(0, 1, 2))
    second = np.asarray(model.backbone.layers[2](images[20:].astype(np.float32) / 255))
    expected = 0.9 * 0.1 * first + 0.1 * second.mean(axis=(0, 1, 2))
    np.testing.assert_allclose(model.backbone.layers[3].moving_mean, expected, rtol=1e-4)


def _classifier(units=3, width=2):
    classifier = TemperatureSoftmaxDense(units)
    classifier.build((None, width))
    return classifier


def test_class_means_have_unit_length():
    features = np.array([[3.0, 0.0], [0.0, 2.0], [0.0, 4.0], [1.0, 1.0], [3.0, 7.0]], np.float32)
    classifier = _classifier()
    set_class_means(classifier, features, [0, 1, 1, 2, 2])
    expected = np.array([[1.0, 0.0], [0.0, 1.0], [1 / np.sqrt(5), 2 / np.sqrt(5)]]).T
    np.testing.assert_allclose(classifier.kernel, expected, rtol=1e-6)


def test_class_means_are_damped_as_tested_features_are():
    classifier = _classifier(units=1)
    set_class_means(classifier, [[3.0, 4.0]], [0], epsilon=11.0)
    np.testing.assert_allclose(np.asarray(classifier.kernel)[:, 0], [0.5, 4 / 6], rtol=1e-6)


def test_means_of_a_model_put_its_classes_in_order():
    model = make_model("LN")
    images, labels = next(make_batches(size=24).batches(1, 0))
    features = np.asarray(model.features(images))
    set_class_means(model.classifier, features, labels)
    means = np.stack([features[labels == c].mean(axis=0) for c in range(CLASSES)])
    cosines = means @ np.asarray(model.classifier.kernel)
    np.testing.assert_allclose(np.diag(cosines), np.linalg.norm(means, axis=1), rtol=1e-5)


def test_a_class_without_an_example_is_refused():
    with pytest.raises(ValueError, match="no example of class 1 of 3"):
        set_class_means(_classifier(), np.ones((2, 2)), [0, 2])
