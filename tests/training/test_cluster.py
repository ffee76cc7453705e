"""What TF_CONFIG and Slurm say of a job is read, and what is wrong with it is said at once."""

from __future__ import annotations

import json
import socket
import time

import pytest
import tensorflow as tf
from support.workers import free_ports, tf_config

from hsm.training.cluster import Cluster, LostWorkerError, cluster_of


def _config(cluster, **task):
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})}


def test_a_chief_comes_before_the_workers():
    jobs = {"worker": ["b:1", "c:1"], "chief": ["a:1"]}
    cluster = cluster_of(_config(jobs, type="worker", index="1"))
    assert cluster.own == "c:1"
    assert cluster.workers == [("chief", 0, "a:1"), ("worker", 0, "b:1"), ("worker", 1, "c:1")]


@pytest.mark.parametrize(
    ("variables", "match"),
    [
        ({}, "TF_CONFIG, or a step that Slurm.*Received: neither"),
        ({"TF_CONFIG": "{"}, "JSON"),
        ({"TF_CONFIG": "[1]"}, "the object cluster"),
        ({"TF_CONFIG": '{"cluster": {"worker": ["a:1"]}}'}, "the object task"),
        (_config({"ps": ["a:1"]}, type="ps", index=0), "chief, worker. Received: ps"),
        (_config({"worker": "a:1"}, type="worker", index=0), "a list of addresses"),
        (_config({"worker": ["a"]}, type="worker", index=0), "host:port. Received: 'a'"),
        (_config({"worker": ["a:99999"]}, type="worker", index=0), "host:port"),
        (_config({"worker": ["a:1", "a:1"]}, type="worker", index=0), "a:1 twice"),
        (_config({"worker": ["a:1"]}, type="worker", index=1), "index of 0 to 0. Received: 1"),
        (_config({"worker": ["a:1"]}, type="worker", index=True), "index of 0 to 0"),
        (_config({"worker": ["a:1"]}, type="worker"), "Received: None"),
        (_config({"worker": ["a:1"]}, type="chief", index=0), "task type among worker"),
        (_config({"worker": ["a:1"]}, type=[], index=0), "task type among worker"),
        (_config({"chief": ["a:1", "b:1"]}, type="chief", index=0), "one chief. Received: 2"),
    ],
)
def test_a_wrong_job_is_a_sentence(variables, match):
    with pytest.raises(ValueError, match=match):
        cluster_of(variables)


def test_slurm_names_the_job(monkeypatch):
    variables = {
        "SLURM_PROCID": "3",
        "SLURM_STEP_NUM_TASKS": "4",
        "SLURM_STEP_NODELIST": "gpu[1-2]",
        "SLURM_STEP_TASKS_PER_NODE": "2(x2)",
        "CUDA_VISIBLE_DEVICES": "",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    cluster = cluster_of(variables)
    hosts = [address.partition(":")[0] for _, _, address in cluster.workers]
    assert hosts == ["gpu1", "gpu1", "gpu2", "gpu2"]
    assert (cluster.job, cluster.index) == ("worker", 3)
    assert len(set(cluster.workers)) == 4


def test_a_step_of_slurm_that_says_too_little_is_a_sentence(monkeypatch):
    monkeypatch.delenv("SLURM_PROCID", raising=False)
    with pytest.raises(ValueError, match="srun"):
        cluster_of({"SLURM_STEP_NODELIST": "gpu1"})


def test_a_worker_that_does_not_start_is_named_in_time():
    ports, start = free_ports(2), time.monotonic()
    with pytest.raises(LostWorkerError, match=rf"worker 1 \(127.0.0.1:{ports[1]}\) cannot be"):
        cluster_of(tf_config(ports, 0)).devices(seconds=0.5)
    assert time.monotonic() - start < 5


def test_a_port_that_is_taken_is_a_sentence():
    with socket.create_server(("", 0)) as taken:
        ports = [taken.getsockname()[1], *free_ports(1)]
        with pytest.raises(ValueError, match="free port"):
            cluster_of(tf_config(ports, 0)).devices(seconds=0.5)


def test_an_error_of_tensorflow_names_the_other_worker_that_it_names():
    cluster = Cluster({"worker": ["a:1", "b:2"]}, "worker", 0)
    text = "aborted: /job:worker/replica:0/task:0 has heard that /job:worker/task:1 is unhealthy"
    named = pytest.raises(LostWorkerError, match=r"Received: worker 1 \(b:2\) ended")
    with named, cluster.lost_worker_named():
        raise tf.errors.UnavailableError(None, None, text)


def test_an_error_that_is_no_worker_s_stays():
    with socket.create_server(("", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        cluster = Cluster({"worker": ["a:1", address]}, "worker", 0)
        with pytest.raises(tf.errors.ResourceExhaustedError), cluster.lost_worker_named():
            raise tf.errors.ResourceExhaustedError(None, None, "out of memory")
