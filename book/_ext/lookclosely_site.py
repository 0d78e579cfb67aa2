"""The book's own Sphinx extension: one idea a file, all set up here."""

import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # for book.pipeline, whose folders and records the pages show

PARTS = (
    "lookclosely_site_records",
    "lookclosely_site_assets",
    "lookclosely_site_buttons",
    "lookclosely_site_assignments",
    "lookclosely_site_accessibility",
    "lookclosely_site_typography",
    "lookclosely_site_bibliography",
    "lookclosely_site_badge",
    "lookclosely_site_demos",
    "lookclosely_site_gallery",
    "lookclosely_site_claims",
    "lookclosely_site_timings",
    "lookclosely_site_slides",
    "lookclosely_notebooks",
)


def setup(app: Sphinx) -> dict[str, Any]:
    for part in PARTS:
        app.setup_extension(part)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
