"""Settings of the documentation; `make docs` builds it into build/docs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "extension"))

import signbit

project = "signbit"
author = "the signbit authors"
copyright = "the signbit authors, Apache-2.0"
version = release = signbit.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "from_the_code"]
exclude_patterns = ["extension", "adr/README.md"]  # decisions.md includes it
myst_heading_anchors = 3  # a link to a heading that is not there is a warning, and warnings are errors

# Docstrings are plain text with `code` in them, as the code has them.
default_role = "code"
napoleon_custom_sections = ["Source", "Shapes"]
napoleon_use_rtype = False
napoleon_use_ivar = True  # an attribute called `bytes` would be what every `bytes` links to
smartquotes_action = "D"  # dashes; quotes and dots are what the code has
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"signbit {version}"
html_static_path = ["static"]
html_css_files = ["signbit.css"]
html_show_sourcelink = False
html_copy_source = False
html_use_index = True
html_theme_options = {"navigation_with_keys": False}
pygments_style = "tango"
pygments_dark_style = "github-dark"
highlight_language = "text"
