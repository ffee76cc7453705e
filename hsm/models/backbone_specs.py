"""Which backbones a configuration may name, and what each takes. TensorFlow is not imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# As weights: those that Keras fetches, of keras: networks only.
IMAGENET = "imagenet"

_APPLICATION = "keras:"
# How the names of networks of keras.applications begin, in lower case.
_FAMILIES = (
    "convnext",
    "densenet",
    "efficientnet",
    "inception",
    "mobilenet",
    "nasnet",
    "resnet",
    "vgg",
    "xception",
)


@dataclass(frozen=True, kw_only=True)
class BackboneSpec:
    """A network that has a name.

    Attributes:
        name: what configurations call it.
        build: (input_shape, *, dtype, weights) → Keras model from RGB pixel values 0..255,
            [b, h, w, 3], to features [b, d]; where it takes no weights, (input_shape, *, dtype,
            seed). Or "module:function", which is imported when it is first called.
        weights: which files of weights it takes, in words; None if it is trained from scratch.
    """

    name: str
    build: str | Callable[..., Any]
    weights: str | None = None


BACKBONES: dict[str, BackboneSpec] = {}


def register_backbone(spec: BackboneSpec) -> BackboneSpec:
    """Make `spec` known by its name.

    Raises:
        ValueError: if another one has the name, or the name is that of a file or a Keras network.
    """
    if spec.name.startswith(_APPLICATION) or is_keras_file(spec.name):
        raise ValueError(
            f"expected a name without {_APPLICATION} and .keras, which are taken. "
            f"Received: name={spec.name!r}"
        )
    if BACKBONES.get(spec.name, spec) != spec:
        raise ValueError(
            f"expected a new name. Received: name={spec.name!r}, which is a backbone already"
        )
    BACKBONES[spec.name] = spec
    return spec


def names() -> str:
    """Return what a configuration may name, in words."""
    return (
        f"{', '.join(BACKBONES)}; {_APPLICATION} and a network of keras.applications, such as "
        "keras:ResNet50; or a .keras file with a saved model, which brings its weights"
    )


def is_application(backbone: str) -> bool:
    """Return True for "keras:" and the name of a network of `keras.applications`."""
    return backbone.startswith(_APPLICATION)


def application(backbone: str) -> str:
    """Return the network's name in `keras.applications`."""
    return backbone.removeprefix(_APPLICATION)


def is_keras_file(backbone: str) -> bool:
    """Return True for a `.keras` file, which is network and weights in one."""
    return backbone.endswith(".keras") and not is_application(backbone)


def check_backbone(backbone: str, weights: str | None, precision: str) -> None:
    """Refuse unknown names, and what a backbone does not take.

    Args:
        backbone: one of `BACKBONES`, "keras:" and a network's name, or a `.keras` file.
        weights: base name of the file of pretrained weights, "imagenet", or None.
        precision: "float32", or the Keras dtype policy that the backbone is to have.

    Raises:
        ValueError: if a rule is broken.
    """
    file, spec = is_keras_file(backbone), BACKBONES.get(backbone)
    if not (spec or is_application(backbone) or file):
        raise ValueError(
            f"expected backbone to be one of {names()}. Received: "
            f"backbone={backbone!r}{_meant(backbone)}"
        )
    if weights is not None and (file or (spec and spec.weights is None)):
        reason = "brings its own" if file else "is trained from scratch"
        raise ValueError(
            f"expected no weights with the backbone {backbone}, which {reason}. Received: "
            f"weights={weights!r}"
        )
    if file and precision != "float32":
        raise ValueError(
            f"expected precision to be float32 with the backbone {backbone}, which keeps the dtype "
            f"policies that it was saved with. Received: precision={precision!r}"
        )
    if weights == IMAGENET and spec:
        raise ValueError(
            f"{backbone}: expected weights={IMAGENET} with {_APPLICATION} networks only, such as "
            f"keras:ResNet50. Received: weights={weights!r}. Pass {spec.weights}."
        )


def _meant(backbone: str) -> str:
    """Return a hint on a name without its prefix; empty if it is like no network's."""
    if not backbone.lower().startswith(_FAMILIES):
        return ""
    return f". The network of keras.applications is written `backbone={_APPLICATION}{backbone}`"


for _spec in (
    BackboneSpec(
        name="googlenet",
        build="hsm.models.googlenet:GoogLeNet",
        weights="a .caffemodel or a .weights.h5 file",
    ),
    BackboneSpec(
        name="inception_v1",
        build="hsm.models.inception_v1:InceptionV1",
        weights="a .ckpt, an .index with its data, or a .weights.h5 file",
    ),
    BackboneSpec(
        name="torchvision_googlenet",
        build="hsm.models.backbones:torchvision_googlenet",
        weights="a .pth or a .weights.h5 file",
    ),
    BackboneSpec(name="lenet", build="hsm.models.lenet:LeNet"),
    BackboneSpec(name="convnet", build="hsm.models.convnet:ConvNet"),
    BackboneSpec(name="strided_convnet", build="hsm.models.strided_convnet:StridedConvNet"),
):
    register_backbone(_spec)
