"""Devices that are not there are named in a sentence."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from hsm.experiments.runs import build, device_choice
from hsm.training.devices import Devices


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


def test_a_batch_with_fewer_images_than_devices_has_no_statistics_of_all(few_digits, quick_config):
    config = replace(quick_config, synchronized_batch_norm=True, batch_size=46)  # 48: 46 and 2.
    devices = Devices()
    build.check_batches(config, few_digits, devices)
    fewest = int(build.training_order(config, few_digits, 1).sizes.min())
    devices = SimpleNamespace(count=fewest + 1)
    with pytest.raises(ValueError, match=f"{fewest} images in the smallest batch and {fewest + 1}"):
        build.check_batches(config, few_digits, devices)
    build.check_batches(replace(config, synchronized_batch_norm=False), few_digits, devices)
