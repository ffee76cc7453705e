"""Where a training runs: one device, several of one machine, or those of several machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import tensorflow as tf

from hsm.data.sampling import Share

# What a compiled step takes: a tensor, or one a device.
_Placed = Any


class Devices:
    """The devices of a `tf.distribute` strategy, each of which holds a copy of the model.

    A batch is cut into consecutive rows, a slice for each worker and of that one for each of its
    devices, so that slices in order are the batch. A slice may be empty. On one device nothing is
    cut, moved or summed: a step is compiled as without a strategy.

    Args:
        strategy: MirroredStrategy or MultiWorkerMirroredStrategy; None is the device that
            TensorFlow chooses.

    Attributes:
        strategy: of `tf.distribute`.
    """

    def __init__(self, strategy: tf.distribute.Strategy | None = None) -> None:
        self.strategy = strategy or tf.distribute.get_strategy()

    @property
    def count(self) -> int:
        """Devices of all workers."""
        return int(self.strategy.num_replicas_in_sync)

    @property
    def workers(self) -> int:
        """Processes that have devices, each with as many."""
        return self.share.count

    @property
    def share(self) -> Share:
        """The part of every batch that this worker reads."""
        return Share(self._first // self._own, self.count // self._own)

    @property
    def is_chief(self) -> bool:
        """True for the one worker that writes files."""
        return self.share.index == 0

    def scope(self) -> AbstractContextManager[Any]:
        """Return the context in which variables are made, of models and optimisers, too."""
        scope: AbstractContextManager[Any] = self.strategy.scope()
        return scope

    def distribute(self, batches: Iterable[tuple[Any, ...]]) -> Iterator[tuple[_Placed, ...]]:
        """Yield what a compiled step takes of each batch.

        Args:
            batches: arrays or tensors [b, ...] that hold this worker's share of a batch.
        """
        return (self.place(*batch) for batch in batches)

    def place(self, *arrays: Any) -> tuple[_Placed, ...]:
        """Return arrays [b, ...], this worker's share of a batch, as a compiled step takes them."""
        if self.count == 1:
            return arrays
        return tuple(self._sliced(array) for array in arrays)

    def run(self, step: Callable[..., Any], *placed: _Placed, xla: bool = False) -> Any:
        """Compile `step` for arguments like `placed`, of any batch size, so that it is traced once.

        Args:
            step: of tensors [b, ...]; runs on every device with its slice.
            placed: what `place` returned.
            xla: compile with XLA.

        Returns:
            A function of the same arguments; its results are the device's, or one a device.

        Raises:
            ValueError: for XLA on several devices, whose sums it cannot compile.
        """
        if self.count == 1:
            signature = [tf.TensorSpec([None, *a.shape[1:]], a.dtype) for a in placed]
            return tf.function(step, input_signature=signature, jit_compile=xla or None)
        if xla:
            raise ValueError(
                f"expected xla=False on several devices. Received: xla=True on {self.count}; use "
                "one device, or no XLA"
            )
        signature = [_of_any_size(tf.type_spec_from_value(a)) for a in placed]
        return tf.function(
            lambda *slices: self.strategy.run(step, slices), input_signature=signature
        )

    def mapped(
        self, function: Callable[[tf.Tensor], tf.Tensor], shape: Sequence[int], dtype: Any
    ) -> Callable[[Any], Any]:
        """Compile a function of rows that is run on every device with its part of a batch.

        Args:
            function: tensor [b, ...] → tensor [b, k], row by row.
            shape: of a row.
            dtype: of the rows.

        Returns:
            From this worker's share of a batch, [b, ...], to the results for the whole batch.
        """
        if self.count == 1:
            signature = [tf.TensorSpec([None, *shape], dtype)]
            return tf.function(function, input_signature=signature)

        def gathered_rows(rows: tf.Tensor) -> tf.Tensor:
            blank = tf.cast(tf.shape(rows)[0] == 0, tf.int32)
            results = function(tf.pad(rows, [[0, blank], *([0, 0] for _ in shape)]))
            return gathered(results[: tf.shape(rows)[0]])

        compiled: list[Any] = []

        def whole(rows: Any) -> Any:
            placed = self.place(rows)
            if not compiled:
                compiled.append(self.run(gathered_rows, *placed))
            return self.strategy.experimental_local_results(compiled[0](*placed))[0]

        return whole

    def reduce(self, values: Any) -> Any:
        """Return, within a step, the sums of `values` over all devices."""
        if self.count == 1:
            return values
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values)

    def meet(self) -> None:
        """Wait for all workers to be here."""
        self._gathered_numbers((0,))

    def check_alike(self, numbers: Sequence[int], what: str) -> None:
        """Wait for all workers, and compare what they have read.

        Args:
            numbers: the same on all of them if all is well.
            what: what they were read from, for the error.

        Raises:
            ValueError: on every worker, if one has others than the chief.
        """
        read = self._gathered_numbers(numbers)
        others = [worker for worker, row in enumerate(read) if row != read[0]]
        if others:
            raise ValueError(
                f"expected all workers to read the same in {what}. Received: {read[others[0]]} "
                f"by worker {others[0]} and {read[0]} by the chief; name a folder that all of "
                "them share"
            )

    def describe(self) -> dict[str, Any]:
        """Return, as JSON values, what changes the numbers of a run on several devices."""
        if self.count == 1:
            return {}
        return {"devices": {"replicas": self.count, "workers": self.workers}}

    def _gathered_numbers(self, numbers: Sequence[int]) -> list[list[int]]:
        """Return the numbers of every worker, a list each."""
        if self.workers == 1:
            return [list(numbers)]

        def row() -> tf.Tensor:
            return gathered(tf.constant([numbers]))

        results = tf.function(self.strategy.run, autograph=False)(row)
        rows = self.strategy.experimental_local_results(results)[0].numpy()
        return [[int(n) for n in row] for row in rows[:: self._own]]

    @property
    def _own(self) -> int:
        """Devices of this worker."""
        return 1 if self.count == 1 else len(self.strategy.extended.worker_devices)

    @property
    def _first(self) -> int:
        """Number of this worker's first device among all."""
        return int(getattr(self.strategy.extended, "_id_in_cluster", 0)) * self._own

    def _sliced(self, array: Any) -> _Placed:
        def slice_of(context: Any) -> tf.Tensor:
            number = context.replica_id_in_sync_group - self._first
            return tf.convert_to_tensor(array[Share(number, self._own).of(len(array))])

        return self.strategy.experimental_distribute_values_from_function(slice_of)


