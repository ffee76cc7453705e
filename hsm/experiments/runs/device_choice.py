"""From a command's wish to the devices of its process, before TensorFlow computes."""

from __future__ import annotations

import contextlib
import functools
import os
from contextlib import AbstractContextManager

import tensorflow as tf

from hsm.training.cluster import Cluster, cluster_of
from hsm.training.devices import Devices

STRATEGIES = ("auto", "one_device", "mirrored", "multi_worker")


def choose(strategy: str, logical_devices: int = 0) -> Devices:
    """Return the devices that a strategy names. A process has one choice, made once.

    Args:
        strategy: one of `STRATEGIES`; "auto" is all GPUs that are seen if there are several, or the
            logical devices that are asked for, else one device.
        logical_devices: so many devices that the processor is to pass for; 0 for none.

    Raises:
        ValueError: if there are no such devices here, or TensorFlow computes already.
    """
    gpus = tf.config.list_physical_devices("GPU")
    _check(strategy, logical_devices, gpus=len(gpus))
    if strategy == "multi_worker":
        return _multi_worker()[0]
    if logical_devices > 1:
        return _mirrored("CPU", logical_devices)
    if strategy == "one_device" or len(gpus) < 2:
        return Devices()
    return _mirrored("GPU", len(gpus))


def watched(strategy: str) -> AbstractContextManager[None]:
    """Return the block in which the work of the devices that `choose` gave is done.

    Raises:
        LostWorkerError: in the block, if another process is gone.
    """
    cluster = _multi_worker()[1] if strategy == "multi_worker" else None
    return contextlib.nullcontext() if cluster is None else cluster.lost_worker_named()


def _check(strategy: str, logical_devices: int, *, gpus: int) -> None:
    if strategy not in STRATEGIES:
        raise ValueError(
            f"expected strategy to be one of {', '.join(STRATEGIES)}. Received: {strategy}"
        )
    if logical_devices and gpus:
        raise ValueError(
            "expected logical_devices=0 where there are GPUs, because it makes devices of the "
            f"processor. Received: logical_devices={logical_devices} and {gpus} GPUs; hide them "
            "with CUDA_VISIBLE_DEVICES=-1"
        )
    if logical_devices > 1 and strategy == "one_device":
        raise ValueError(
            "expected logical_devices of at most 1 with strategy=one_device. Received: "
            f"logical_devices={logical_devices}; use strategy=mirrored"
        )
    if logical_devices and strategy == "multi_worker":
        raise ValueError(
            "expected logical_devices=0 with strategy=multi_worker, where a processor is one "
            f"device. Received: logical_devices={logical_devices}"
        )
    if strategy == "mirrored" and max(gpus, logical_devices) < 2:
        raise ValueError(
            "expected several GPUs with strategy=mirrored, or several devices of the processor. "
            f"Received: {gpus} GPUs and logical_devices={logical_devices}; use strategy=auto, or "
            "logical_devices=2 to try it"
        )


# Another strategy of the same process would join the groups of devices that the first one made.
@functools.cache
def _mirrored(kind: str, count: int) -> Devices:
    if kind == "CPU":
        _divide_processor(count)
    return Devices(tf.distribute.MirroredStrategy([f"{kind}:{index}" for index in range(count)]))


def _divide_processor(count: int) -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    logical = [tf.config.LogicalDeviceConfiguration()] * count
    try:
        tf.config.set_logical_device_configuration(cpu, logical)
    except RuntimeError as error:
        raise ValueError(
            "expected logical_devices before TensorFlow computes in this process. Received: "
            f"logical_devices={count} after it began; start a new one"
        ) from error


@functools.cache
def _multi_worker() -> tuple[Devices, Cluster | None]:
    cluster = cluster_of(os.environ)
    if len(cluster.workers) == 1:
        return choose("auto"), None
    return cluster.devices(), cluster
