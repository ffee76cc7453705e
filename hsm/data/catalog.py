"""Facts about the data sets that can be named on the command line. Needs no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """What is known of a data set before any of it is read.

    Attributes:
        summary: what it shows and how its classes are split, in one sentence.
        obtain: what it consists of on disk and where that comes from.
        licence: who may use it, or where that is written.
    """

    summary: str
    obtain: str
    licence: str


CATALOG: dict[str, Facts] = {
    "digits": Facts(
        summary="1,797 handwritten digits of 8x8 pixels; 0 to 4 train, 5 to 9 are tested",
        obtain="nothing: the digits are part of scikit-learn",
        licence="CC BY 4.0 (UCI, Optical Recognition of Handwritten Digits)",
    ),
    "omniglot": Facts(
        summary="hand-drawn characters of 105x105 pixels, 20 drawings each; one set of alphabets "
        "trains, the characters of another that are not in it are tested",
        obtain="images_background_small1.zip and images_background_small2.zip, or "
        "images_background.zip and images_evaluation.zip, from "
        "https://github.com/brendenlake/omniglot",
        licence="MIT, as its repository says",
    ),
    "image_folder": Facts(
        summary="photographs, one folder a class; the first half of the sorted classes trains, "
        "the rest is tested, or as a file of training classes says",
        obtain="one folder of JPEG, PNG, BMP or GIF files a class",
        licence="the images' own",
    ),
}


def facts(name: str) -> Facts:
    """Returns the facts of data set `name`.

    Raises:
        ValueError: for a name that is not in the catalog.
    """
    if name not in CATALOG:
        raise ValueError(f"A data set must be one of {', '.join(CATALOG)}. Received: {name}")
    return CATALOG[name]
