"""Renders the data set `letters` that the package holds, or checks that it is what is rendered.

    python tools/make_letters.py                                    # write hsm/data/letters anew
    python tools/make_letters.py --check                            # exit with 1 if it differs
    python tools/make_letters.py --sheet=docs/images/letters.png    # draw some of it

The letters (Unicode's categories Lu, Ll and Lo) that all of `FACES` hold are drawn, white on black,
at one size of the em in all faces, so that capitals stay larger than small letters; the ink's box
is in the middle of the picture. A letter is left out for one of a smaller code point that is kept,
- if it looks like it: if in two or more of the eight upright faces no pixel differs by more than
  two of the sixteen levels of grey. That joins the Latin, Greek and Cyrillic A, and K with a
  Cyrillic Ka that only some faces draw in another way;
- if a picture of it equals one of the other: an italic Cyrillic Te is an m.

Needs Matplotlib, which holds the faces.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties, get_font
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "hsm" / "data" / "letters"
FILE = "letters.npz"
LICENCES = ("LICENSE_DEJAVU", "LICENSE_STIX")
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
_SANS_STYLES = ("", "-Bold", "-Oblique", "-BoldOblique")
FACES = (
    *(f"DejaVuSans{style}" for style in _SANS_STYLES),
    *(f"DejaVuSansMono{style}" for style in _SANS_STYLES),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
)
UPRIGHT = [place for place, face in enumerate(FACES) if "Obl" not in face and "Ita" not in face]
SIDE = 28
# Pixels: the widest letter, a bold italic Zhe, then has 27.7 of them.
EM = 20
# From one of the sixteen levels of grey to the next: more of them double the file.
LEVEL = 255 // 15
_SHOWN = "AaGgQRßæξЖдʒ"


def common_letters() -> list[str]:
    """Return the letters that every one of `FACES` holds, by code point."""
    held = [set(get_font(_file(face)).get_charmap()) for face in FACES]
    letters = map(chr, sorted(set.intersection(*held)))
    return [letter for letter in letters if unicodedata.category(letter) in ("Lu", "Ll", "Lo")]


def rendered(letters: Sequence[str], faces: Sequence[str] = FACES) -> np.ndarray:
    """Return pictures, uint8 [letters, faces, 28, 28], of sixteen levels of grey 0, 17, …, 255.

    Raises:
        ValueError: for a letter that is larger than its picture.
    """
    canvas = RendererAgg(SIDE, SIDE, 72)
    fonts = [FontProperties(fname=_file(face)) for face in faces]
    drawn = [_drawn(canvas, letter, font) for letter in letters for font in fonts]
    pictures = np.stack(drawn).reshape(len(letters), len(faces), SIDE, SIDE)
    return (np.rint(pictures / LEVEL) * LEVEL).astype(np.uint8)


def _file(face: str) -> str:
    return str(FONTS / f"{face}.ttf")


def _drawn(canvas: RendererAgg, letter: str, font: FontProperties) -> np.ndarray:
    """Return the coverage of the pixels, uint8 [28, 28]."""
    outline = TextPath((0, 0), letter, size=EM, prop=font)
    box = outline.get_extents()
    if max(box.width, box.height) > SIDE:
        raise ValueError(
            f"expected letters of at most {SIDE} pixels. Received: {letter!r} of {font.get_name()},"
            f" {box.width:.1f} x {box.height:.1f} pixels. Make EM smaller"
        )
    canvas.clear()
    context = canvas.new_gc()
    context.set_linewidth(0)
    context.set_snap(False)
    x, y = SIDE / 2 - (box.p0 + box.p1) / 2
    canvas.draw_path(context, outline, Affine2D().translate(x, y), (1.0, 1.0, 1.0))
    return np.asarray(canvas.buffer_rgba())[..., 3].copy()


def distinct(pictures: np.ndarray) -> list[int]:
    """Return which letters are kept: no earlier one looks like them or shares a picture.

    Args:
        pictures: uint8 [letters, faces, 28, 28].
    """
    upright = pictures[:, UPRIGHT].astype(np.int16)
    kept: list[int] = []
    seen: set[bytes] = set()
    for place, own in enumerate(upright):
        largest = np.abs(upright[kept] - own).max(axis=(2, 3))
        alike = ((largest <= 2 * LEVEL).sum(axis=1) >= 2).any()
        single = {picture.tobytes() for picture in pictures[place]}
        if not alike and seen.isdisjoint(single):
            kept.append(place)
            seen |= single
    return kept


def make() -> dict[str, np.ndarray]:
    """Return what the file holds: `characters` [n], `faces` [16], `pictures` [n, 16, 28, 28]."""
    letters = common_letters()
    pictures = rendered(letters)
    kept = distinct(pictures)
    return {
        "characters": np.array(letters)[kept],
        "faces": np.array(FACES),
        "pictures": pictures[kept],
    }


def read(folder: Path) -> dict[str, np.ndarray]:
    """Return the arrays of the file in `folder`."""
    with np.load(folder / FILE) as archive:
        return dict(archive)


def write(folder: Path) -> None:
    """Write the file, and the fonts' licences beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / FILE, **make())  # type: ignore[arg-type]
    for name in LICENCES:
        shutil.copyfile(FONTS / name, folder / name)


def difference(held: dict[str, np.ndarray], made: dict[str, np.ndarray]) -> str:
    """Say how two files differ; one level of grey, as between versions of FreeType, is nothing."""
    for name in ("faces", "characters"):
        if not np.array_equal(held[name], made[name]):
            other = np.setxor1d(held[name], made[name])
            return f"{name} differ: {' '.join(other)}" if len(other) else f"{name}: another order"
    levels = np.abs(held["pictures"].astype(np.int16) - made["pictures"]).max(axis=(1, 2, 3))
    changed = held["characters"][levels > LEVEL]
    return f"pictures differ: {' '.join(changed)}" if len(changed) else ""


def draw_sheet(held: dict[str, np.ndarray], path: Path) -> None:
    """Draw a dozen letters, one a row, in all faces, twice as large as they are."""
    rows = [np.flatnonzero(held["characters"] == letter)[0] for letter in _SHOWN]
    pictures = held["pictures"][rows].transpose(0, 2, 1, 3)
    sheet = pictures.reshape(len(rows) * SIDE, len(FACES) * SIDE)
    Image.fromarray(sheet.repeat(2, axis=0).repeat(2, axis=1)).save(path, optimize=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Render, check or draw; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing, only compare")
    parser.add_argument("--sheet", type=Path, help="picture to draw, from the file as it is")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the file lies")
    options = parser.parse_args(arguments)
    if options.sheet:
        draw_sheet(read(options.folder), options.sheet)
    elif options.check:
        changed = difference(read(options.folder), make())
        print(changed or "as rendered", file=sys.stderr if changed else sys.stdout)
        return int(bool(changed))
    else:
        write(options.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
