"""The heat-up schedule for people who train with `model.fit`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from hsm.layers import TemperatureSoftmaxDense
from hsm.schedules import Schedule, phase_at, total_epochs


class HeatUpCallback(keras.callbacks.Callback):
    """Set alpha and the learning rate at the beginning of every epoch of `model.fit`.

    Epochs after the schedule's end keep its last phase. Both numbers stand in the logs and in the
    history of every epoch, as "alpha" and "learning_rate".

    Args:
        schedule: a `hsm.schedules.HeatUp`, or anything else with phases.

    Raises:
        ValueError: when training begins, if the model has no `TemperatureSoftmaxDense` layer, also
            within other layers; one that learns its alpha; or an optimizer whose learning rate
            follows a schedule of its own.

    Example:
        >>> schedule = hsm.schedules.HeatUp(epochs=1, heated_epochs=1)
        >>> classifier = TemperatureSoftmaxDense(2)
        >>> model = keras.Sequential([classifier])
        >>> loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        >>> model.compile("sgd", loss)
        >>> callbacks = [HeatUpCallback(schedule)]
        >>> history = model.fit(features, labels, epochs=2, callbacks=callbacks, verbose=0)
        >>> history.history["alpha"]
        [16.0, 4.0]
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
                "expected a model with a TemperatureSoftmaxDense layer, whose alpha HeatUpCallback "
                f"sets. Received: model={self.model.name}; add one, or leave the callback out"
            )
        learned = [layer.name for layer in self._classifiers if layer.learn_alpha]
        if learned:
            raise ValueError(
                "expected layers with learn_alpha=False, whose alpha HeatUpCallback sets. "
                f"Received: learn_alpha=True in {', '.join(learned)}; use learn_alpha=False, "
                "or no callback"
            )

        # Float16 training wraps the optimizer.
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        # Keras has no public name for what the optimizer was made with.
        given = optimizer._learning_rate
        if not isinstance(given, keras.Variable):
            raise ValueError(
                "expected a number as the optimizer's learning rate, which HeatUpCallback sets "
                f"every epoch. Received: learning_rate={type(given).__name__}; give it one, as in "
                f"{type(optimizer).__name__}(0.004)"
            )

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the two numbers of the phase; `epoch` counts from 0 as Keras does."""
        phase = phase_at(self.schedule, min(epoch + 1, total_epochs(self.schedule)))
        for classifier in self._classifiers:
            classifier.alpha.assign(phase.alpha)
        self.model.optimizer.learning_rate = phase.learning_rate

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add what was set to the epoch's logs."""
        if logs is not None:
            logs["alpha"] = float(self._classifiers[0].alpha)
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


def _classifiers(model: keras.Model) -> Iterator[TemperatureSoftmaxDense]:
    """Yield every classifier with a temperature, also within other models and layers."""
    # The walk that keras.Model.quantize and summary take, which has no public name.
    for layer in model._flatten_layers(include_self=False, recursive=True):
        if isinstance(layer, TemperatureSoftmaxDense):
            yield layer
