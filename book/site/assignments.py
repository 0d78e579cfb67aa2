"""``{assignment}`looking` ``: a link that opens the student notebook of a part's assignment."""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from .buttons import colab_url

logger = logging.getLogger(__name__)
TEXT = "assignment of this part"


def notebook(part: str) -> str:
    """Its name on the branch of the notebooks, without its ending."""
    return f"assignments/{part}-assignment"


class Assignment(SphinxRole):
    """``{assignment}`segmentation` `` reads "assignment of this part" and opens it in Colab."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        app = self.env.app
        if not Path(app.srcdir, "chapters", self.text, "assignment.md").is_file():
            where = self.get_location()
            logger.warning("assignment: no chapters/%s/assignment.md", self.text, location=where)
        return [nodes.reference("", TEXT, refuri=colab_url(app, notebook(self.text)))], []


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_role("assignment", Assignment())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
