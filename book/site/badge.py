"""``{run-badge}``: what reading this chapter takes, and running it, measured by the build."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from .contents import minutes
from .records import seconds, spoken

logger = logging.getLogger(__name__)


class RunBadge(SphinxDirective):
    """A line under the title: ``50 minutes to read and try. Runs in 23 s on one CPU core …``"""

    def run(self) -> list[nodes.Node]:
        app, docname = self.env.app, self.env.docname
        taken = seconds(app, docname)
        if taken is None:
            logger.warning("run-badge: %s was not executed", docname, location=self.get_location())
            return []
        paragraph = nodes.paragraph(classes=["lc-run-badge"])
        read = 5 * max(1, round(minutes(self.env, docname) / 5))
        paragraph += nodes.Text(
            f"{read} minutes to read and try. "
            f"Runs in {spoken(taken)} on one CPU core. No GPU needed."
        )
        return [paragraph]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("run-badge", RunBadge)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
