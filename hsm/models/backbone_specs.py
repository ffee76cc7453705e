"""Which backbones a configuration may name. TensorFlow is not imported."""

from __future__ import annotations

# The names of hsm.models.backbones, which a test compares.
BACKBONES = ("googlenet", "inception_v1", "torchvision_googlenet", "lenet", "convnet")
HELP = (
    f"{', '.join(BACKBONES)}; keras: and a network of keras.applications, such as keras:ResNet50; "
    "or a .keras file with a saved model, which brings its weights"
)
# As weights: those that Keras fetches, of keras: networks only.
IMAGENET = "imagenet"

_APPLICATION = "keras:"
_FROM_SCRATCH = ("lenet", "convnet")
_WEIGHTS = {
    "googlenet": "a .caffemodel or a .weights.h5 file",
    "inception_v1": "a .ckpt, an .index with its data, or a .weights.h5 file",
    "torchvision_googlenet": "a .pth or a .weights.h5 file",
}


def is_keras_file(backbone: str) -> bool:
    """True for a `.keras` file, which is network and weights in one."""
    return backbone.endswith(".keras") and not backbone.startswith(_APPLICATION)


def check_backbone(backbone: str, weights: str | None, precision: str) -> None:
    """Refuses unknown names, and what a backbone does not take.

    Args:
        backbone: one of `BACKBONES`, "keras:" and a network's name, or a `.keras` file.
        weights: base name of the file of pretrained weights, "imagenet", or None.
        precision: "float32", or the Keras dtype policy that the backbone is to have.

    Raises:
        ValueError: if a rule is broken.
    """
    file = is_keras_file(backbone)
    if not (backbone in BACKBONES or backbone.startswith(_APPLICATION) or file):
        raise ValueError(f"backbone must be one of {HELP}. Received: backbone={backbone!r}")
    if weights is not None and (file or backbone in _FROM_SCRATCH):
        reason = "brings its own" if file else "is trained from scratch"
        raise ValueError(
            f"weights do not go with the backbone {backbone}, which {reason}. "
            f"Received: weights={weights!r}"
        )
    if file and precision != "float32":
        raise ValueError(
            f"precision must be float32 with the backbone {backbone}, which keeps the dtype "
            f"policies that it was saved with. Received: precision={precision!r}"
        )
    if weights == IMAGENET and backbone in _WEIGHTS:
        raise ValueError(
            f"weights={IMAGENET} goes with {_APPLICATION} networks, such as keras:ResNet50; "
            f"{backbone} takes {_WEIGHTS[backbone]}. Received: weights={weights!r}"
        )
