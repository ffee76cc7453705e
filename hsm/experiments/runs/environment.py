"""What surrounds a run and may change its numbers: set where it can be, else recorded.

A command owns its process and sets it with `set_variables` before TensorFlow is imported, and with
`set_keras` and `set_threads` after it. Whoever runs experiments from a program of their own keeps
their settings: `describe` says which these are.
"""

from __future__ import annotations

import importlib
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from hsm import processor
from hsm.cores import usable_cores

# Those that TensorFlow, XLA, oneDNN, OpenMP, NumPy and the GPUs' libraries obey. TF_ alone would
# take in the passwords of Terraform.
_VARIABLES = re.compile(
    "(TF_(CPU|CUDNN|DETERMINISTIC|DISABLE|ENABLE|FORCE|GPU|INTER|INTRA|MKL|NUM|ONEDNN|USE|XLA)_"
    "|XLA_|ONEDNN_|DNNL_|OMP_|GOMP_|MKL_|OPENBLAS_|NPY_|CUBLAS_|CUDNN_|CUDA_VISIBLE_DEVICES$"
    "|HIP_VISIBLE_DEVICES$|NVIDIA_TF32_OVERRIDE$)"
)

_ONE_DNN = "TF_ENABLE_ONEDNN_OPTS"
_X86 = ("x86_64", "amd64")

# Makes TensorFlow read TF_XLA_FLAGS, and XLA XLA_FLAGS. They end the process over a flag that they
# do not know, at once and each in its own time.
_READ_XLA_FLAGS = "import tensorflow as tf; tf.function(lambda: tf.zeros([]), jit_compile=True)()"


def set_variables() -> None:
    """Choose the backends of Keras and of matplotlib, whatever the shell or a notebook has chosen.

    To be called before either is imported. hsm computes with TensorFlow and draws into files.
    TensorFlow is told to compute with oneDNN on every x86 processor, unless the shell says
    otherwise: by itself it does so only where there are instructions for neural networks, and is
    slower where there are not.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["MPLBACKEND"] = "agg"
    if platform.machine().lower() in _X86:
        os.environ.setdefault(_ONE_DNN, "1")


def import_keras() -> None:
    """Import TensorFlow and Keras.

    Raises:
        ValueError: if Keras cannot be imported, as over its settings in keras.json, or has another
            backend already.
    """
    try:
        import keras
        import tensorflow  # noqa: F401
    except ImportError:
        raise
    except Exception as error:  # Of many kinds: the file may hold anything.
        raise ValueError(
            f"expected Keras to be imported. Received: {error}. Mend or delete its settings in "
            f"{_keras_file()}, if there are any; start in another folder if one named jax, torch "
            f"or tensorflow lies in {Path.cwd()}, which is taken for the package."
        ) from error
    if keras.config.backend() != "tensorflow":
        raise ValueError(
            f"expected Keras on TensorFlow. Received: KERAS_BACKEND={keras.config.backend()}. Set "
            "KERAS_BACKEND=tensorflow before Keras is imported."
        )


def import_matplotlib() -> None:
    """Import matplotlib, if it is installed, so that its settings are read before a run.

    Raises:
        ValueError: if it refuses them.
    """
    try:
        importlib.import_module("matplotlib")
    except ImportError:
        return
    except Exception as error:  # Of many kinds: its settings may hold anything.
        raise ValueError(
            f"expected settings of matplotlib that it can read. Received: {error}. Mend the file "
            "matplotlibrc in this folder, in the one that MATPLOTLIBRC names, or in "
            "~/.config/matplotlib."
        ) from error


def check_xla_flags() -> None:
    """Ask a process of its own whether TensorFlow takes TF_XLA_FLAGS and XLA_FLAGS, if one is set.

    Raises:
        ValueError: if it does not.
    """
    given = {name: os.environ[name] for name in ("TF_XLA_FLAGS", "XLA_FLAGS") if name in os.environ}
    if not given:
        return
    command = [sys.executable, "-c", _READ_XLA_FLAGS]
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if result.returncode:
        *_, last = result.stderr.strip().splitlines() or [f"exit status {result.returncode}"]
        reason = last.rpartition("] ")[2]
        raise ValueError(
            "expected flags that TensorFlow knows. Received: "
            f"{', '.join(f'{name}={value!r}' for name, value in given.items())}: {reason}. Mend or "
            "unset them."
        )


def set_keras() -> None:
    """Give Keras its own defaults back, which keras.json may have changed."""
    import keras

    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy("float32")


def set_threads(threads: int) -> None:
    """Set how many threads TensorFlow computes one operation with, and how many operations at once.

    Args:
        threads: 0 takes one for each core that the process may use.

    Raises:
        ValueError: if TensorFlow computes already, with another number.
    """
    import tensorflow as tf

    count = threads or usable_cores()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(count)
        tf.config.threading.set_inter_op_parallelism_threads(count)
    except RuntimeError as error:
        if threads and _threads() != (threads, threads):
            raise ValueError(
                "expected a number of threads before TensorFlow computes in this process. "
                f"Received: threads={threads} after it began with {_threads()[0]}. Start a new one."
            ) from error


def set_deterministic() -> None:
    """Make TensorFlow refuse or replace operations that do not always give the same."""
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()


def describe() -> dict[str, Any]:
    """Return what changes the numbers of a run beside its configuration, as JSON values.

    TensorFlow is imported. None stands for what is not known.
    """
    import keras
    import tensorflow as tf

    intra, inter = _threads()
    return {
        "intra_op_threads": intra,
        "inter_op_threads": inter,
        "instructions": _listed(processor.instructions()),
        "one_dnn": one_dnn(),
        "deterministic_ops": _asked(
            "tensorflow.python.framework.config", "is_op_determinism_enabled"
        ),
        "tensor_float_32": tf.config.experimental.tensor_float_32_execution_enabled(),
        "keras": {
            "backend": keras.config.backend(),
            "floatx": keras.config.floatx(),
            "image_data_format": keras.config.image_data_format(),
            "epsilon": keras.config.epsilon(),
            "dtype_policy": keras.config.dtype_policy().name,
        },
        "variables": {
            name: value for name, value in sorted(os.environ.items()) if _VARIABLES.match(name)
        },
    }


def one_dnn() -> bool | None:
    """Return whether TensorFlow computes with oneDNN; None where it does not say."""
    return _asked("tensorflow.python.util._pywrap_util_port", "IsMklEnabled")


def _asked(module: str, function: str) -> bool | None:
    """Return what a function says that TensorFlow does not publish, and may rename."""
    try:
        return bool(getattr(importlib.import_module(module), function)())
    except (ImportError, AttributeError):
        return None


def _threads() -> tuple[int, int]:
    """Return the numbers of threads within and between operations that are in force."""
    import tensorflow as tf

    threading = tf.config.threading
    return (
        threading.get_intra_op_parallelism_threads() or _default("TF_NUM_INTRAOP_THREADS"),
        threading.get_inter_op_parallelism_threads() or _default("TF_NUM_INTEROP_THREADS"),
    )


def _default(variable: str) -> int:
    """Return what TensorFlow takes by default: the variable, if that is a positive number."""
    text = os.environ.get(variable, "")
    return int(text) if text.isdecimal() and int(text) else usable_cores()


def _listed(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)


def _keras_file() -> Path:
    """Return where Keras looks for its settings."""
    home = os.environ.get("KERAS_HOME", os.path.join("~", ".keras"))
    return Path(os.path.expanduser(home)) / "keras.json"
