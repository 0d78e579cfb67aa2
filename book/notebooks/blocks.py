"""Blocks of a resolved page as plain Markdown that Colab and JupyterLab show as the book does."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from docutils import nodes
from sphinx.locale import admonitionlabels

from .inline import escape_start, html_words, wrap
from .math import Formulas
from .tables import Tables


@dataclass(frozen=True)
class Code:
    """A code cell of the page, by its place among the cells of the chapter's notebook."""

    index: int


Block = str | Code


class Blocks(Tables, Formulas):
    """Markdown of block nodes; ``block_<node>`` for each kind, looked up along its classes."""

    depth = 0

    def blocks(self, parents: nodes.Node | Iterable[nodes.Node]) -> Iterator[Block]:
        """Markdown blocks and code cells, in the order of the page."""
        children = parents.children if isinstance(parents, nodes.Node) else parents
        for child in children:
            yield from self.block(child)

    def block(self, node: nodes.Node) -> Iterator[Block]:
        for kind in type(node).__mro__:
            method = getattr(self, f"block_{kind.__name__}", None)
            if method is not None:
                yield from (block for block in method(node) if block)
                return
        yield from self.blocks(node)

    def text(self, parents: nodes.Node | Iterable[nodes.Node]) -> str:
        """Blocks that hold no code cell, as one piece of Markdown."""
        found = list(self.blocks(parents))
        if any(isinstance(block, Code) for block in found):
            raise ValueError(f"{self.docname}: a code cell stands inside another block")
        return "\n\n".join(block for block in found if isinstance(block, str))

    # Structure

    def block_section(self, node: nodes.section) -> Iterator[Block]:
        self.depth += 1
        yield from self.blocks(node)
        self.depth -= 1

    def block_title(self, node: nodes.title) -> Iterator[Block]:
        yield f"{'#' * max(1, self.depth)} {self.inline(node)}"

    def block_rubric(self, node: nodes.rubric) -> Iterator[Block]:
        yield wrap(self.inline(node), "**")

    def block_transition(self, node: nodes.transition) -> Iterator[Block]:
        yield "---"

    def block_TextElement(self, node: nodes.TextElement) -> Iterator[Block]:
        yield escape_start(self.inline(node).strip())

    block_Inline = block_Text = block_image = lambda self, node: iter([self.one(node).strip()])

    def block_reference(self, node: nodes.reference) -> Iterator[Block]:
        yield self.one(node)

    def block_raw(self, node: nodes.raw) -> Iterator[Block]:
        yield re.sub(r"\n\s*\n", "\n", self.inline_raw(node).strip())

    def block_line_block(self, node: nodes.line_block) -> Iterator[Block]:
        yield "<br>\n".join(self.inline(line) for line in node.findall(nodes.line))

    def nothing(self, node: nodes.Node) -> str:  # type: ignore[override]
        return ""

    block_target = block_comment = block_substitution_definition = nothing
    block_index = block_toctree = block_tabular_col_spec = block_highlightlang = nothing
    block_sd_tab_input = block_system_message = block_Invisible = nothing

    # Code

    def block_container(self, node: nodes.container) -> Iterator[Block]:
        if node.get("nb_element") == "cell_code":
            yield Code(node["cell_index"])
            yield from self.captions(node)
        elif node.get("literal_block"):
            caption = next(iter(node.findall(nodes.caption)), None)
            yield self.caption(node, "code-block", caption)
            yield from self.blocks(node.findall(nodes.literal_block))
        else:
            yield from self.blocks(node)

    def captions(self, cell: nodes.container) -> Iterator[Block]:
        """What stands under the figures that a cell draws: the drawing comes when it runs."""
        for figure in cell.findall(nodes.figure):
            caption = next(iter(figure.findall(nodes.caption)), None)
            yield self.caption(figure, "figure", caption)

    def block_literal_block(self, node: nodes.literal_block) -> Iterator[Block]:
        text, language = node.astext(), node.get("language", "")
        language = {"ipython3": "python", "ipython": "python"}.get(language, language)
        language = "" if language in ("default", "none", "text", "myst-ansi") else language
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
        yield f"{fence}{language}\n{text}\n{fence}"

    def block_doctest_block(self, node: nodes.doctest_block) -> Iterator[Block]:
        yield f"```python\n{node.astext()}\n```"

    # Boxes

    def block_Admonition(self, node: nodes.Element) -> Iterator[Block]:
        name = title_of(node) or nodes.title("", str(admonitionlabels.get(node.tagname, "")))
        body = self.text(child for child in node.children if child is not name)
        folded = {"dropdown", "toggle"} & set(node.get("classes", []))
        yield details(html_words(name), body) if folded else quotation(self.inline(name), body)

    block_sidebar = block_topic = block_versionmodified = block_seealso = block_Admonition

    def block_dropdown_main(self, node: nodes.Element) -> Iterator[Block]:
        title, *rest = node.children
        yield details(html_words(title).strip() or "Details", self.text(rest))

    def block_sd_tab_label(self, node: nodes.Element) -> Iterator[Block]:
        yield wrap(self.inline(node), "**")

    def block_block_quote(self, node: nodes.block_quote) -> Iterator[Block]:
        yield quotation("", self.text(node))

    def block_attribution(self, node: nodes.attribution) -> Iterator[Block]:
        yield f"— {self.inline(node)}"

    def block_figure(self, node: nodes.figure) -> Iterator[Block]:
        caption = next((c for c in node.children if isinstance(c, nodes.caption)), None)
        yield from self.blocks(child for child in node.children if child is not caption)
        yield self.caption(node, "figure", caption)

    # Lists

    def block_bullet_list(self, node: nodes.bullet_list) -> Iterator[Block]:
        yield "\n".join(item("- ", self.text(child)) for child in node.children)

    def block_enumerated_list(self, node: nodes.enumerated_list) -> Iterator[Block]:
        first = node.get("start", 1)
        numbered = enumerate(node.children, first)
        yield "\n".join(item(f"{number}. ", self.text(child)) for number, child in numbered)

    def block_definition_list_item(self, node: nodes.definition_list_item) -> Iterator[Block]:
        terms = [self.inline(c) for c in node.children if isinstance(c, nodes.term)]
        meaning = self.text(c for c in node.children if isinstance(c, nodes.definition))
        yield item("- ", f"**{', '.join(term.strip() for term in terms)}**: {meaning}")

    def block_field(self, node: nodes.field) -> Iterator[Block]:
        name, body = node.children
        yield item("- ", f"**{self.inline(name)}**: {self.text(body)}")

    def block_footnote(self, node: nodes.footnote) -> Iterator[Block]:
        label, *rest = node.children
        yield f"<sup>{label.astext()}</sup> {self.text(rest)}"


def title_of(node: nodes.Element) -> nodes.title | None:
    return next((child for child in node.children if isinstance(child, nodes.title)), None)


def item(mark: str, text: str) -> str:
    """A list's item: what follows its first line is set in by the width of the mark."""
    return (mark + re.sub(r"\n(?=[^\n])", "\n" + " " * len(mark), text)).rstrip()


def quotation(title: str, body: str) -> str:
    head = f"**{title.strip()}**\n\n" if title.strip() else ""
    return "\n".join(f"> {line}".rstrip() for line in (head + body).strip().splitlines())


def details(title: str, body: str) -> str:
    """A part that opens on a click. The blank lines make its body Markdown again."""
    return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"
