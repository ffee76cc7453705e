"""What some recipes do to a model before its first update."""

from __future__ import annotations

import time

from hsm.data import pipeline
from hsm.experiments.runs.evaluator import Evaluator
from hsm.models import EmbeddingModel
from hsm.training.warm_up import set_class_means, warm_up


def prepare(model: EmbeddingModel, evaluator: Evaluator) -> float:
    """Warm `model` up and set its classifier to class means, if the configuration says so.

    Both look at the central crops of the training images in file order, as the released code does.

    Args:
        model: with its initial weights.
        evaluator: embeds images with `model`; its source and configuration count.

    Returns:
        Wall time in seconds; 0 if there was nothing to do.
    """
    config, train = evaluator.config, evaluator.source.train
    start = time.perf_counter()
    if config.warm_up:
        batches = pipeline.warm_up_batches(
            train,
            crop=config.image_size,
            batch_size=config.batch_size,
            share=evaluator.devices.share,
        )
        warm_up(model, batches, evaluator.devices)
    if config.class_mean_init:
        features, labels = evaluator.embed(train, batch_size=config.batch_size)
        set_class_means(model.classifier, features, labels, epsilon=config.feature_epsilon)
    return time.perf_counter() - start if config.is_prepared else 0.0
