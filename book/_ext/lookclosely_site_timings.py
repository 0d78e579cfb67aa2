"""``{timings}``: how long each chapter took when this book was built."""

import os
import platform
from collections.abc import Iterator
from typing import Any

from lookclosely_site_markdown import GeneratedDirective, table
from lookclosely_site_records import seconds, spoken
from sphinx.application import Sphinx


class Timings(GeneratedDirective):
    """A table of the chapters with their seconds, and the machine."""

    def lines(self) -> Iterator[str]:
        app = self.env.app
        names = sorted(name for name in self.env.found_docs if name.startswith("chapters/"))
        taken = {name: seconds(app, name) for name in names}
        rows = [[f"{{doc}}`/{name}`", spoken(value)] for name, value in taken.items() if value]
        if not rows:
            yield "No chapter was executed in this build."
            return
        yield from table(["chapter", "seconds to run"], rows)
        yield ""
        total = sum(value for value in taken.values() if value)
        yield f"Together {spoken(total)}, one core each, two chapters at a time on {_machine()}."


def _machine() -> str:
    return f"{os.cpu_count()} CPU cores ({platform.machine()}), Python {platform.python_version()}"


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("lookclosely_site_markdown")
    app.add_directive("timings", Timings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
