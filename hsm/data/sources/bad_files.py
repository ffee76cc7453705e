"""Refuse image files that cannot be decoded, or leave them out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hsm.data.image_check import find_bad_images
from hsm.progress import LINE, Progress

_MAX_NAMED = 10


def bad_files(
    folder: Path, paths: Sequence[str], *, on_bad_image: str, remedy: str, max_pixels: int
) -> dict[str, str]:
    """Return the files among `paths` that cannot be decoded: their names in `folder`, by path.

    Args:
        folder: what the paths lie in.
        paths: image files.
        on_bad_image: "error" or "skip".
        remedy: what can be done about them, for the error.
        max_pixels: of an image at most.

    Raises:
        ValueError: naming the first of them, if there are any and `on_bad_image` is "error".
    """
    reasons = _checked(paths, max_pixels)
    names = {path: Path(path).relative_to(folder).as_posix() for path in reasons}
    if reasons and on_bad_image == "error":
        named = [f"{names[path]}: {reason}" for path, reason in reasons.items()]
        listed = shortened(named, separator="\n  ")
        raise ValueError(
            f"{folder}: expected images that can be decoded. Received: {len(reasons):,} of "
            f"{len(paths):,} that cannot. {remedy}, or leave them out with `on_bad_image='skip'`. "
            f"They are:\n  {listed}"
        )
    return names


def _checked(paths: Sequence[str], max_pixels: int) -> dict[str, str]:
    progress: Progress | None = None

    def tell(done: int, new: int) -> None:
        nonlocal progress
        progress = progress or Progress("checking", new)
        progress.advance()

    try:
        return find_bad_images(paths, max_pixels=max_pixels, progress=tell)
    finally:
        LINE.clear()


def shortened(names: Sequence[str], separator: str = ", ") -> str:
    """Return the first names in one text, and how many more there are."""
    shown = separator.join(names[:_MAX_NAMED])
    rest = len(names) - _MAX_NAMED
    return f"{shown}{separator}and {rest} more" if rest > 0 else shown
