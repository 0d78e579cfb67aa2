"""``{run-badge}``: what running this chapter takes, measured when the book was built."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from .records import seconds, spoken

logger = logging.getLogger(__name__)


class RunBadge(SphinxDirective):
    """A line under the title: ``Runs in 23 s on one CPU core. No GPU needed.``"""

    def run(self) -> list[nodes.Node]:
        app, docname = self.env.app, self.env.docname
        taken = seconds(app, docname)
        if taken is None:
            logger.warning("run-badge: %s was not executed", docname, location=self.get_location())
            return []
        paragraph = nodes.paragraph(classes=["lc-run-badge"])
        paragraph += nodes.Text(f"Runs in {spoken(taken)} on one CPU core. No GPU needed.")
        return [paragraph]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("run-badge", RunBadge)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
