"""Find files that cannot be decoded before training starts, and remember the answer."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tensorflow as tf

from hsm import atomic
from hsm.cores import usable_cores
from hsm.data import images

# A change in what `images.decode` accepts makes the remembered answers worthless: count up.
_DECODER_VERSION = 1

# Size and time of a file that cannot be read: no other has them, so once it can be it is checked.
_UNKNOWN = (-1, -1)

# By absolute path: size in bytes, time of the last change in ns, why it is bad ("" if it is not).
_Answers = dict[str, tuple[int, int, str]]


def find_bad_images(
    paths: Sequence[str],
    *,
    cache_file: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, str]:
    """Decodes every file once, several at a time, and returns those that fail.

    The decoder is that of training, `images.decode`: what passes here can be read there. A file is
    known again by its absolute path, size and time of change, and is then not read a second time.

    Args:
        paths: image files.
        cache_file: where answers are remembered; by default in the user's cache folder
            (`$XDG_CACHE_HOME/hsm`, or `~/.cache/hsm`). One that cannot be written is done without.
        progress: called with (files checked, files to check) as the work goes on.

    Returns:
        Reason by path, in the order of `paths`; empty if every file decodes.
    """
    cache_file = cache_file or _default_cache_file()
    remembered = _read(cache_file)
    new = [path for path in paths if not _is_remembered(path, remembered)]
    try:
        with ThreadPoolExecutor(usable_cores()) as pool:
            for done, (path, answer) in enumerate(zip(new, pool.map(_check, new), strict=True), 1):
                remembered[os.path.abspath(path)] = answer
                if progress:
                    progress(done, len(new))
    finally:  # An interrupted check goes on where it was.
        if new:
            _write(cache_file, remembered)
    reasons = ((path, remembered[os.path.abspath(path)][-1]) for path in paths)
    return {path: reason for path, reason in reasons if reason}


def _is_remembered(path: str, remembered: _Answers) -> bool:
    answer = remembered.get(os.path.abspath(path))
    return answer is not None and tuple(answer[:2]) == _state(path)


def _state(path: str) -> tuple[int, int]:
    """Returns a file's size and time of change."""
    try:
        status = os.stat(path)
    except OSError:
        return _UNKNOWN
    return status.st_size, status.st_mtime_ns


def _check(path: str) -> tuple[int, int, str]:
    state = _state(path)
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        return *_UNKNOWN, f"cannot be read: {error.strerror}"
    return *state, _reason(content)


def _reason(content: bytes) -> str:
    if not content:
        return "empty file"
    try:
        _decode(tf.constant(content))
    except tf.errors.OpError as error:
        # The sentence stands between the traceback and the name of the operation.
        sentence = error.message.split("\n\t [[")[0].splitlines()[-1]
        return f"cannot be decoded: {sentence.removeprefix('assertion failed: ')}"
    return ""


@tf.function(input_signature=[tf.TensorSpec([], tf.string)])
def _decode(encoded: tf.Tensor) -> tf.Tensor:
    # The shape alone is enough to have the pixels decoded, and costs no copy.
    return tf.shape(images.decode(encoded))


def _default_cache_file() -> Path:
    try:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # A user without a home, as in containers.
        root = Path(tempfile.gettempdir())
    return root / "hsm" / f"decodable_images_{_DECODER_VERSION}_tf{tf.__version__}.json"


def _read(cache_file: Path) -> _Answers:
    try:
        remembered = json.loads(cache_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return remembered if isinstance(remembered, dict) else {}


def _write(cache_file: Path, remembered: _Answers) -> None:
    """Replaces the file in one step: of two runs at once one forgets, neither reads a half."""
    with contextlib.suppress(OSError):
        atomic.write_text(cache_file, json.dumps(remembered), shared=True)
