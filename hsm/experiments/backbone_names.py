"""Which backbones a configuration may name. TensorFlow is not imported."""

from __future__ import annotations

# The names of hsm.models.backbones, which a test compares.
BACKBONES = ("googlenet", "inception_v1", "torchvision_googlenet", "lenet", "convnet")
HELP = (
    f"{', '.join(BACKBONES)}; keras: and a network of keras.applications, such as keras:ResNet50; "
    "or a .keras file with a saved model"
)

_FROM_SCRATCH = ("lenet", "convnet")


def check_backbone(backbone: str, weights: str | None) -> None:
    """Refuses unknown names, and weights where they would have no effect.

    Args:
        backbone: one of `BACKBONES`, "keras:" and a network's name, or a `.keras` file.
        weights: base name of the file of pretrained weights, or None.

    Raises:
        ValueError: if a rule is broken.
    """
    file = backbone.endswith(".keras")
    if not (backbone in BACKBONES or backbone.startswith("keras:") or file):
        raise ValueError(f"backbone must be one of {HELP}. Received: backbone={backbone!r}")
    if weights is not None and (file or backbone in _FROM_SCRATCH):
        reason = "brings its own" if file else "is trained from scratch"
        raise ValueError(
            f"weights do not go with the backbone {backbone}, which {reason}. "
            f"Received: weights={weights!r}"
        )
