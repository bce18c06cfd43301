"""The documents as a site: `sphinx-build -W docs OUT`, see adr/0068-the-guide-as-a-site.md."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "densearch"
extensions = ["myst_parser", "sphinx_copybutton", "site_pages"]
exclude_patterns = ["_templates"]
templates_path = ["_templates"]
source_suffix = {".md": "markdown"}

# Headings have the names that code hosts give them, as links need.
myst_heading_anchors = 4
# Tests check every link of the documents; `site_pages` takes those to files that the site lacks.
suppress_warnings = ["myst.header", "myst.xref_missing", "misc.highlighting_failure"]

html_theme = "furo"
html_title = "densearch"
html_link_suffix = ""
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_permalinks_icon = "#"
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "dashboard.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
copybutton_prompt_text = "$ "
