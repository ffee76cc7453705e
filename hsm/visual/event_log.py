"""Scalars and histograms as TensorBoard reads them, each point once.

Only TensorFlow is needed to write them. Its own `tf.summary.scalar` and `tf.summary.histogram` are
parts of TensorBoard; `tf.summary.write`, which both end in, is not.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from hsm.atomic import about
from hsm.output_folder import make_output_folder

_BUCKETS = 30
_SCALAR, _TENSOR = 1, 2  # tensorboard.DataClass


class EventLog:
    """The event files of one folder, which TensorBoard shows as one run.

    A point that the folder already holds is not written again: a training that goes on from a
    checkpoint may tell of an epoch a second time. Nothing is opened before the first point.

    Args:
        directory: the folder; made with the first point.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known = {point for file in event_files(directory) for point in _points(file)}
        self._writer: tf.summary.SummaryWriter | None = None

    def has(self, name: str, step: int) -> bool:
        """Return whether the point is there."""
        return (name, step) in self._known

    def scalar(self, name: str, value: float, step: int) -> None:
        """Write a number, unless there is one of this name at this step."""
        self._write(name, np.float32(value), step, "scalars", _SCALAR)

    def histogram(self, name: str, values: ArrayLike, step: int) -> None:
        """Write how finite numbers of any shape are distributed, in 30 bins of equal width."""
        if self.has(name, step):
            return
        flat = np.asarray(values, np.float64).ravel()
        counts, edges = np.histogram(flat, bins=_BUCKETS)
        bins = np.stack([edges[:-1], edges[1:], counts], axis=1)
        self._write(name, bins, step, "histograms", _TENSOR)

    def flush(self) -> None:
        """Bring to disk what was written, for TensorBoard to see."""
        if self._writer is not None:
            with about(self._directory, tf.errors.OpError):
                self._writer.flush()

    def _write(
        self, name: str, value: np.ndarray | np.float32, step: int, plugin: str, data_class: int
    ) -> None:
        if self.has(name, step):
            return
        if self._writer is None:
            make_output_folder(self._directory)
            with about(self._directory, tf.errors.OpError):
                self._writer = tf.summary.create_file_writer(str(self._directory))
        metadata = tf.compat.v1.SummaryMetadata(
            plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name=plugin),
            data_class=data_class,
        )
        with about(self._directory, tf.errors.OpError), self._writer.as_default():
            tf.summary.write(name, tf.constant(value), step=step, metadata=metadata)
        self._known.add((name, step))


def event_files(directory: Path) -> list[Path]:
    """Return the event files of a folder, in the order in which they were begun."""
    return sorted(directory.glob("events.out.tfevents.*"))


def _points(file: Path) -> set[tuple[str, int]]:
    """Name and step of every point in an event file; of one cut off in a point, those before it."""
    points: set[tuple[str, int]] = set()
    try:
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            event = tf.compat.v1.Event.FromString(record)
            points |= {(value.tag, event.step) for value in event.summary.value}
    except tf.errors.DataLossError:
        pass
    return points
