"""A figure as an SVG element of a page, in the page's own colours and letters.

One drawing serves light and dark: colours become CSS variables, which `hsm.visual.page_style` sets
for both, and what is black becomes the page's ink.
"""

from __future__ import annotations

import io
import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What frames a drawing, and what the page calls such colours.
_FRAME = {"#000000": "var(--ink)", "#777777": "var(--soft)", "#e4e4e4": "var(--line)"}
# A description of the file and a rule for the whole page, which inside a page are neither.
_PREAMBLE = re.compile(r"<metadata>.*?</metadata>|<style.*?</style>", re.DOTALL)
_COLOR = re.compile(r"\b(fill|stroke): (#[0-9a-f]{6})")
_STAMPS = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def inline(figure: Figure, *, alt: str, name: str) -> str:
    """Draw `figure` as an `<svg>` element as wide as its room. Needs matplotlib.

    Args:
        figure: what is drawn; its background is left out.
        alt: what is to be seen, for those who do not see it.
        name: what no other drawing of the page is called: letters, digits and hyphens.
    """
    import matplotlib

    file = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(file, format="svg", transparent=True, metadata=_STAMPS)
    text = file.getvalue()
    head, body = re.split(r"(?<=>)", _PREAMBLE.sub("", text[text.index("<svg") :]), maxsplit=1)
    box = re.search(r'viewBox="[^"]*"', head)
    view = box.group() if box else ""
    return f'<svg class="drawn" {view} role="img" aria-label="{escape(alt)}">{_own(body, name)}'


def _own(body: str, name: str) -> str:
    """Return the drawing with names, colours and letters that fit into a page, digits cut."""
    used = set(re.findall(r"#([\w.]+)", body))
    body = re.sub(r' id="([\w.]+)"', lambda m: f' id="{name}-{m[1]}"' * (m[1] in used), body)
    body = re.sub(r'\b(?:xlink:)?href="#', f'href="#{name}-', body)
    body = body.replace("url(#", f"url(#{name}-")
    body = re.sub(r"font-family: [^;\"]*;?", "", body)
    body = re.sub(r"(\bfont: [^;\"]*?px) [^;\"]*", r"\1 system-ui, sans-serif", body)
    body = re.sub(r"\d+\.\d{3,}", lambda match: f"{float(match[0]):.2f}", body)
    body = re.sub(r">\s+<", "><", body)
    return _COLOR.sub(lambda match: f"{match[1]}: {_variable(match[2])}", body)


def _variable(color: str) -> str:
    return _FRAME.get(color, f"var(--{color[1:]}, {color})")
