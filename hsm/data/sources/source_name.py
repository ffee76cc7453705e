"""What a data set may be called: the name starts those of its files, and stands in its records."""

from __future__ import annotations

# With a method, a digest and a seed behind it, a record's name may have 220 bytes.
_LONGEST = 190


def check_source_name(name: str) -> None:
    """Refuse a name that could not start the name of a record.

    Raises:
        ValueError: if it has a slash, more than 190 bytes, or bytes that are no UTF-8.
    """
    length = len(name.encode(errors="surrogatepass"))
    if name in ("", ".", "..") or "/" in name or length > _LONGEST or not _is_utf8(name):
        raise ValueError(
            "expected the name of a data set, which for a folder is the folder's and starts the "
            f"names of its files, to be UTF-8 of 1 to {_LONGEST} bytes without a slash. Received: "
            f"{name!a}, of {length} bytes. Rename the folder, or give a link to it: `ln -s FOLDER "
            "photographs`."
        )


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
