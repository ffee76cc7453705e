"""What would hold up an accelerator: reads by the host, operations on it, and tracing anew."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from support.tiny_model import make_batches, make_trainer
from tensorflow.python.framework import ops

from hsm.models import ConvNet, EmbeddingModel
from hsm.training import checkpoint, loop
from hsm.training.loop import TrainingData
from hsm.training.step import TrainStep

# Run Python, or write to the host's streams and files.
ON_THE_HOST = {"PyFunc", "PyFuncStateless", "EagerPyFunc", "Print", "PrintV2", "WriteSummary"}
STEPS = 12


def with_a_last_partial_batch(steps=STEPS):
    whole = make_batches(steps)

    def batches(epoch, first):
        for index, (images, labels) in enumerate(whole.batches(epoch, first), start=first + 1):
            size = 3 if index == steps else len(labels)
            yield images[:size], labels[:size]

    return TrainingData(batches, steps)


class _FirstStepOnly:
    """A watch in an epoch that lasts less than a second."""

    def __init__(self, save_seconds):
        pass

    def is_due(self, index):
        return index == 1

    def is_save_due(self):
        return False


def test_an_epoch_is_traced_once_and_read_at_its_ends_alone(monkeypatch, tmp_path):
    trainer = make_trainer(data=with_a_last_partial_batch())
    reads, calls = [], []
    real_read, real_step = ops._EagerTensorBase._numpy, TrainStep.__call__

    def read(tensor):
        reads.append(len(calls))
        return real_read(tensor)

    def step(self, images, labels):
        calls.append(len(labels))
        real_step(self, images, labels)

    monkeypatch.setattr(loop, "Watch", _FirstStepOnly)
    monkeypatch.setattr(ops._EagerTensorBase, "_numpy", read)
    monkeypatch.setattr(TrainStep, "__call__", step)
    trainer.train(1, tmp_path / "one.npz")
    assert calls == [8] * (STEPS - 1) + [3]
    assert trainer.step._update.experimental_get_tracing_count() == 1
    # After the first step, which is looked at, and after the last one: the epoch's sums.
    assert {1, STEPS} <= set(reads)
    assert not [count for count in reads if 1 < count < STEPS]


@pytest.mark.parametrize("scaled", [False, True])
def test_the_step_has_no_operation_on_the_host(scaled):
    trainer = make_trainer()
    step = trainer.step
    if scaled:
        optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1, momentum=0.9))
        step = TrainStep(step.model, optimizer)
    step(*next(iter(make_batches().batches(1, 0))))
    graph = step._update.get_concrete_function().graph.as_graph_def()
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    assert len(nodes) > 100
    assert not ON_THE_HOST & {node.op for node in nodes}


def half_precision(scale, growth_steps):
    backbone = ConvNet((28, 28, 1), dtype="mixed_float16")
    model = EmbeddingModel(backbone, "BN", num_classes=3, embedding_dim=4, seed=0)
    inner = keras.optimizers.SGD(1e-3, momentum=0.9)
    optimizer = keras.optimizers.LossScaleOptimizer(
        inner, initial_scale=scale, dynamic_growth_steps=growth_steps
    )
    return TrainStep(model, optimizer)


def trained(step):
    """The weights, and the optimiser's state without the scale and its counter."""
    variables = [*step.model.trainable_variables, *step.optimizer.inner_optimizer.variables]
    return [np.asarray(variable) for variable in variables]


def test_float16_passes_through_an_overflow_and_recovers(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (8, 28, 28, 1), np.uint8)
    labels = rng.integers(0, 3, 8).astype(np.int32)
    step = half_precision(2.0**30, growth_steps=2)  # Beyond float16, whose largest is 65504.
    scale, skipped = 2.0**30, 0
    while True:
        before = trained(step)
        step(images, labels)
        if any((a != b).any() for a, b in zip(before, trained(step), strict=True)):
            break
        scale, skipped = scale / 2, skipped + 1
        assert float(step.optimizer.dynamic_scale) == scale
        assert skipped < 30
    assert skipped > 0
    assert float(step.optimizer.dynamic_scale) == scale
    checkpoint.save(tmp_path / "c.npz", {}, model=step.model, optimizer=step.optimizer)
    step(images, labels)  # The second in a row that is finite.
    assert float(step.optimizer.dynamic_scale) == 2 * scale
    assert step.totals().first_bad_step == 0

    again = half_precision(2.0**15, growth_steps=2)
    checkpoint.restore(tmp_path / "c.npz", model=again.model, optimizer=again.optimizer)
    assert float(again.optimizer.dynamic_scale) == scale
    again(images, labels)
    assert float(again.optimizer.dynamic_scale) == 2 * scale
    for one, other in zip(trained(again), trained(step), strict=True):
        np.testing.assert_array_equal(one, other)
    assert all(np.isfinite(value).all() for value in trained(again))
