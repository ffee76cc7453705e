"""Table 3: R@1 against the width of the embedding and a fixed alpha, SM and HBN beside them.

A column is SM, BN trained at one alpha throughout, or HBN; a line is a number of dimensions. Runs
what is missing, skips what its records already hold, resumes what was cut off. The tables and one
record a run go to --output_dir.
"""

from __future__ import annotations

from dataclasses import replace

from absl import flags

from hsm.experiments.cli import run_flags as shared
from hsm.experiments.cli.app import run
from hsm.experiments.cli.command import command
from hsm.experiments.cli.hyperparameter_flags import numbers, whole_numbers
from hsm.experiments.cli.requested_runs import DEVICE_FLAGS
from hsm.experiments.cli.table_command import Table, make
from hsm.experiments.config import RunConfig

FLAGS = flags.FLAGS
_DIMENSIONS, _ALPHAS = (64, 128, 256), (4.0, 8.0, 16.0, 32.0, 64.0)
# Enough to try everything out.
_SMOKE_DIMENSIONS, _SMOKE_ALPHAS = (64,), (4.0,)
_METHODS = ("SM", "BN", "HBN")
_WITHOUT_EFFECT = {
    "embedding_dim": "--embedding_dims lists its lines",
    "learned_alpha": "its columns are fixed alphas",
    "variants": "they are rows of tables 1, 2 and 4",
}

flags.DEFINE_list(
    "embedding_dims",
    None,
    "The lines: widths of the embedding. Default: 64,128,256, as in the paper; with --smoke 64.",
)
flags.DEFINE_list(
    "alphas",
    None,
    "Columns: the alphas that BN trains at. Default: 4,8,16,32,64, as in the paper; with --smoke "
    "4.",
)


def configs(dataset: str, name: str, split: str) -> list[RunConfig]:
    """Return the runs of this table, seed by seed and line by line.

    Raises:
        ValueError: if a flag's value breaks a rule, or a flag has no effect on this table.
    """
    _check_flags()
    widths = whole_numbers("embedding_dims", _SMOKE_DIMENSIONS if FLAGS.smoke else _DIMENSIONS)
    configs = [
        replace(cell, embedding_dim=width)
        for base in shared.configs(dataset, name, split)
        for width in dict.fromkeys(widths)
        for cell in _columns(base)
    ]
    return sorted(configs, key=lambda config: (config.seed, config.embedding_dim))


def _columns(base: RunConfig) -> list[RunConfig]:
    """Return the columns of a method: one, but for BN as many as there are alphas."""
    if base.method != "BN":
        return [base]
    alphas = numbers("alphas", _SMOKE_ALPHAS if FLAGS.smoke else _ALPHAS)
    return [replace(base, alpha=alpha) for alpha in dict.fromkeys(alphas)]


def _check_flags() -> None:
    """Refuse what this table has no place for."""
    others = [method for method in FLAGS.methods if method not in _METHODS]
    if others:
        raise ValueError(
            f"expected --methods to be some of {', '.join(_METHODS)}, the columns of this table. "
            f"Received: --methods={','.join(FLAGS.methods)}"
        )
    for flag, reason in _WITHOUT_EFFECT.items():
        if FLAGS[flag].value:
            raise ValueError(
                f"expected no --{flag} with this table. Received: --{flag}, but {reason}"
            )


TABLE = Table("table3", configs=configs, curves=False)


@command(uses=DEVICE_FLAGS, defaults={"methods": list(_METHODS)})
def main() -> None:
    """Run the driver on the flags."""
    make(TABLE)


if __name__ == "__main__":
    run(main, module="hsm.experiments.table3", doc=__doc__ or "")
