"""Find files that cannot be decoded before training starts, and remember the answer."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

from hsm import atomic
from hsm.cores import usable_cores
from hsm.data import images
from hsm.data.catalog import MAX_PIXELS
from hsm.data.file_header import checked_size

# A change in what `images.decode` accepts makes the remembered answers worthless: count up.
_DECODER_VERSION = 3

# Size and time of a file that cannot be read: no other has them, so once it can be it is checked.
_UNKNOWN = (-1, -1)

_EMPTY = "empty file"


class _Answer(NamedTuple):
    """What is known of a file that had a size in bytes and a time of change in nanoseconds."""

    size: int
    changed: int
    reason: str  # Why it is bad, "" if it is not.
    pixels: int = 0


# By absolute path.
_Answers = dict[str, _Answer]


def find_bad_images(
    paths: Sequence[str],
    *,
    max_pixels: int = MAX_PIXELS,
    cache_file: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, str]:
    """Decode every file once, several at a time, and return those that fail.

    The decoder is that of training, `images.decode`: what passes here can be read there. A file is
    known again by its absolute path, size and time of change, and is then not read a second time.

    Args:
        paths: image files.
        max_pixels: a file whose header states more is refused without being decoded.
        cache_file: where answers are remembered; by default in the user's cache folder
            (`$XDG_CACHE_HOME/hsm`, or `~/.cache/hsm`). One that cannot be written is done without.
        progress: called with (files checked, files to check) as the work goes on.

    Returns:
        Reason by path, in the order of `paths`; empty if every file decodes.
    """
    cache_file = cache_file or _default_cache_file()
    remembered = _read(cache_file)
    new = [path for path in paths if not _is_remembered(path, remembered, max_pixels)]
    check = functools.partial(_check, max_pixels=max_pixels)
    try:
        with ThreadPoolExecutor(usable_cores()) as pool:
            for done, (path, answer) in enumerate(zip(new, pool.map(check, new), strict=True), 1):
                remembered[os.path.abspath(path)] = answer
                if progress:
                    progress(done, len(new))
    finally:  # An interrupted check goes on where it was.
        if new:
            _write(cache_file, remembered)
    reasons = ((path, remembered[os.path.abspath(path)].reason) for path in paths)
    return {path: reason for path, reason in reasons if reason}


def why_bad(content: bytes, *, max_pixels: int = MAX_PIXELS) -> str:
    """Return why the content of an image file cannot be decoded, or "" if it can be."""
    if not content:
        return _EMPTY
    try:
        return _decoded(content, _UNKNOWN, max_pixels).reason
    except tf.errors.OpError as error:
        return f"cannot be decoded: {_sentence(error)}"


def _is_remembered(path: str, remembered: _Answers, max_pixels: int) -> bool:
    answer = remembered.get(os.path.abspath(path))
    if answer is None or (answer.size, answer.changed) != _state(path):
        return False
    return answer.pixels <= max_pixels


def _state(path: str) -> tuple[int, int]:
    """Return a file's size and time of change."""
    try:
        status = os.stat(path)
    except OSError:
        return _UNKNOWN
    return status.st_size, status.st_mtime_ns


def _check(path: str, max_pixels: int) -> _Answer:
    state = _state(path)
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        return _Answer(*_UNKNOWN, f"cannot be read: {error.strerror}")
    if not content:
        return _Answer(*state, _EMPTY)
    try:
        return _decoded(content, state, max_pixels)
    except tf.errors.OpError as error:
        return _Answer(*state, f"cannot be decoded: {_sentence(error)}")


def _decoded(content: bytes, state: tuple[int, int], max_pixels: int) -> _Answer:
    """Return the answer to a file that decodes, or that states too many pixels.

    Raises:
        tf.errors.OpError: if it cannot be decoded.
    """
    height, width = map(int, _size(content))
    if height * width > max_pixels:
        # Not remembered: under another limit it is another answer.
        return _Answer(
            *_UNKNOWN,
            f"expected at most `max_pixels={max_pixels}` pixels, received {height * width:,} "
            f"({width} x {height}): make it smaller, or raise `max_pixels`",
        )
    _decode(content)
    return _Answer(*state, "", height * width)


def _sentence(error: tf.errors.OpError) -> str:
    # It stands between the traceback and the name of the operation.
    sentence = error.message.split("\n\t [[")[0].splitlines()[-1]
    return sentence.removeprefix("assertion failed: ").strip("[]")


_FILE = [tf.TensorSpec([], tf.string)]


@tf.function(input_signature=_FILE)
def _size(encoded: tf.Tensor) -> tf.Tensor:
    return checked_size(encoded, None)


@tf.function(input_signature=_FILE)
def _decode(encoded: tf.Tensor) -> tf.Tensor:
    # The shape alone is enough to have the pixels decoded, and costs no copy.
    return tf.shape(images.decode(encoded, max_pixels=None))


def _default_cache_file() -> Path:
    try:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # A user without a home, as in containers.
        root = Path(tempfile.gettempdir())
    return root / "hsm" / f"decodable_images_{_DECODER_VERSION}_tf{tf.__version__}.json"


def _read(cache_file: Path) -> _Answers:
    try:
        remembered = json.loads(cache_file.read_text(encoding="utf-8"))
        return {path: _Answer(*answer) for path, answer in remembered.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(cache_file: Path, remembered: _Answers) -> None:
    """Replace the file in one step: of two runs at once one forgets, neither reads a half."""
    with contextlib.suppress(OSError):
        atomic.write_text(cache_file, json.dumps(remembered), shared=True)
