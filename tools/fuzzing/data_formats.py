"""Data sets in folders: annotations, lists, prepared copies, and what TensorFlow Datasets has."""

from __future__ import annotations

import functools
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import numpy as np
from scipy.io import loadmat
from support import archive_factory as archive

from fuzzing.damage import HOSTILE, changed_json
from fuzzing.data_contents import read_benchmark
from fuzzing.form import Format, digest, expect
from hsm.data.sources import benchmark, cars196, prepare, prepared
from hsm.data.sources.class_lists import read_class_list


def _read_cars(folder: Path) -> str:
    annotations = cars196.read(folder)
    if annotations is None:
        raise ValueError(f"{folder}: nothing is there")
    names, classes = annotations.class_names, annotations.classes
    expect(bool(((classes >= 0) & (classes < len(names))).all()), "classes without a name")
    return digest(names, classes, annotations.parts, annotations.images)


def _craft_cars(folder: Path, chance: Random) -> None:
    path = folder / "cars_annos.mat"
    content = loadmat(path, squeeze_me=True)
    fields = ("relative_im_path", "bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "test")
    rows = [list(row) for row in content["annotations"]]
    odd = (0, -1, 1.5, 1e300, np.nan, 2**40, "", "x", "../../x", "/etc/hostname", [1, 2], "a" * 300)
    rows[chance.randrange(len(rows))][chance.choice((0, 5, 6))] = chance.choice(odd)
    names: list[Any] = [*content["class_names"]]
    names[chance.randrange(4)] = chance.choice((*archive.CARS, 3, "", [1.0]))
    archive.save_annotations(path, fields, rows, class_names=names[: chance.choice((4, 4, 1))])


def _craft_lines(pattern: str, folder: Path, chance: Random) -> None:
    """Put another value in place of a word of a list, or lose or repeat a line."""
    path = chance.choice(sorted(folder.glob(pattern)))
    lines = path.read_text().split("\n")
    place = chance.randrange(len(lines))
    words = re.split(r"( +)", lines[place])
    odd = ("0", "-1", "99999999999", "1e9", "٣", "²", "x", "../../x", "/etc/hostname", "\0", "a\r")
    words[chance.randrange(0, len(words), 2)] = chance.choice((*odd, "a" * 300, "é", "\ud800"))
    match chance.randrange(6):
        case 0:
            del lines[place]
        case 1:
            lines.insert(place, lines[place])
        case _:
            lines[place] = "".join(words)
    path.write_bytes("\n".join(lines).encode(errors="surrogatepass"))


def _build_class_list(folder: Path) -> None:
    (folder / "classes.txt").write_text("\n".join(archive.BIRDS) + "\n")


def _read_class_list(folder: Path) -> str:
    named = read_class_list(str(folder / "classes.txt"), archive.BIRDS)
    expect(named <= set(archive.BIRDS), "classes that do not exist")
    return digest(sorted(named))


# Prepared copies


def _write_copy(original: Path, folder: Path) -> None:
    prepare.write_copy(
        benchmark.find("cars196", str(original)), folder, name="cars196", shard_size=4
    )


def _build_copy(folder: Path) -> None:
    archive.cars_one_file(folder / "original")
    _write_copy(folder / "original", folder / "copy")
    shutil.rmtree(folder / "original")


def _build_half_copy(folder: Path) -> None:
    """Build a copy that was killed before its last file."""
    archive.cars_one_file(folder / "original")
    _write_copy(folder / "original", folder / "copy")
    copy = folder / "copy"
    whole = prepared.read_manifest(copy / prepared.MANIFEST)
    last = replace(whole.shards[-1], size=0, sha256="")
    begun = replace(whole, shards=(*whole.shards[:-1], last))
    (copy / prepare._UNFINISHED).write_text(json.dumps(begun.to_json()))
    (copy / last.file).unlink()
    (copy / prepared.MANIFEST).unlink()


def _go_on(folder: Path) -> str:
    copy = folder / "copy"
    with mock.patch("os.fsync"):  # No power cut is tried, and a disk would take all the time.
        _write_copy(folder / "original", copy)
    prepared.verify(copy)
    return read_benchmark("cars196", copy)


# Folders of TensorFlow Datasets


def _build_tfds(name: str, file_format: str, folder: Path) -> None:
    from support import tfds_factory

    tfds_factory.PREPARE[name](folder / "original", data_dir=str(folder), file_format=file_format)
    shutil.rmtree(folder / "original")


def _craft_tfds(folder: Path, chance: Random) -> None:
    path = chance.choice(sorted(folder.rglob("*.json")))
    text = path.read_text()
    if chance.randrange(3):
        path.write_text(changed_json(text, chance))
        return
    word = chance.choice(re.findall(r'"([^"]+)"', text))
    other = chance.choice((*(value for value in HOSTILE if isinstance(value, str)), "os.path"))
    path.write_text(text.replace(json.dumps(word), json.dumps(other), 1))


def _tfds(name: str, file_format: str, title: str) -> Format:
    return Format(
        f"TFDS folder, {title}",
        functools.partial(_build_tfds, name, file_format),
        functools.partial(read_benchmark, name),
        craft=_craft_tfds,
        share=0.4,
        sealed=f"*.{file_format}-*",
    )


def _listed(name: str, build: Callable[[Path], Any], pattern: str) -> Format:
    return Format(
        f"lists of {name}",
        build,
        functools.partial(read_benchmark, name),
        files=pattern,
        craft=functools.partial(_craft_lines, pattern),
        share=0.4,
    )


FORMATS = (
    Format(
        "MATLAB annotations",
        archive.cars_one_file,
        _read_cars,
        files="*.mat",
        craft=_craft_cars,
        share=0.02,
    ),
    Format(
        "class list",
        _build_class_list,
        _read_class_list,
        craft=functools.partial(_craft_lines, "*.txt"),
    ),
    _listed("cub200", archive.cub200, "*.txt"),
    _listed("products", archive.products, "*.txt"),
    _listed("inshop", archive.inshop, "Eval/*.txt"),
    Format(
        "prepared copy",
        _build_copy,
        functools.partial(read_benchmark, "cars196"),
        files="copy/[!.]*",
        share=0.4,
        sealed="*",
    ),
    Format(
        "prepared copy that goes on",
        _build_half_copy,
        _go_on,
        files="copy/[!.]*",
        sealed="*",
        share=0.05,
        writes=True,
    ),
    _tfds("cars196", "tfrecord", "TFRecord"),
    _tfds("inshop", "array_record", "ArrayRecord"),
)
