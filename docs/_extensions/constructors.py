"""Keras classes are shown with the arguments of their `__init__`, which their `__new__` hides."""

from __future__ import annotations

from typing import Any

from sphinx.util.inspect import signature, stringify_signature

_HIDDEN = "(*args, **kwargs)"


def _shown(  # noqa: PLR0913
    app: Any, what: str, name: str, obj: Any, options: Any, arguments: str | None, returns: Any
) -> tuple[str, Any] | None:
    if what != "class" or arguments is None or not arguments.startswith(_HIDDEN):
        return None
    own = signature(obj.__init__, bound_method=True, type_aliases=app.config.autodoc_type_aliases)
    return stringify_signature(own, show_return_annotation=False, unqualified_typehints=True), None


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx, which calls this."""
    app.connect("autodoc-process-signature", _shown)
    return {"parallel_read_safe": True}
