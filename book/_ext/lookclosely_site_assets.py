"""Serve the scripts and fonts of others from the site itself (``vendor/``)."""

import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

VENDOR = Path(__file__).resolve().parents[1] / "vendor"


def copy_vendor(app: Sphinx) -> None:
    """Beside ``_static/``, not below it: the theme would load what lies there on every page."""
    if app.builder.format == "html":
        shutil.copytree(VENDOR, Path(app.outdir) / "vendor", dirs_exist_ok=True)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", copy_vendor)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
