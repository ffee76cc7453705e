"""Data sets in archives: the zip files of Omniglot, and mnist.npz."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from fuzzing.archives import craft_zip, edit_array
from fuzzing.damage import damaged
from fuzzing.data_contents import contents_of
from fuzzing.form import Format
from hsm.data.sources import mnist, omniglot


def _build_omniglot(folder: Path) -> None:
    classes = {"1": ["A/c1", "A/c2"], "2": ["B/c1", "B/c2"]}
    for number, names in classes.items():
        with zipfile.ZipFile(folder / f"images_background_small{number}.zip", "w") as archive:
            for place, name in enumerate(names):
                for index in range(2):
                    entry = f"small{number}/{name}/{index:02}.png"
                    archive.writestr(entry, _drawing(int(number), place, index))


def _drawing(*place: int) -> bytes:
    pixels = np.random.default_rng(place).integers(0, 2, (105, 105), np.uint8) * 255
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert("1").save(buffer, "PNG")
    return buffer.getvalue()


def _craft_omniglot(folder: Path, chance: Random) -> None:
    craft_zip(chance.choice(sorted(folder.iterdir())), chance, _edit_drawing)


def _edit_drawing(name: str, content: bytes, chance: Random) -> bytes:
    match chance.randrange(4):
        case 0:
            buffer = io.BytesIO()
            size = chance.choice(((1, 1), (20, 30), (4000, 4000)))
            Image.new(chance.choice(("L", "RGB", "RGBA", "P")), size).save(buffer, "PNG")
            return buffer.getvalue()
        case 1:
            return b""
        case 2:  # The width that the header states.
            return content[:16] + (2**31 - 1).to_bytes(4, "big") + content[20:]
        case _:
            return damaged(content, chance)


# mnist.npz


def _build_mnist(folder: Path) -> None:
    chance = np.random.default_rng(0)
    arrays = {}
    for part in ("train", "test"):
        arrays[f"x_{part}"] = chance.integers(0, 256, (30, 28, 28), np.uint8)
        arrays[f"y_{part}"] = np.arange(30, dtype=np.uint8) % 10
    np.savez(folder / "mnist.npz", **arrays)  # type: ignore[arg-type]


def _read_mnist(folder: Path) -> str:
    return contents_of(mnist.load(str(folder)))


def _craft_mnist(folder: Path, chance: Random) -> None:
    craft_zip(folder / "mnist.npz", chance, edit_array)


FORMATS = (
    Format(
        "zip files of Omniglot",
        _build_omniglot,
        lambda folder: contents_of(omniglot.load(str(folder))),
        craft=_craft_omniglot,
        share=0.4,
        sealed="*.zip",
    ),
    Format("mnist.npz", _build_mnist, _read_mnist, craft=_craft_mnist, sealed="*.npz"),
)
