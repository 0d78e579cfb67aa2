"""``{timings}``: how long each chapter took; ``{speed}``: our functions beside the library's."""

import json
import os
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path
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


class Speed(GeneratedDirective):
    """The table that ``make bench`` kept in ``book/timings.json``, and the machine."""

    def lines(self) -> Iterator[str]:
        path = Path(self.env.srcdir) / "book" / "timings.json"
        self.env.note_dependency(str(path))
        kept = json.loads(path.read_text(encoding="utf-8"))
        yield (
            f"Measured on {kept['machine']}, with torch {kept['torch']}: a matrix product makes "
            f"{kept['rates']['operations'] / 1e9:.0f} billion operations a second there, a copy "
            f"moves {kept['rates']['bytes'] / 1e9:.0f} GB a second."
        )
        yield ""
        heads = ["what", "ours, ms", "times the limit", "times the library or a peer"]
        yield from table(heads, [speed_row(entry) for entry in kept["rows"]])


def speed_row(entry: dict[str, Any]) -> list[str]:
    """Ours in ms, and as times the limit and times each of the others, by the best times."""
    ours = entry["times"]["ours"]["best"]
    times = {name: taken["best"] for name, taken in entry["times"].items() if name != "ours"}
    others = [f"{_short(ours / best)} {name}" for name, best in times.items()]
    # The limit says little where few numbers lead to much work: nms reads boxes, and compares them.
    near = 0 < ours < 200 * entry["limit"]
    limit = _short(ours / entry["limit"]) if near else ""
    return [entry["name"], _short(ours * 1e3), limit, ", ".join(others)]


def _short(number: float) -> str:
    return f"{number:.2g}" if number < 10 else f"{number:,.0f}"


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
    app.add_directive("speed", Speed)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
