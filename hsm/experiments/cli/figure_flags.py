"""What the drivers of figures that show one run share, the flag --sample among it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from absl import flags

from hsm.experiments.cli import data_flags, model_flag
from hsm.experiments.cli import run_flags as shared
from hsm.experiments.config import RunConfig

# Enough to try everything out.
_SMOKE_SAMPLE = 64

flags.DEFINE_integer(
    "sample", 1024, "Measure at most this many training images, evenly spaced.", lower_bound=2
)


def sample() -> int:
    """Return how many training images are measured at most: --sample, or a few with --smoke."""
    asked = int(shared.FLAGS.sample)
    return min(asked, _SMOKE_SAMPLE) if shared.FLAGS.smoke else asked


def check_methods(methods: Sequence[str], reason: str) -> None:
    """Hold --methods to `methods`; `reason` says why others cannot be shown.

    Raises:
        ValueError: if --methods names another one, or --variants makes one of another.
    """
    chosen = [*shared.FLAGS.methods]
    if [method for method in chosen if method not in methods] or not chosen:
        raise ValueError(
            f"expected --methods to be some of {', '.join(methods)} here: {reason}. "
            f"Received: --methods={','.join(chosen)}"
        )
    if shared.FLAGS.variants:
        raise ValueError(
            "expected no --variants, which are rows of tables 1, 2 and 4. Received: "
            f"--variants={','.join(shared.FLAGS.variants)}"
        )


def read_run(
    run_dir: Path, methods: Sequence[str], reason: str
) -> tuple[RunConfig, tuple[str, ...]]:
    """Return the configuration and the training classes of the trained run of --model.

    Args:
        run_dir: its folder.
        methods: those that can be shown.
        reason: why others cannot.

    Raises:
        ValueError: if the folder is not that of a run, or the run is of another method, or results
            would lie among its photographs.
    """
    from hsm.experiments.runs.workspace import (
        read_run_file,  # Reads arrays: --help does not wait.
    )

    config, class_names = read_run_file(run_dir)
    if config.method not in methods:
        raise ValueError(
            f"--model must be a run of {', '.join(methods)}: {reason}. Received: "
            f"a run of {config.method}"
        )
    model_flag.dataset_of(config)
    data_flags.check_output(shared.output_dir())
    return config, class_names
