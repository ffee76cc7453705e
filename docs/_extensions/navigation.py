"""Navigation from the contents: every group of docs/index.md is a group of the site's sidebar.

The first page gets a tree for each group, which no reader of the Markdown sees.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

CONTENTS = "docs/index"
_GROUP = re.compile(r"^\*\*(.+)\*\*\n\n((?:[-  ].*\n)+)", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#\s]+)\.md\)")


def groups(contents: str) -> dict[str, list[str]]:
    """Group → documents, of a page with a line in bold and a list of links for each."""
    folder = posixpath.dirname(CONTENTS)
    return {
        title: [posixpath.normpath(posixpath.join(folder, link)) for link in _LINK.findall(listed)]
        for title, listed in _GROUP.findall(contents)
    }


def _add(app: Any, document: str, source: list[str]) -> None:
    if document != app.config.root_doc:
        return
    contents = (app.srcdir / f"{CONTENTS}.md").read_text(encoding="utf-8")
    trees = {
        "Contents": [f"Every page <{CONTENTS}>"],
        **groups(contents),
        "API": app.config.api_documents,
    }
    source[0] += "\n".join(
        f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n" + "\n".join(documents) + "\n```\n"
        for title, documents in trees.items()
    )


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx, which calls this."""
    app.connect("source-read", _add)
    return {"parallel_read_safe": True}
