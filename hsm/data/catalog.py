"""Facts about the data sets that can be named on the command line. Needs no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """What is known of a data set before any of it is read.

    Attributes:
        summary: what it shows and how its classes are split, in one sentence.
        obtain: where it comes from, and what must lie in `data_dir`.
        licence: who may use it, or where that is written.
        image_size: side of the crops that a network is fed, in pixels.
        needs_data_dir: whether the data must be on disk already.
    """

    summary: str
    obtain: str
    licence: str
    image_size: int
    needs_data_dir: bool


CATALOG: dict[str, Facts] = {
    "digits": Facts(
        summary="1,797 handwritten digits of 8x8 pixels; 0 to 4 train, 5 to 9 are tested",
        obtain="ships inside scikit-learn",
        licence="CC BY 4.0 (UCI, Optical Recognition of Handwritten Digits)",
        image_size=28,
        needs_data_dir=False,
    ),
    "omniglot": Facts(
        summary="hand-drawn characters of 105x105 pixels, 20 drawings each; one set of alphabets "
        "trains, the characters of another that are not in it are tested",
        obtain="images_background_small1.zip and images_background_small2.zip, or "
        "images_background.zip and images_evaluation.zip, from "
        "https://github.com/brendenlake/omniglot",
        licence="MIT, as its repository says",
        image_size=28,
        needs_data_dir=True,
    ),
    "image_folder": Facts(
        summary="photographs, one folder a class; the first half of the sorted classes trains, "
        "the rest is tested, or as a file of training classes says",
        obtain="your own images: JPEG, PNG, BMP or GIF",
        licence="that of your images",
        image_size=224,
        needs_data_dir=True,
    ),
}


def facts(name: str) -> Facts:
    """Returns the facts of data set `name`.

    Raises:
        ValueError: for a name that is not in the catalog.
    """
    if name not in CATALOG:
        raise ValueError(
            f"Argument `name` must be one of {', '.join(CATALOG)}. Received: name={name}"
        )
    return CATALOG[name]
