"""Libraries that only some exports need, and that are asked for by name."""

from __future__ import annotations

import importlib
from types import ModuleType


def required(module: str, *, extra: str, what: str) -> ModuleType:
    """Import a library that an extra brings.

    Args:
        module: as Python imports it.
        extra: of the distribution `hsm-embedding`.
        what: needs it, as the subject of a sentence in the plural.

    Raises:
        ImportError: if it is not installed, with the remedy; or cannot be loaded, with the reason.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{what} need {module.partition('.')[0]}, which cannot be imported ({error}): "
            f'pip install "hsm-embedding[{extra}]"'
        ) from error
