"""Event files, read back record by record: every point once, histograms as NumPy has them."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from hsm.visual.event_log import EventLog, event_files


def points_of(directory):
    """(name, step) → value, of every point in a folder; a second one of a name is an error."""
    found = {}
    for file in event_files(directory):
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            event = tf.compat.v1.Event.FromString(record)
            for value in event.summary.value:
                assert (value.tag, event.step) not in found
                found[value.tag, event.step] = tf.make_ndarray(value.tensor)
    return found


def test_scalars_and_histograms_are_what_was_written(tmp_path):
    log = EventLog(tmp_path / "run")
    values = np.random.default_rng(0).normal(size=(20, 5))
    log.scalar("a/loss", 0.25, 3)
    log.histogram("a/norms", values, 3)
    log.flush()
    found = points_of(tmp_path / "run")
    assert found["a/loss", 3] == 0.25
    low, high, counts = found["a/norms", 3].T
    expected, edges = np.histogram(values, 30)
    np.testing.assert_array_equal(counts, expected)
    np.testing.assert_array_equal(low, edges[:-1])
    np.testing.assert_array_equal(high, edges[1:])


def test_nothing_is_made_before_the_first_point(tmp_path):
    EventLog(tmp_path / "run").flush()
    assert not (tmp_path / "run").exists()


def test_a_point_is_written_once_also_by_a_later_process(tmp_path):
    for _ in range(2):
        log = EventLog(tmp_path)
        for step in (1, 1, 2):
            log.scalar("loss", step / 2, step)
            log.histogram("norms", [1.0, 2.0], step)
        log.flush()
    assert set(points_of(tmp_path)) == {(n, s) for n in ("loss", "norms") for s in (1, 2)}
    assert len(event_files(tmp_path)) == 1


def test_a_file_that_breaks_off_keeps_what_is_before(tmp_path):
    log = EventLog(tmp_path)
    for step in (1, 2):
        log.scalar("loss", 1.0, step)
    log.flush()
    (file,) = event_files(tmp_path)
    file.write_bytes(file.read_bytes()[:-3])
    again = EventLog(tmp_path)
    assert again.has("loss", 1)
    assert not again.has("loss", 2)


def test_equal_values_have_a_histogram(tmp_path):
    log = EventLog(tmp_path)
    log.histogram("norms", np.ones(7), 1)
    log.flush()
    assert points_of(tmp_path)["norms", 1][:, 2].sum() == 7


def test_tensorboard_reads_them(tmp_path):
    name = "tensorboard.backend.event_processing.event_accumulator"
    accumulator = pytest.importorskip(name, reason="needs tensorboard, which TensorFlow lacks")
    log = EventLog(tmp_path)
    log.scalar("loss", 0.5, 1)
    log.histogram("norms", [1.0, 2.0], 1)
    log.flush()
    events = accumulator.EventAccumulator(str(tmp_path)).Reload()
    assert set(events.Tags()["tensors"]) == {"loss", "norms"}
    assert events.SummaryMetadata("loss").plugin_data.plugin_name == "scalars"
    assert events.SummaryMetadata("norms").plugin_data.plugin_name == "histograms"


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_said_of_the_folder(tmp_path):
    log = EventLog(tmp_path / "run")

    def write():
        for step in range(200):
            log.histogram("loss", np.arange(100.0), step)
            log.flush()

    with pytest.raises(OSError, match=r"run cannot be written: "):
        write()
