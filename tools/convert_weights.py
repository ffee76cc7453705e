"""The former name of `python -m hsm.experiments.convert_weights`, kept for a version."""

from __future__ import annotations

from hsm.experiments import convert_weights
from hsm.experiments.cli.app import run

if __name__ == "__main__":
    run(convert_weights.main, module=convert_weights.__name__, doc=convert_weights.__doc__ or "")
