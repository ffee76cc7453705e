"""From a configuration to the objects that it describes: model, optimiser, batches."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from hsm import records
from hsm.data import pipeline
from hsm.data.sampling import WHOLE, BatchOrder, Share, shuffled
from hsm.data.sources.source import SUPER_CLASSES, ImageSource
from hsm.experiments.config import RunConfig
from hsm.experiments.config.initial_weights import RANDOM, InitialWeights
from hsm.experiments.config.methods import resolve
from hsm.experiments.runs.fashionnet import LandmarkLabels
from hsm.experiments.runs.workspace import read_run_file
from hsm.models import (
    EmbeddingModel,
    HeadOptions,
    build_backbone,
    with_example_dropout,
    with_unbiased_variance,
)
from hsm.models.backbone_specs import IMAGENET, is_keras_file
from hsm.models.head import HEADS, Head
from hsm.training import checkpoint
from hsm.training.devices import Devices
from hsm.training.loop import TrainingData
from hsm.training.memory import Memory, NoMemory
from hsm.training.objective import SoftmaxObjective
from hsm.training.progress import read_progress
from hsm.training.raw_momentum import RawMomentumSGD
from hsm.training.replicas import synchronize_batch_norm
from hsm.training.step import TrainStep


def build_model(
    config: RunConfig,
    num_classes: int,
    *,
    initial_weights: InitialWeights = RANDOM,
    devices: Devices | None = None,
) -> EmbeddingModel:
    """Return the network of the configured method with its initial weights, a function of the seed.

    Args:
        num_classes: classes of the training split.
        initial_weights: what the backbone starts from.
        devices: that have a copy of it; None for one.
    """
    keras.backend.clear_session()
    keras.utils.set_random_seed(config.seed)
    with (devices or Devices()).scope():
        model = _model(
            config, num_classes, with_example_dropout(_backbone(config, initial_weights))
        )
    if config.synchronized_batch_norm:
        synchronize_batch_norm(model)
    return model


def _model(config: RunConfig, num_classes: int, backbone: keras.Model) -> EmbeddingModel:
    return EmbeddingModel(
        with_unbiased_variance(backbone) if config.unbiased_variance else backbone,
        _head(config),
        num_classes=num_classes,
        embedding_dim=config.embedding_dim,
        alpha=config.initial_alpha,
        scale_bias=config.scale_bias,
        options=HeadOptions(
            learn_alpha=config.learned_alpha,
            norm_term=config.norm_term,
            unbiased_variance=config.unbiased_variance,
            last_rate=config.hdc_last_rate,
        ),
        seed=config.seed,
    )


def load_model(run_dir: Path) -> tuple[EmbeddingModel, RunConfig]:
    """Return the trained network of the run in `run_dir`, and its configuration.

    Raises:
        ValueError: if the folder is not that of a run, or the run is not finished.
    """
    config, class_names = read_run_file(run_dir)
    path = run_dir / "checkpoint.npz"
    if not path.exists():
        raise ValueError(
            f"{run_dir}: expected a finished run. Received: one without checkpoint.npz"
        )
    epoch = read_progress(path)["epoch"]
    if epoch < config.total_epochs:
        raise ValueError(
            f"{run_dir}: expected a finished run. Received: {epoch} of {config.total_epochs} "
            "epochs are trained. The command that began it continues it."
        )
    # Only the network is needed of it; a .keras file is the network, and has a copy in the folder.
    saved = (
        InitialWeights(str(run_dir / config.backbone)) if is_keras_file(config.backbone) else RANDOM
    )
    model = build_model(config, len(class_names), initial_weights=saved)
    checkpoint.restore(path, model=model)
    return model, config


def build_initial_backbone(config: RunConfig, initial_weights: InitialWeights) -> keras.Model:
    """Return the backbone alone: images [b, h, w, 3] of RGB values 0..255 → pooled feature [b, d].

    Raises:
        ValueError: if the file cannot be read or does not fit, or the network refuses the images.
        FileNotFoundError: if there is no file, or ImageNet's weights cannot be fetched.
    """
    keras.backend.clear_session()
    return _backbone(config, initial_weights)


def weights_sha256(config: RunConfig, initial_weights: InitialWeights) -> str | None:
    """Return the hexadecimal SHA-256 of what the backbone starts from; None if it is random.

    Of a file it is that of its content. Which file of ImageNet's weights Keras took only Keras
    knows: there it is over the backbone's arrays, shape, type and values one after the other.
    """
    if initial_weights.source == IMAGENET:
        return _imagenet_sha256(config.backbone, config.image_size)
    return None if initial_weights.file is None else records.file_sha256(initial_weights.file)


@functools.cache
def _imagenet_sha256(backbone: str, image_size: int) -> str:
    digest = hashlib.sha256()
    for variable in build_backbone(backbone, image_size, weights=IMAGENET, dtype="float32").weights:
        array = np.ascontiguousarray(variable)
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(array.data)
    return digest.hexdigest()


def build_optimizer(config: RunConfig) -> keras.optimizers.Optimizer:
    """Return SGD with momentum, or Adam; with dynamic loss scaling where gradients are float16."""
    if config.optimizer == "sgd":
        sgd = RawMomentumSGD if config.raw_momentum else keras.optimizers.SGD
        optimizer = sgd(config.learning_rate, momentum=config.momentum)
    else:
        optimizer = keras.optimizers.Adam(config.learning_rate, epsilon=config.adam_epsilon)
    if config.precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def build_step(
    config: RunConfig, model: EmbeddingModel, devices: Devices | None = None
) -> TrainStep:
    """Return the compiled update of `model`, which was made in the scope of `devices`."""
    objective = resolve(config.traits.objective)(config)
    places = devices or Devices()
    with places.scope():
        optimizer = build_optimizer(config)
    return TrainStep(model, optimizer, objective=objective, xla=config.xla, devices=places)


def softmax_objective(config: RunConfig) -> SoftmaxObjective:
    """Return the softmax cross entropy, with labels smoothed as configured."""
    return SoftmaxObjective(config.label_smoothing)


def shuffled_order(labels: ArrayLike, config: RunConfig, epoch: int) -> BatchOrder:
    """Return every training image once, in an order that the seed and the epoch decide."""
    return shuffled(
        labels,
        batch_size=config.batch_size,
        seed=config.seed,
        epoch=epoch,
        keep_last=config.keep_last_batch,
    )


def training_order(config: RunConfig, source: ImageSource, epoch: int) -> BatchOrder:
    """Return which training images the batches of `epoch` hold."""
    traits, labels = config.traits, source.train.labels
    super_classes = source.train.extras.get(SUPER_CLASSES)
    if traits.grouped_sampler is not None and super_classes is not None:
        return resolve(traits.grouped_sampler)(labels, super_classes, config, epoch)
    return resolve(traits.sampler)(labels, config, epoch)


def check_batches(config: RunConfig, source: ImageSource, devices: Devices) -> None:
    """Raise ValueError if several devices cannot share the batches of a run as it asks for."""
    fewest = int(training_order(config, source, 1).sizes.min())
    if config.synchronized_batch_norm and fewest < devices.count:
        raise ValueError(
            "expected batches of at least as many images as there are devices with "
            f"synchronized_batch_norm. Received: {fewest} images in the smallest batch and "
            f"{devices.count} devices; use another batch_size, or keep_last_batch=False"
        )


def training_data(
    config: RunConfig,
    source: ImageSource,
    share: Share = WHOLE,
    *,
    embed: Callable[[], NDArray[np.float32]] | None = None,
) -> TrainingData:
    """Return the batches of every epoch: a function of the seed and of a miner's state, if any.

    Args:
        share: the part of every batch that this one of several workers reads.
        embed: the features of all training images by the weights of now, [n, k], for the method's
            miner; without it the sampler draws all epochs.
    """
    crops = pipeline.TrainingBatches(source.train, _crop(config, source))
    order_of: Callable[[int], BatchOrder] = functools.partial(training_order, config, source)
    memory: Memory = NoMemory()
    if config.traits.miner is not None and embed is not None:
        miner = resolve(config.traits.miner)(source.train.labels, config, embed)
        order_of, memory = miner.order, miner

    def batches(epoch: int, first_step: int) -> pipeline.Batches:
        order = order_of(epoch)
        return crops(order, seed=config.seed, epoch=epoch, start_step=first_step, share=share)

    return TrainingData(batches, order_of(1).steps, memory)


def labelled(
    config: RunConfig, source: ImageSource, data: TrainingData, share: Share = WHOLE
) -> TrainingData:
    """Return `data`, its labels all that the method learns of each image; unchanged for most.

    Args:
        share: the part of every batch that `data` has.
    """
    if not config.landmarks:
        return data
    labels = LandmarkLabels(config, source, _crop(config, source))

    def batches(epoch: int, first_step: int) -> pipeline.Batches:
        targets = labels(training_order(config, source, epoch), epoch, first_step)
        for (images, _), batch in zip(data.batches(epoch, first_step), targets, strict=True):
            yield images, batch[share.of(len(batch))]

    return replace(data, batches=batches)


def first_labels(config: RunConfig, source: ImageSource) -> np.ndarray:
    """Return the labels of the first batch, [b, ...], without reading its images."""
    order = training_order(config, source, 1)
    if config.landmarks:
        return next(LandmarkLabels(config, source, _crop(config, source))(order, 1))
    return source.train.labels[order.indices[: order.sizes[0]]].astype(np.int32)


def _crop(config: RunConfig, source: ImageSource) -> pipeline.Crop:
    return pipeline.Crop(
        config.image_size, config.random_crops, source.flip, config.crop_last_place
    )


def _head(config: RunConfig) -> str | Head:
    """Return the method's head; one of the library's own by the name that is saved."""
    head = config.head
    if head is None:
        raise ValueError(
            f"expected a method that trains a network. Received: method={config.method}"
        )
    return config.base_method if HEADS.get(config.base_method) == head else head


def _backbone(config: RunConfig, initial_weights: InitialWeights) -> keras.Model:
    # Not None, which is the global policy: a configuration says what is computed.
    policy = None if is_keras_file(config.backbone) else config.precision
    name, weights = initial_weights.arguments(config.backbone)
    return build_backbone(name, config.image_size, weights=weights, dtype=policy, seed=config.seed)
