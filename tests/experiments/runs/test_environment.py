"""What surrounds a run: described as it is, set in words, and never more than asked for."""

from __future__ import annotations

import json
import os
import subprocess

import keras
import pytest
import tensorflow as tf

from hsm.cores import usable_cores
from hsm.experiments.runs import environment


def test_the_description_is_of_this_process_and_fits_into_a_record():
    found = environment.describe()
    assert json.loads(json.dumps(found)) == found
    assert found["intra_op_threads"] >= 1
    assert found["inter_op_threads"] >= 1
    assert found["one_dnn"] in (True, False)
    assert found["deterministic_ops"] is False
    assert found["keras"] == {
        "backend": "tensorflow",
        "floatx": keras.config.floatx(),
        "image_data_format": keras.config.image_data_format(),
        "epsilon": keras.config.epsilon(),
        "dtype_policy": "float32",
    }


def test_deterministic_ops_are_described():
    tf.config.experimental.enable_op_determinism()
    try:
        assert environment.describe()["deterministic_ops"] is True
    finally:
        from tensorflow.python.framework import config

        config.disable_op_determinism()


def test_variables_are_those_that_change_numbers_and_hold_no_password(monkeypatch):
    theirs = {
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_XLA_FLAGS": "--tf_xla_auto_jit=2",
        "XLA_FLAGS": "--xla_cpu_enable_fast_math=true",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "OMP_NUM_THREADS": "3",
        "NPY_DISABLE_CPU_FEATURES": "AVX512F",
        "NVIDIA_TF32_OVERRIDE": "0",
        "CUDA_VISIBLE_DEVICES": "",
    }
    others = {"TF_TOKEN_app_terraform_io": "secret", "TF_VAR_key": "secret", "HOME": "/home/me"}
    for name, value in {**theirs, **others}.items():
        monkeypatch.setenv(name, value)
    variables = environment.describe()["variables"]
    assert theirs.items() <= variables.items()
    assert not others.keys() & variables.keys()


@pytest.mark.parametrize(("text", "threads"), [("7", 7), ("none", None), ("-3", None), ("", None)])
def test_threads_are_those_that_tensorflow_takes_by_itself(monkeypatch, text, threads):
    monkeypatch.setattr(tf.config.threading, "get_intra_op_parallelism_threads", lambda: 0)
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", text)
    expected = threads or usable_cores()
    assert environment.describe()["intra_op_threads"] == expected


def test_the_number_of_threads_cannot_change_once_tensorflow_computes():
    tf.constant(1) + 1
    before = environment.describe()["intra_op_threads"]
    environment.set_threads(0)
    assert environment.describe()["intra_op_threads"] == before
    with pytest.raises(ValueError, match=f"Received: threads={before + 1} after it began with"):
        environment.set_threads(before + 1)


def test_another_backend_of_keras_is_refused(monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    with pytest.raises(ValueError, match="Received: KERAS_BACKEND=torch. Set KERAS_BACKEND="):
        environment.import_keras()


def test_settings_of_matplotlib_that_it_refuses_are_told(monkeypatch):
    def refuse(name):
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    monkeypatch.setattr(environment.importlib, "import_module", refuse)
    with pytest.raises(ValueError, match="that it can read. Received: .* Mend the file matplotlib"):
        environment.import_matplotlib()


def test_a_machine_without_matplotlib_is_told_nothing(monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(environment.importlib, "import_module", absent)
    environment.import_matplotlib()


def test_flags_of_xla_are_tried_only_where_they_are_set(monkeypatch):
    def tried(command, **options):
        return subprocess.CompletedProcess(command, -6, "", "W0 a.cc:1] notice\nF0 b.cc:2] no --x")

    monkeypatch.setattr(environment.subprocess, "run", tried)
    monkeypatch.delenv("TF_XLA_FLAGS", raising=False)
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    environment.check_xla_flags()
    monkeypatch.setenv("XLA_FLAGS", "--x")
    with pytest.raises(ValueError, match=r"Received: XLA_FLAGS='--x': no --x\. Mend or unset"):
        environment.check_xla_flags()


def test_keras_gets_its_defaults_back(monkeypatch):
    policy = keras.config.dtype_policy()
    try:
        keras.config.set_floatx("float16")
        keras.config.set_epsilon(0.5)
        keras.config.set_image_data_format("channels_first")
        keras.config.set_dtype_policy("mixed_float16")
        environment.set_keras()
        assert environment.describe()["keras"] == {
            "backend": "tensorflow",
            "floatx": "float32",
            "image_data_format": "channels_last",
            "epsilon": 1e-7,
            "dtype_policy": "float32",
        }
    finally:
        environment.set_keras()
        keras.config.set_dtype_policy(policy)


def test_backends_are_chosen_over_the_shells(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setenv("MPLBACKEND", "module://nowhere")
    environment.set_variables()
    assert (os.environ["KERAS_BACKEND"], os.environ["MPLBACKEND"]) == ("tensorflow", "agg")
