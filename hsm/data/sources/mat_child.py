"""Read a variable of a MATLAB file in a process of its own; `mat_files` starts it.

SciPy's reader trusts what a file says of itself: one changed byte can end the process with a
signal, or keep it busy without end. Arguments: file, variable, and fields of its records, if any.
Prints an object of JSON: "values", a list, or a list for each field; or else "absent", "fields" or
"error".
"""

from __future__ import annotations

import json
import sys
from typing import Any

_MEMORY = 4 * 2**30  # Bytes of addresses, of which the libraries reserve most.


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit.
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _read(path: str, variable: str, fields: list[str]) -> dict[str, Any]:
    import numpy as np
    from scipy.io import loadmat

    content = loadmat(path, variable_names=[variable], squeeze_me=True)
    if variable not in content:
        return {"absent": variable}
    records = np.atleast_1d(content[variable])
    if not fields:
        return {"values": [str(value) for value in records]}
    present = records.dtype.names or ()
    if not set(fields) <= set(present):
        return {"fields": list(present)}
    return {"values": [[np.asarray(v).item() for v in records[field]] for field in fields]}


def _answer(path: str, variable: str, *fields: str) -> dict[str, Any]:
    try:
        return _read(path, variable, list(fields))
    except Exception as error:  # Of many kinds: the file may hold anything.
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    _limit_memory()
    print(json.dumps(_answer(*sys.argv[1:])))
