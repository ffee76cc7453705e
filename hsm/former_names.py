"""Names that a module had in the version before, kept for one version."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping


def former_names(module: str, names: Mapping[str, str]) -> Callable[[str], object]:
    """Return a module's `__getattr__` that answers former names, with a DeprecationWarning.

    Args:
        module: `__name__` of the module.
        names: today's name of each former one; both are of the module.
    """

    def answer(name: str) -> object:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warnings.warn(
            f"{module}.{name} is called {names[name]} now, and goes with the next version",
            DeprecationWarning,
            stacklevel=2,
        )
        return getattr(sys.modules[module], names[name])

    return answer
