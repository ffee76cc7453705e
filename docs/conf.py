"""How Sphinx makes the site: `python -m sphinx -W -q -c docs . build/site`, from the repository.

The README is the first page. Navigation follows from the contents in docs/index.md, and the pages
of the API, which are not kept, from docstrings: see `_extensions`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent / "_extensions")]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import hsm  # noqa: E402

project = "Heated-Up Softmax Embedding"
author = "the authors of hsm"
version = release = hsm.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "api_pages",
    "constructors",
    "docstring_markup",
    "navigation",
]
root_doc = "README"
include_patterns = ["README.md", "docs/**.md", "docs/api/*.rst"]
# Folders that are not even looked through.
exclude_patterns = [".*", "build", "dist", "experiments", "hsm", "results", "tests", "tools"]
templates_path = ["_templates"]

# Headings have the anchors that GitHub gives them, so that links hold on both.
myst_heading_anchors = 4
myst_enable_extensions = ["html_image"]

autodoc_default_options = {
    "members": True,
    "member-order": "bysource",
    # What every Keras layer and loss has.
    "exclude-members": "build, call, compute_output_shape, from_config, get_config",
}
autodoc_typehints_format = "short"
autodoc_type_aliases = {name: name for name in ("ArrayLike", "NDArray", "IntArray", "Images")}
# What a constructor takes stands below the class, not within its title.
autodoc_class_signature = "mixed"
# Of formulas; blocks on pages name their languages.
highlight_language = "none"
python_maximum_signature_line_length = 80
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = [
    ("Call arguments", "params_style"),
    "Input shape",
    "Output shape",
    "Reference",
]
# Ten names in a row are no help in the table of a page's contents.
toc_object_entries_show_parents = "hide"

html_theme = "pydata_sphinx_theme"
html_title = "hsm"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_additional_pages = {"index": "first_page.html"}
html_sidebars = {"**": ["contents.html"]}
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {
    "logo": {"text": "hsm"},
    "navbar_center": [],
    "navbar_end": ["theme-switcher"],
    "navbar_align": "left",
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["licence.html"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_context = {"default_mode": "auto"}
