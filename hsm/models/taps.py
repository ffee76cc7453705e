"""The maps inside of a backbone that methods with several heads read. No TensorFlow."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple

from hsm.models.backbone_specs import is_keras_file


class Taps(NamedTuple):
    """Names of layers whose outputs are maps [b, h, w, c].

    Attributes:
        first: what GoogLeNet's first side classifier reads.
        second: what its second one reads.
        landmarks: what is pooled round landmarks.
    """

    first: str
    second: str
    landmarks: str


# Szegedy et al. 2015 put the side classifiers after the blocks 4a and 4d; slim numbers from b. The
# small networks have no such classifiers: there the heads stand after the two blocks before the
# end, our choice.
_INCEPTION_V1 = Taps("Mixed_4b.concat", "Mixed_4e.concat", "Mixed_4f.concat")
TAPS: Mapping[str, Taps] = MappingProxyType(
    {
        "googlenet": Taps("inception_4a.output", "inception_4d.output", "inception_4e.output"),
        "inception_v1": _INCEPTION_V1,
        "torchvision_googlenet": _INCEPTION_V1,
        "convnet": Taps("block2_pool", "block3_pool", "block3_pool"),
        "strided_convnet": Taps("block1_relu", "block2_relu", "block2_relu"),
        "lenet": Taps("pool1", "pool2", "pool2"),
    }
)


def check_backbone_has_taps(backbone: str, method: str) -> None:
    """Refuse a backbone, as configurations name it, in which the places are not known.

    What a `.keras` file holds shows when it is read.

    Raises:
        ValueError: naming `method`.
    """
    if backbone not in TAPS and not is_keras_file(backbone):
        raise ValueError(
            f"expected a backbone inside of which places are known, where the method {method} "
            f"reads maps: {', '.join(TAPS)}. Received: backbone={backbone!r}"
        )


def find_taps(layers: Collection[str]) -> Taps:
    """Return the taps that a network with layers of these names has.

    Raises:
        ValueError: if it is no network whose taps are known.
    """
    for taps in TAPS.values():
        if set(taps) <= set(layers):
            return taps
    raise ValueError(
        "expected a backbone with the layers of one whose inner places are known, "
        f"{', '.join(TAPS)}; this head reads maps there. Received: layers "
        f"{', '.join(list(layers)[:3])} …"
    )
