"""``{timings}``: how long each chapter took when this book was built."""

import os
import platform
from collections.abc import Iterable, Iterator
from typing import Any

from sphinx.application import Sphinx

from .markdown import GeneratedDirective, table
from .records import seconds, spoken


class Timings(GeneratedDirective):
    """A table of the chapters with their seconds, and the machine."""

    def lines(self) -> Iterator[str]:
        app = self.env.app
        names = in_book_order(self.env.found_docs, getattr(self.env, "external_site_map", ()))
        taken = {name: seconds(app, name) for name in names}
        rows = [[f"{{doc}}`/{name}`", spoken(value)] for name, value in taken.items() if value]
        if not rows:
            yield "No chapter was executed in this build."
            return
        yield from table(["chapter", "seconds to run"], rows)
        yield ""
        total = sum(value for value in taken.values() if value)
        yield f"Together {spoken(total)}, one core each, two chapters at a time on {_machine()}."


def in_book_order(found: Iterable[str], contents: Iterable[str]) -> list[str]:
    """The chapters among ``found``, as the contents list them; what these lack comes last."""
    places = {name: place for place, name in enumerate(contents)}
    names = [name for name in found if name.startswith("chapters/")]
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))


def _machine() -> str:
    return f"{os.cpu_count()} CPU cores ({platform.machine()}), Python {platform.python_version()}"


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("book.site.markdown")
    app.add_directive("timings", Timings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