def number_of_devices() -> int:
    """Return how many devices run the step that the calling code is a part of; 1 outside of one."""
    context = tf.distribute.get_replica_context()
    return 1 if context is None else int(context.num_replicas_in_sync)


def gathered(values: Any) -> Any:
    """Return, within a step, the rows that all devices hold, in the order of the batch.

    Every device gets the same, but a gradient goes back through its own rows only: summed over the
    devices it is that of the whole batch.

    Args:
        values: tensors [b, ...], or a structure of them.

    Returns:
        The same with the rows of all devices; on the only device, `values` itself.
    """
    if number_of_devices() == 1:
        return values
    return tf.nest.map_structure(_gathered, values)


def counted_once(value: tf.Tensor) -> tf.Tensor:
    """Return, within a step, what all devices computed alike so that its sum over them is `value`.

    The gradient is that of `value` on every device.
    """
    if number_of_devices() == 1:
        return value
    others = tf.distribute.get_replica_context().replica_id_in_sync_group > 0
    return value - tf.where(others, tf.stop_gradient(value), tf.zeros_like(value))


def first_row(size: tf.Tensor) -> tf.Tensor:
    """Return, within a step, the place in the batch of this device's first row, int32 scalar.

    Args:
        size: int32 scalar, rows of this device.
    """
    context = tf.distribute.get_replica_context()
    sizes = context.all_gather(tf.reshape(size, [1]), axis=0)
    return tf.reduce_sum(sizes[: context.replica_id_in_sync_group])


def _gathered(own: tf.Tensor) -> tf.Tensor:
    size = tf.shape(own)[0]
    everyone = tf.distribute.get_replica_context().all_gather(tf.stop_gradient(own), axis=0)
    start = first_row(size)
    return tf.concat([everyone[:start], own, everyone[start + size :]], axis=0)


def _of_any_size(spec: Any) -> Any:
    """Return the type of one tensor a device, with any number of rows."""
    tensors = tf.nest.flatten(spec, expand_composites=True)
    return type(spec)(*(tf.TensorSpec([None, *t.shape[1:]], t.dtype) for t in tensors))
