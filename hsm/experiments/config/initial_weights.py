"""Where a run's backbone starts from. TensorFlow is not imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hsm.models.backbone_specs import IMAGENET, is_keras_file


@dataclass(frozen=True)
class InitialWeights:
    """The source of a backbone's first weights.

    A configuration has its base name only, so that records tell nothing of a machine's folders.

    Attributes:
        source: path of a file of weights, or of a `.keras` file, which is network and weights in
            one; "imagenet" for those that Keras has or fetches; None for random weights.
    """

    source: str | None = None

    @property
    def file(self) -> Path | None:
        """The file, or None if there is none whose path is known."""
        return None if self.source in (None, IMAGENET) else Path(str(self.source))

    def arguments(self, backbone: str) -> tuple[str, str | None]:
        """Return the arguments `name` and `weights` of `hsm.models.build_backbone`.

        Args:
            backbone: the configuration's; of a `.keras` file the base name.
        """
        if is_keras_file(backbone):
            return self.source or backbone, None
        return backbone, self.source


RANDOM = InitialWeights()
