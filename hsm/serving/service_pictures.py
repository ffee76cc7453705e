"""The pictures of an index's items, for the page: files that the index knows, and no others."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse

from hsm.serving.service_engine import Engine, Finds
from hsm.serving.service_limits import Refusal

# What an index that was made of files says of them: size in bytes, time of change in nanoseconds.
# No request may write it, lest it be shown any file of the machine.
OF_FILES = frozenset({"bytes", "changed"})
_KINDS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG": "image/png",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
    b"RIFF": "image/webp",
}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
    "Cache-Control": "private, max-age=60",
}


def picture_of(id: str, metadata: Mapping[str, Any]) -> Path | None:
    """Return the file that an id is the path of; None if there is none, or another one now."""
    if not metadata.keys() >= OF_FILES or not os.path.isabs(id):
        return None
    try:
        status = os.stat(id)
    except (OSError, ValueError):  # It is gone; a null in a name.
        return None
    is_same = (status.st_size, status.st_mtime_ns) == (metadata["bytes"], metadata["changed"])
    return Path(id) if is_same and stat.S_ISREG(status.st_mode) else None


def picture_routes(engine: Engine, index: Finds) -> APIRouter:
    """Return the route to the pictures."""
    router = APIRouter(tags=["search"])

    @router.get("/picture", response_class=FileResponse)
    async def picture(id: str) -> FileResponse:
        """Show the file of an item, as it lies on the disk."""
        path, kind = await engine.read(lambda: _picture(index, id))
        return FileResponse(path, media_type=kind, headers=_HEADERS)

    return router


def _picture(index: Finds, id: str) -> tuple[Path, str]:
    item = index.get(id)
    path = None if item is None else picture_of(id, item.metadata)
    if path is None:
        raise Refusal(404, f"expected the id of an item with a file. Received: {id!r}")
    with path.open("rb") as file:
        begin = file.read(4)
    kind = next((kind for start, kind in _KINDS.items() if begin.startswith(start)), None)
    if kind is None:
        raise Refusal(404, f"expected a JPEG, PNG, GIF, BMP or WebP for {id!r}: it is another now")
    return path, kind
