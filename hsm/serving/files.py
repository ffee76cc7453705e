"""Items as files for other programs: NumPy's `.npz`, Parquet, and TensorBoard's projector.

In a `.npz` are the arrays ids, vectors, labels ("" where there is none), metadata (JSON texts) and
digest; a Parquet file has the columns id, vector, label and metadata, and the digest in its
schema's metadata under "hsm_digest".
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from hsm.archives import read_arrays
from hsm.atomic import about, replacing
from hsm.serving.items import Items

_DIGEST = b"hsm_digest"
_SUFFIXES = (".npz", ".parquet")


def write_items(items: Items, path: Path) -> None:
    """Write a `.npz` or `.parquet` file, whole or not at all.

    Raises:
        ValueError: if the path has another suffix.
        ImportError: if Parquet is asked for and pyarrow is not installed.
        OSError: if it cannot be written.
    """
    check_suffix(path)
    (_write_npz if path.suffix == ".npz" else _write_parquet)(items, path)


def read_items(path: Path) -> Items:
    """Read what `write_items` wrote, or another program in that form.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is of another form, or its path has another suffix.
        ImportError: if it is Parquet and pyarrow is not installed.
    """
    check_suffix(path)
    if not path.is_file():
        raise FileNotFoundError(f"expected a file of items that exists. Received: {path}")
    try:
        return (_read_npz if path.suffix == ".npz" else _read_parquet)(path)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"expected {path} to hold ids, vectors, labels and metadata as hsm writes them. "
            f"Received: {error}"
        ) from error


def check_suffix(path: Path) -> None:
    """Refuse a path that is neither `.npz` nor `.parquet`, and Parquet without pyarrow.

    Raises:
        ValueError: for another suffix.
        ImportError: without pyarrow.
    """
    if path.suffix not in _SUFFIXES:
        raise ValueError(f"expected a file *{' or *'.join(_SUFFIXES)}. Received: {path}")
    if path.suffix == ".parquet":
        _arrow("pyarrow")


def _write_npz(items: Items, path: Path) -> None:
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez(
            file,
            ids=_texts(items.ids),
            vectors=np.asarray(items.vectors, np.float32),
            labels=_texts([label or "" for label in items.labels]),
            metadata=_texts([json.dumps(dict(each)) for each in items.metadata]),
            digest=np.asarray(items.digest or ""),
        )


def _read_npz(path: Path) -> Items:
    arrays = read_arrays(path, compressed=True)
    return _items(
        arrays["ids"].tolist(),
        arrays["vectors"],
        arrays["labels"].tolist(),
        arrays["metadata"].tolist(),
        str(arrays["digest"]),
    )


def _write_parquet(items: Items, path: Path) -> None:
    arrow, parquet = _arrow("pyarrow"), _arrow("pyarrow.parquet")
    vectors = np.asarray(items.vectors, np.float32)
    width = vectors.shape[1] or 1
    table = arrow.table(
        {
            "id": arrow.array(list(items.ids), arrow.string()),
            "vector": arrow.FixedSizeListArray.from_arrays(arrow.array(vectors.ravel()), width),
            "label": arrow.array(list(items.labels), arrow.string()),
            "metadata": arrow.array(
                [json.dumps(dict(each)) for each in items.metadata], arrow.string()
            ),
        }
    ).replace_schema_metadata({_DIGEST: (items.digest or "").encode()})
    with about(path, arrow.ArrowException), replacing(path) as partial:
        parquet.write_table(table, partial)


def _read_parquet(path: Path) -> Items:
    table = _arrow("pyarrow.parquet").read_table(path)
    vectors = table["vector"].combine_chunks()
    count = len(vectors)
    digest = (table.schema.metadata or {}).get(_DIGEST, b"").decode()
    return _items(
        table["id"].to_pylist(),
        np.asarray(vectors.flatten()).reshape(count, -1) if count else np.empty((0, 0), np.float32),
        [label or "" for label in table["label"].to_pylist()],
        table["metadata"].to_pylist(),
        digest,
    )


def _items(
    ids: Sequence[str],
    vectors: np.ndarray,
    labels: Sequence[str],
    metadata: Sequence[str],
    digest: str,
) -> Items:
    parsed: list[dict[str, Any]] = [json.loads(text) for text in metadata]
    return Items(ids, vectors, [label or None for label in labels], parsed, digest or None)


def _texts(values: Sequence[str]) -> np.ndarray:
    # NumPy drops nulls at the end of a text; no path and no JSON has one.
    return np.asarray(values, np.str_) if len(values) else np.empty(0, "U1")


def _arrow(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            'pyarrow is not installed. For Parquet: pip install "hsm-embedding[parquet]", or use '
            "a .npz file"
        ) from error
