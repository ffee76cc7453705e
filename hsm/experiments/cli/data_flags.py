"""The flags that say which data sets are used, where they lie, and what is left out of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from absl import flags

from hsm.data.catalog import CATALOG, INSTALLED, MAX_PIXELS
from hsm.output_folder import check_writable, holds_pictures, is_output_folder

# The paper's: each has a flag for its folder, and is also looked for in a common root.
_PAPERS = tuple(name for name, known in CATALOG.items() if known.expected)

flags.DEFINE_list(
    "dataset",
    ["letters"],
    "One or several of the following. " + ". ".join(f"{n}: {CATALOG[n].summary}" for n in CATALOG),
)
flags.DEFINE_string(
    "data_dir",
    None,
    f"Folder of the data set; of {', '.join(_PAPERS)} and omniglot also the common root of "
    f"several, each in a folder of its own. For omniglot: {CATALOG['omniglot'].obtain}. "
    f"For mnist: {CATALOG['mnist'].obtain}. "
    f"For image_folder: {CATALOG['image_folder'].obtain}. Default: none; "
    f"{' and '.join(INSTALLED)} need none, and mnist, {', '.join(_PAPERS)} are then looked for "
    "where TensorFlow Datasets prepares data, mnist where Keras keeps it, too.",
)
for _name in _PAPERS:
    flags.DEFINE_string(
        f"{_name}_dir",
        None,
        f"Folder of {_name}, or one that holds it: {CATALOG[_name].obtain}. Default: --data_dir.",
    )
flags.DEFINE_string(
    "train_classes",
    None,
    "image_folder: text file that names the training classes, one a line; the others are test "
    "classes. "
    "Default: the first half of the sorted classes.",
)
flags.DEFINE_enum(
    "folder_layout",
    "classes",
    ["classes", "split"],
    "image_folder: classes if its folders are the classes; split if they are train/, val/ and "
    "test/ with one folder a class in each. If these hold the same classes, their images are "
    "joined by class and divided as --train_classes says, but for classification, which keeps "
    "them apart; else the classes of train/ train, and those of test/, or of val/ where there is "
    "no test/, are tested.",
)
flags.DEFINE_enum(
    "on_bad_image",
    "error",
    ["error", "skip"],
    "What to do about image files that cannot be decoded: stop and name them, or skip and record "
    "them.",
)
flags.DEFINE_enum(
    "singletons",
    "error",
    ["error", "exclude"],
    "What to do about test classes with one image, for which no retrieval can be right.",
)
flags.DEFINE_integer(
    "max_pixels",
    MAX_PIXELS,
    "Pixels of an image at most, height times width. A file whose header states more is not "
    "decoded: it counts as one that cannot be, and an exported model refuses it.",
    lower_bound=1,
    upper_bound=2**31 - 1,
)

FLAGS = flags.FLAGS


def datasets(chosen: Sequence[str] | None = None) -> list[str]:
    """Return the values of --dataset, each once, as far as the other flags go with them.

    Args:
        chosen: in place of --dataset.

    Raises:
        ValueError: if one of them is unknown, or if a folder is given that none of them would use,
            or that several would use in different ways.
    """
    chosen = list(dict.fromkeys(FLAGS.dataset if chosen is None else chosen))
    check_choices("dataset", chosen, tuple(CATALOG))
    for name in _PAPERS:
        if _own_folder(name) and name not in chosen:
            raise ValueError(
                f"expected --{name}_dir only where --dataset names {name}. Received: "
                f"--dataset={','.join(chosen)}. Leave the flag out, or add {name} to --dataset."
            )
    if FLAGS.folder_layout != "classes" and "image_folder" not in chosen:
        raise ValueError(
            "expected --folder_layout only where --dataset names image_folder. Received: "
            f"--dataset={','.join(chosen)}. Leave the flag out."
        )
    _check_data_dir(chosen)
    return chosen


def source_options(dataset: str, limit: int | None) -> dict[str, Any]:
    """Return the keyword arguments of `hsm.data.sources.load_source` that the flags set.

    Args:
        dataset: one of the values of --dataset.
        limit: about how many images of each part to keep; None keeps all.
    """
    return {
        "data_dir": _own_folder(dataset) or FLAGS.data_dir,
        "train_classes": FLAGS.train_classes,
        "folder_layout": FLAGS.folder_layout,
        "on_bad_image": FLAGS.on_bad_image,
        "singletons": FLAGS.singletons,
        "limit": limit,
        "max_pixels": FLAGS.max_pixels,
    }


def check_output(folder: Path) -> None:
    """Hold the folder of results apart from the photographs, lest results become images of a class.

    A new folder among them is fine: it is marked, and no class.

    Raises:
        ValueError: if `folder` is image_folder's own, or one in a folder of data with pictures.
        OSError: if it cannot be written to.
    """
    check_writable(folder)
    for name in FLAGS.dataset or ():
        data = _own_folder(name) or FLAGS.data_dir
        root = Path(data).expanduser().resolve() if data else None
        place = folder.resolve()
        if root is None or not place.is_dir() or not place.is_relative_to(root):
            continue
        is_whole = place == root
        if is_whole and name != "image_folder":
            continue
        if is_whole or (not is_output_folder(place) and holds_pictures(place)):
            raise ValueError(
                "expected --output_dir outside of photographs, where results would be images of "
                f"a class. Received: --output_dir={folder}, which "
                + (f"is the folder of {name}" if is_whole else f"lies in {data} and holds pictures")
                + f". Name a new folder, such as {Path(data) / 'results'}; records/, runs/ and "
                "trunks/ of earlier commands can be moved there."
            )


def check_choices(flag: str, chosen: list[str], allowed: Collection[str]) -> None:
    """Hold the value of a list flag to what it may name.

    Raises:
        ValueError: if it names nothing, or something else.
    """
    unknown = [value for value in chosen if value not in allowed]
    if unknown or not chosen:
        raise ValueError(
            f"expected --{flag} to be one or several of {', '.join(allowed)}, separated by commas. "
            f"Received: --{flag}={','.join(chosen)!r}"
        )


def _own_folder(dataset: str) -> str | None:
    return FLAGS[f"{dataset}_dir"].value if dataset in _PAPERS else None


def _check_data_dir(chosen: list[str]) -> None:
    others = [n for n in chosen if n not in (*INSTALLED, "image_folder") and not _own_folder(n)]
    if FLAGS.data_dir and "image_folder" in chosen and others:
        raise ValueError(
            "expected --data_dir to be image_folder's folder, in which every folder is a class, "
            f"or that of {', '.join(others)}. Received: --dataset={','.join(chosen)}. Run "
            "image_folder in a command of its own, with an --output_dir of its own."
        )
