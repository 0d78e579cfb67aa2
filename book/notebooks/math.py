"""Formulas of a resolved page as MathJax in a notebook sets them, with the page's numbers."""

import re
from collections.abc import Iterator

from docutils import nodes

from .inline import Inline, one_line


class Formulas(Inline):
    def block_math_block(self, node: nodes.math_block) -> Iterator[str]:
        formula = display(node.astext(), bool(node.get("no-wrap", node.get("nowrap"))))
        number = self.equation_number(node)
        yield f"$${formula}" + (rf" \tag{{{number}}}" if number else "") + "$$"

    def equation_number(self, node: nodes.math_block) -> str:
        """As on the page; Sphinx numbers the formulas that have a label."""
        number = node.get("number")
        found = self.app.env.toc_fignumbers.get(self.docname, {}).get("displaymath", {})
        if number and self.app.config.math_numfig and self.app.config.numfig and node["ids"]:
            return ".".join(map(str, found.get(node["ids"][0], (number,))))
        return str(number or "")


def display(formula: str, whole: bool) -> str:
    """A formula for ``$$``, set as Sphinx sets it, but in environments that may stand inside.

    ``whole``: it brings its own environment (``\\begin{align} … \\end{align}``).
    """
    if whole:
        formula = re.sub(r"\\(begin|end)\{equation\*?\}", "", formula)
        formula = re.sub(r"\\(begin|end)\{(align|gather)\*?\}", r"\\\1{\2ed}", formula)
        return one_line(formula)
    parts = [one_line(part) for part in re.split(r"\n[ \t]*\n", formula) if part.strip()]
    rows = [rf"\begin{{split}}{p}\end{{split}}" if r"\\" in p else p for p in parts]
    if len(rows) == 1:
        return rows[0]
    return r"\begin{aligned}" + r" \\ ".join(rows) + r"\end{aligned}"
