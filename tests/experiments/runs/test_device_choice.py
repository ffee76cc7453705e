"""Devices that are not there are named in a sentence."""

from __future__ import annotations

import pytest

from hsm.experiments.runs import device_choice


@pytest.mark.parametrize(
    ("strategy", "logical", "match"),
    [
        ("both", 0, "one of auto, one_device, mirrored, multi_worker. Received: both"),
        ("mirrored", 0, "several GPUs with strategy=mirrored.*0 GPUs and logical_devices=0"),
        ("mirrored", 1, "logical_devices=1"),
        ("one_device", 2, "at most 1 with strategy=one_device"),
        ("multi_worker", 2, "logical_devices=0 with strategy=multi_worker"),
        ("mirrored", 2, "before TensorFlow computes in this process"),
    ],
)
def test_what_cannot_be_is_a_sentence(strategy, logical, match):
    import tensorflow as tf

    tf.zeros([])  # TensorFlow computes.
    with pytest.raises(ValueError, match=match):
        device_choice.choose(strategy, logical)


@pytest.mark.parametrize("strategy", ["auto", "one_device"])
def test_a_processor_is_one_device(strategy):
    devices = device_choice.choose(strategy)
    assert (devices.count, devices.workers, devices.is_chief) == (1, 1, True)
    assert devices.describe() == {}


def test_logical_devices_do_not_go_with_gpus(monkeypatch):
    monkeypatch.setattr(device_choice.tf.config, "list_physical_devices", lambda kind: [kind])
    with pytest.raises(ValueError, match="CUDA_VISIBLE_DEVICES=-1"):
        device_choice.choose("auto", 2)


def test_multi_worker_without_a_job_is_a_sentence(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.delenv("SLURM_STEP_NODELIST", raising=False)
    with pytest.raises(ValueError, match="TF_CONFIG"):
        device_choice.choose("multi_worker")
