"""Where the assignment is, and how to look into a notebook."""

from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "chapters" / "segmentation" / "assignment.md"
WORDS = {"@SITE@": "https://example.org/book", "@PACKAGE@": "lookclosely"}


def code(notebook: Path) -> list[str]:
    """Sources of the code cells."""
    cells = nbformat.read(notebook, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]
