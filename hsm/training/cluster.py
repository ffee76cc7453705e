"""The processes of several machines that train one model, as TF_CONFIG or Slurm names them."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from hsm.training.devices import Devices

# A chief is worker 0, wherever it stands in TF_CONFIG.
_JOBS = ("chief", "worker")
_START_SECONDS = 300.0
_MOST_TASKS = 2**10
_EXAMPLE = (
    '{"cluster": {"worker": ["host-a:2222", "host-b:2222"]}, '
    '"task": {"type": "worker", "index": 0}}'
)
_TASK = re.compile(r"/job:(\w+)/(?:replica:0/)?task:(\d+)")


class LostWorkerError(ConnectionError):
    """Another process ended or cannot be reached; the message names it."""


@dataclass(frozen=True)
class Cluster:
    """Where every process listens, and which of them this one is.

    Attributes:
        jobs: addresses, "host:port", by kind of process: "chief", which is one, and "worker".
        job: the kind of this one.
        index: its place among those.
    """

    jobs: Mapping[str, Sequence[str]]
    job: str
    index: int

    @property
    def workers(self) -> list[tuple[str, int, str]]:
        """Kind, place and address of all processes, the one that writes files first."""
        return [
            (job, index, address)
            for job in _JOBS
            for index, address in enumerate(self.jobs.get(job, ()))
        ]

    @property
    def own(self) -> str:
        """The address of this process."""
        return self.jobs[self.job][self.index]

    def devices(self, *, seconds: float = _START_SECONDS) -> Devices:
        """Return the devices of all processes, once all of them have been started.

        Args:
            seconds: how long to wait for them.

        Raises:
            ValueError: if the port is taken.
            LostWorkerError: if a process cannot be reached in time.
        """
        _meet(self, seconds)
        resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
            tf.train.ClusterSpec({job: list(places) for job, places in self.jobs.items()}),
            task_type=self.job,
            task_id=self.index,
            rpc_layer="grpc",
        )
        with self.lost_worker_named():
            return Devices(tf.distribute.MultiWorkerMirroredStrategy(resolver))

    @contextlib.contextmanager
    def lost_worker_named(self) -> Iterator[None]:
        """Turn the errors of operations whose partners are gone into one that names the worker.

        Raises:
            LostWorkerError: in place of them.
        """
        try:
            yield
        except tf.errors.OpError as error:
            lost = self._named_in(str(error)) or self._unreachable()
            if not lost:
                raise
            raise LostWorkerError(
                f"expected every process to go on. Received: {' and '.join(lost)} ended or cannot "
                f"be reached, and this worker, {self.own}, ended too. Start all of them again: "
                "they go on from the last checkpoint."
            ) from error

    def _named_in(self, text: str) -> list[str]:
        """Return, in words, the other processes that an error of TensorFlow names."""
        named = {(job, int(index)) for job, index in _TASK.findall(text)}
        return [
            _words(job, index, address)
            for job, index, address in self.workers
            if (job, index) in named and address != self.own
        ]

    def _unreachable(self) -> list[str]:
        others = [worker for worker in self.workers if worker[2] != self.own]
        return [_words(*worker) for worker in others if not _listens(worker[2])]


def cluster_of(variables: Mapping[str, str]) -> Cluster:
    """Return the cluster that the variables of the environment describe.

    Args:
        variables: with TF_CONFIG, or with those that Slurm gives a step.

    Raises:
        ValueError: if they describe none, saying what is wrong.
    """
    if "TF_CONFIG" in variables:
        return _of_tf_config(variables["TF_CONFIG"])
    if "SLURM_STEP_NODELIST" in variables:
        return _of_slurm()
    raise ValueError(
        "expected the variable TF_CONFIG, or a step that Slurm's srun started, with "
        f"strategy=multi_worker. Received: neither; for two machines TF_CONFIG is {_EXAMPLE}"
    )


def _of_tf_config(text: str) -> Cluster:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(f"JSON ({error})", text) from error
    jobs, task = _part(values, "cluster", text), _part(values, "task", text)
    for job, addresses in jobs.items():
        if job not in _JOBS:
            raise _wrong(f"kinds of processes among {', '.join(_JOBS)}", job)
        _check_addresses(addresses)
    kind, index = task.get("type"), task.get("index")
    if not isinstance(kind, str) or kind not in jobs:
        raise _wrong(f"a task type among {', '.join(jobs)}", repr(kind))
    number = int(index) if isinstance(index, str) and index.isdecimal() else index
    if type(number) is not int or not 0 <= number < len(jobs[kind]):
        raise _wrong(f"a task index of 0 to {len(jobs[kind]) - 1}", repr(index))
    every = [address for addresses in jobs.values() for address in addresses]
    twice = sorted({address for address in every if every.count(address) > 1})
    if twice:
        raise _wrong("an address of its own for each process", f"{twice[0]} twice")
    if len(jobs.get("chief", ())) > 1:
        raise _wrong("one chief", f"{len(jobs['chief'])}")
    return Cluster(jobs, kind, number)


def _part(values: Any, name: str, text: str) -> dict[str, Any]:
    part = values.get(name) if isinstance(values, dict) else None
    if not isinstance(part, dict) or not part:
        raise _wrong(f"an object with the object {name}", text)
    return part


def _check_addresses(addresses: Any) -> None:
    if not isinstance(addresses, list) or not addresses:
        raise _wrong("a list of addresses for each kind", repr(addresses))
    for address in addresses:
        host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
        if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
            raise _wrong("addresses of the form host:port", repr(address))


def _of_slurm() -> Cluster:
    try:
        # As many GPUs as could be: it names no more tasks of a machine than that has GPUs.
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            gpus_per_node=_MOST_TASKS, gpus_per_task=1, auto_set_gpu=False
        )
        resolver.cluster_spec()  # Before it, the task is not known.
        job, index = resolver.get_task_info()
        return Cluster(resolver.cluster_spec().as_dict(), job, int(index))
    except (RuntimeError, ValueError, KeyError) as error:
        raise ValueError(
            f"expected the variables that srun gives a step. Received: {error}. Start the command "
            "with srun, or set TF_CONFIG."
        ) from error


def _wrong(expected: str, received: str) -> ValueError:
    return ValueError(
        f"expected TF_CONFIG to hold {expected}. Received: {received:.200}. For two machines it is "
        f"{_EXAMPLE}"
    )


def _meet(cluster: Cluster, seconds: float) -> None:
    """Listen where this process will, until all others listen or have begun to compute."""
    waiting = [worker for worker in cluster.workers if worker[2] != cluster.own]
    deadline = time.monotonic() + seconds
    with _listening(cluster.own):
        while waiting := [worker for worker in waiting if not _listens(worker[2])]:
            if time.monotonic() > deadline:
                raise LostWorkerError(
                    f"expected every process within {seconds:g} s. Received: "
                    f"{' and '.join(_words(*worker) for worker in waiting)} cannot be reached from "
                    f"{cluster.own}. Start the same command there with its own task index, and see "
                    "that its host name is known here and its port is open."
                )
            time.sleep(0.2)


def _listening(address: str) -> socket.socket:
    port = int(address.rpartition(":")[2])
    try:
        return socket.create_server(("", port))
    except OSError as error:
        raise ValueError(
            f"expected a free port for this worker. Received: {address}, of which the port cannot "
            f"be listened on ({error.strerror}): end what listens there, or name another port"
        ) from error


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=2.0):
            return True
    except OSError:
        return False


def _words(job: str, index: int, address: str) -> str:
    return f"{job} {index} ({address})"
