"""The heat-up schedule for people who train with `model.fit`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from hsm.layers import TemperatureSoftmaxDense
from hsm.schedules import Schedule, phase_at, total_epochs


class HeatUpCallback(keras.callbacks.Callback):
    """Set alpha and the learning rate at the beginning of every epoch of `model.fit`.

    Epochs after the schedule's end keep its last phase.

    Args:
        schedule: a `hsm.schedules.HeatUp`, or anything else with phases.

    Raises:
        ValueError: when training begins, if the model has no `TemperatureSoftmaxDense` layer, or
            one that learns its alpha.

    Example:
        model.fit(images, labels, epochs=50, callbacks=[HeatUpCallback(HeatUp())])
    """

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        self.schedule = schedule
        self._classifiers: list[TemperatureSoftmaxDense] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Find the layers whose alpha is to be set."""
        self._classifiers = list(_classifiers(self.model))
        if not self._classifiers:
            raise ValueError(
                "HeatUpCallback needs a model with a TemperatureSoftmaxDense layer, whose alpha it "
                f"sets. Received: model={self.model.name}"
            )
        learned = [layer.name for layer in self._classifiers if layer.learn_alpha]
        if learned:
            raise ValueError(
                f"HeatUpCallback sets the alpha that a layer with learn_alpha=True learns: use "
                f"learn_alpha=False, or no callback. Received: learn_alpha=True in "
                f"{', '.join(learned)}"
            )

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the two numbers of the phase; `epoch` counts from 0 as Keras does."""
        phase = phase_at(self.schedule, min(epoch + 1, total_epochs(self.schedule)))
        for classifier in self._classifiers:
            classifier.alpha.assign(phase.alpha)
        self.model.optimizer.learning_rate = phase.learning_rate


def _classifiers(model: keras.Model) -> Iterator[TemperatureSoftmaxDense]:
    """Every classifier with a temperature, also in models within the model."""
    for layer in model.layers:
        if isinstance(layer, TemperatureSoftmaxDense):
            yield layer
        elif isinstance(layer, keras.Model):
            yield from _classifiers(layer)
