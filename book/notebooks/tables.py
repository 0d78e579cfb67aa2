"""Tables and captions of a resolved page as plain Markdown."""

import re

from docutils import nodes

from .inline import Inline, wrap

RULES = {"text-left": ":---", "text-center": ":---:", "text-right": "---:"}


class Tables(Inline):
    def block_table(self, node: nodes.table) -> list[str]:
        """The caption and a pipe table. A cell that spans several leaves the others empty."""
        title = next(iter(node.findall(nodes.title)), None)
        head = [self.row(row) for part in node.findall(nodes.thead) for row in part.children]
        body = [self.row(row) for part in node.findall(nodes.tbody) for row in part.children]
        width = max(map(len, head + body))
        head = head or [[""] * width]
        lines = [head[0], self.rules(node, width), *head[1:], *body]
        table = "\n".join(f"| {' | '.join(line + [''] * (width - len(line)))} |" for line in lines)
        return [self.caption(node, "table", title), table]

    def row(self, row: nodes.Node) -> list[str]:
        cells = []
        for entry in row.children:
            assert isinstance(entry, nodes.entry)
            cells += [self.cell(entry), *[""] * entry.get("morecols", 0)]
        return cells

    def cell(self, entry: nodes.entry) -> str:
        """A cell's paragraphs and list items, separated by line breaks."""
        parts = [self.inline(text) for text in entry.findall(is_text)]
        return "<br>".join(without_bars(part.strip()) for part in parts)

    def rules(self, table: nodes.table, width: int) -> list[str]:
        """The line under the head, which aligns the columns."""
        first = next(iter(table.findall(nodes.row)))
        classes = [entry.get("classes", []) for entry in first.children]  # type: ignore[attr-defined]
        rules = [next((RULES[c] for c in names if c in RULES), "---") for names in classes]
        return (rules + ["---"] * width)[:width]

    def caption(self, node: nodes.Element, kind: str, caption: nodes.Node | None) -> str:
        """``*Fig. 2. Its words*``, numbered as on the page; nothing where there is no caption."""
        if caption is None:
            return ""
        numbers = self.app.env.toc_fignumbers.get(self.docname, {}).get(kind, {})
        number = next((numbers[i] for i in node["ids"] if i in numbers), None)
        label = ""
        if number and self.app.config.numfig:
            label = self.app.config.numfig_format[kind] % ".".join(map(str, number)) + ". "
        return wrap(label + self.inline(caption).strip(), "*")


def is_text(node: nodes.Node) -> bool:
    """Whether a node holds the words of one line of a cell."""
    return isinstance(node, nodes.TextElement) and not isinstance(node.parent, nodes.TextElement)


def without_bars(text: str) -> str:
    r"""A cell's text: ``|`` would end the cell; in a formula it is ``\vert``."""
    pieces = re.split(r"(?<!\\)(\$[^$]+\$)", text)
    for k, piece in enumerate(pieces):
        if k % 2:
            pieces[k] = piece.replace(r"\|", r"\Vert ").replace("|", r"\vert ")
        else:
            pieces[k] = re.sub(r"(?<!\\)\|", r"\\|", piece)
    return "".join(pieces)
