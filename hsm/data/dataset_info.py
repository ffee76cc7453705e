"""What is known of a data set before any of it is read, and what it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# How a data set is divided: unseen classes are tested; these as queries against a gallery; new
# images of the training classes; or all classes train but a few that are held out to be tested, and
# where none is held out the training images are tested.
ZERO_SHOT, QUERY_GALLERY, CLASSIFICATION = "zero_shot", "query_gallery", "classification"
ALL = "all"
SPLITS = (ZERO_SHOT, QUERY_GALLERY, CLASSIFICATION, ALL)

# Of an image at most. A file of a few kilobytes can announce gigabytes; cameras have 12 to 60
# million.
MAX_PIXELS = 100_000_000


@dataclass(frozen=True)
class Count:
    """How much of a data set one part holds."""

    images: int
    classes: int

    def __str__(self) -> str:
        return f"{self.images:,} images of {self.classes:,} classes"


@dataclass(frozen=True)
class Expected:
    """What the parts of one split must hold.

    Attributes:
        train: what trains.
        test: what is tested; the queries where there is a gallery.
        gallery: what the queries are looked up in, where these are not the test images themselves.
        by_class: the first `train.classes` classes train and the others are tested; else the parts
            are those that the archive itself names.
    """

    train: Count
    test: Count
    gallery: Count | None = None
    by_class: bool = False


@dataclass(frozen=True)
class Archive:
    """A file as it is distributed.

    Attributes:
        file: its name.
        checksum: algorithm and hexadecimal digest, "sha256:…" or "md5:…".
    """

    file: str
    checksum: str


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    """What a data set is asked for; see `hsm.data.sources.load_source`.

    Attributes:
        data_dir: where the data lies; None if nothing was said.
        split: how it is divided, one of `SPLITS`.
        validation_classes: of the split "all", how many classes are held out; below 1 the share of
            all, 0 for none.
        train_classes: a text file with the training classes, one a line; None for the usual ones.
        folder_layout: how a folder of photographs is laid out.
        on_bad_image: "error" or "skip".
        singletons: "error" or "exclude".
        limit: about how many images of each part to keep, evenly over classes; None keeps all.
        max_pixels: an image file with more counts as one that cannot be decoded.
    """

    data_dir: str | None = None
    split: str = ZERO_SHOT
    validation_classes: float = 0.0
    train_classes: str | None = None
    folder_layout: str = "classes"
    on_bad_image: Literal["error", "skip"] = "error"
    singletons: Literal["error", "exclude"] = "error"
    limit: int | None = None
    max_pixels: int = MAX_PIXELS


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a data set before any of it is read.

    Attributes:
        summary: what it shows and how its classes are split, in one sentence.
        obtain: what it consists of on disk and where that comes from.
        licence: who may use it, or where that is written.
        load: `LoadOptions` → `hsm.data.sources.ImageSource`; or "module:function", which is
            imported when it is first called.
        divides: `load` divides the data as `LoadOptions.split` asks; else it gives the zero-shot
            division, of which the others are made.
        recipe: the data set whose recipes it is trained with, where it has none of its own.
        expected: by split, what an archive must hold: "zero_shot" tests unseen classes,
            "predefined" new images of the training classes. Empty where nothing is prescribed.
        addresses: where it has been documented to be available, one place a line, and which
            addresses are dead.
        archives: the files at these addresses whose checksums are published.
        folders: what a folder with it is usually called, in lower case, the likeliest first.
    """

    summary: str
    obtain: str
    licence: str
    load: str | Callable[[LoadOptions], Any] = ""
    divides: bool = False
    recipe: str = "image_folder"
    expected: Mapping[str, Expected] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    archives: tuple[Archive, ...] = ()
    folders: tuple[str, ...] = ()
