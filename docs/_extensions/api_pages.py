"""A page for each public module, written to docs/api before Sphinx looks for pages."""

from __future__ import annotations

import importlib.util
from typing import Any

# Module → what its page is called.
MODULES = {
    "hsm.layers": "Layers",
    "hsm.losses": "Losses",
    "hsm.schedules": "Schedules",
    "hsm.training": "Training",
    "hsm.metrics": "Metrics",
    "hsm.evaluation": "Evaluation",
    "hsm.models": "Models",
    "hsm.models.backbone_specs": "Backbones by name",
    "hsm.export": "Export",
    "hsm.serving": "Serving",
    "hsm.data.sources": "Data sets",
    "hsm.data.catalog": "Data sets by name",
    "hsm.data.sampling": "Batches",
    "hsm.experiments.config": "Methods and settings",
    "hsm.analysis": "Analysis",
}


def page(module: str) -> str:
    """Return the reStructuredText of a module's page."""
    title = MODULES[module]
    # A package's names are those of its `__all__`, which come from its modules.
    package = importlib.util.find_spec(module).submodule_search_locations is not None
    option = "   :imported-members:\n" if package else ""
    return f"{title}\n{'=' * len(title)}\n\n``{module}``\n\n.. automodule:: {module}\n{option}"


def _write(app: Any, config: Any) -> None:
    folder = app.srcdir / "docs" / "api"
    folder.mkdir(exist_ok=True)
    for old in set(folder.glob("*.rst")) - {folder / f"{module}.rst" for module in MODULES}:
        old.unlink()
    for module in MODULES:
        path, text = folder / f"{module}.rst", page(module)
        # Only what changed, so that a second build reads no page again.
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    config.api_documents = [f"docs/api/{module}" for module in MODULES]


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx, which calls this."""
    app.add_config_value("api_documents", [], "env")
    app.connect("config-inited", _write)
    return {"parallel_read_safe": True}
