"""The model of the commands that embed photographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from hsm.experiments.cli import model_flag  # noqa: F401 - defines --model

if TYPE_CHECKING:
    from hsm.serving import Embedder

FLAGS = flags.FLAGS

DEFAULT_MODEL = "results/saved_model"
MODEL_TEXT = (
    "What embeds: the SavedModel that train or export wrote, a .keras file, or the folder of a "
    "trained run."
)


def check_model() -> None:
    """Refuse a model that is missing before TensorFlow is loaded.

    Raises:
        FileNotFoundError: if so.
    """
    if not Path(FLAGS.model).expanduser().exists():
        raise FileNotFoundError(
            "expected --model to be an exported model or the folder of a run. Received: "
            f"--model={FLAGS.model}, which does not exist. Train one with python -m "
            "hsm.experiments.train, which leaves results/saved_model, or name an exported one."
        )


def embedder() -> Embedder:
    """Return what --model names; of a run's folder the trained network itself, exported or not.

    Raises:
        ValueError: if it holds no model.
    """
    from hsm.experiments.runs.build import load_model
    from hsm.serving import Embedder

    path = Path(FLAGS.model).expanduser()
    if (path / "model.json").is_file():
        return Embedder.of_model(load_model(path)[0], show_progress=False)
    return Embedder(path, show_progress=False)
