"""Find files that cannot be decoded before training starts, and remember the answer."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tensorflow as tf

from hsm.data import images

# A change in what `images.decode` accepts makes the remembered answers worthless: count up.
_DECODER_VERSION = 1

_GOOD = ""


def find_bad_images(
    paths: Sequence[str],
    *,
    cache_file: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, str]:
    """Decodes every file once, several at a time, and returns those that fail.

    The decoder is that of training, `images.decode`: what passes here is read there. A file is
    known again by its absolute path, size and date of change, and is then not read a second time.

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
    keys = {path: _key(path) for path in paths}
    new = [path for path in keys if keys[path] not in remembered]
    if new:
        found = _decode_all(new, progress)
        remembered |= {keys[path]: reason for path, reason in found.items()}
        _write(cache_file, remembered)
    return {path: reason for path, key in keys.items() if (reason := remembered[key])}


def _decode_all(
    paths: Sequence[str], progress: Callable[[int, int], None] | None
) -> dict[str, str]:
    found = {}
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for path, reason in zip(paths, pool.map(_reason, paths), strict=True):
            found[path] = reason
            if progress:
                progress(len(found), len(paths))
    return found


def _reason(path: str) -> str:
    """Returns why a file cannot be used, in a few words, or an empty string."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if not content:
        return "empty file"
    try:
        _decode(tf.constant(content))
    except tf.errors.OpError as error:
        return f"cannot be decoded ({_first_line(error.message)})"
    return _GOOD


@tf.function(input_signature=[tf.TensorSpec([], tf.string)])
def _decode(encoded: tf.Tensor) -> tf.Tensor:
    # Returning the shape keeps the decoding in the graph and spares the copy of the pixels.
    return tf.shape(images.decode(encoded))


def _first_line(message: str) -> str:
    return message.strip().splitlines()[0].split("}} ")[-1].split(" [Op:")[0]


def _key(path: str) -> str:
    try:
        status = os.stat(path)
    except OSError:
        return f"{os.path.abspath(path)}|missing"
    return f"{os.path.abspath(path)}|{status.st_size}|{status.st_mtime_ns}"


def _default_cache_file() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "hsm" / f"checked_images_{_DECODER_VERSION}_tf{tf.__version__}.json"


def _read(cache_file: Path) -> dict[str, str]:
    try:
        return json.loads(cache_file.read_text())
    except (OSError, ValueError):
        return {}


def _write(cache_file: Path, remembered: dict[str, str]) -> None:
    """Replaces the file in one step: two runs at once may forget answers, never mix them."""
    try:
        cache_file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=cache_file.parent, delete=False) as temporary:
            json.dump(remembered, temporary)
        os.replace(temporary.name, cache_file)
    except OSError:
        return
