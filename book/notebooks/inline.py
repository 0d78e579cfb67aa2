"""Words of a resolved page as plain Markdown: emphasis, code, maths, links and images.

Sphinx has put in the numbers and the targets by then; the links only become absolute, so that
they work from Colab. Nothing that only MyST understands is written.
"""

import html
import posixpath
import re
from urllib.parse import quote, urljoin

from docutils import nodes
from sphinx.application import Sphinx

# What Markdown would read as markup. An underscore within a word is none.
SPECIAL = re.compile(r"([\\*`\[\]<>$~|]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_]))")
AT_START = re.compile(r"^(\s*)(#{1,6}|[+-]|\d+(?=[.)]))(?=[.)]?(?:\s|$))")
RUNS = re.compile(r"<(script|style|svg|iframe)\b")
RELATIVE = re.compile(r'\b(src|href)="(?!\w+:|//)([^"]*)"')


class Inline:
    """Markdown of inline nodes; ``inline_<node>`` for each kind, looked up along its classes."""

    def __init__(self, app: Sphinx, docname: str) -> None:
        self.app = app
        self.docname = docname
        self.base = app.config.html_baseurl
        self.page = urljoin(self.base, app.builder.get_target_uri(docname))

    def inline(self, node: nodes.Node) -> str:
        """The words of a node's children."""
        return "".join(self.one(child) for child in node.children)

    def one(self, node: nodes.Node) -> str:
        for kind in type(node).__mro__:
            method = getattr(self, f"inline_{kind.__name__}", None)
            if method is not None:
                return method(node)
        return self.inline(node)

    def inline_Text(self, node: nodes.Text) -> str:
        return escape(" ".join(re.split(r"\s*\n\s*", node.astext())))

    def inline_literal(self, node: nodes.literal) -> str:
        return code_span(node.astext())

    def inline_math(self, node: nodes.math) -> str:
        return f"${one_line(node.astext())}$"

    def inline_strong(self, node: nodes.strong) -> str:
        return wrap(self.inline(node), "**")

    def inline_emphasis(self, node: nodes.emphasis) -> str:
        return wrap(self.inline(node), "*")

    def inline_title_reference(self, node: nodes.title_reference) -> str:
        return wrap(self.inline(node), "*")

    def inline_subscript(self, node: nodes.subscript) -> str:
        return f"<sub>{self.inline(node)}</sub>"

    def inline_superscript(self, node: nodes.superscript) -> str:
        return f"<sup>{self.inline(node)}</sup>"

    def inline_reference(self, node: nodes.reference) -> str:
        return f"[{self.inline(node)}]({self.address(node)})"

    def inline_footnote_reference(self, node: nodes.footnote_reference) -> str:
        return f"<sup>[{node.astext()}]({self.address(node)})</sup>"

    def inline_download_reference(self, node: nodes.Element) -> str:
        text = self.inline(node)
        if "filename" not in node:
            return f"[{text}]({self.address(node)})" if "refuri" in node else text
        return f"[{text}]({urljoin(self.base, '_downloads/' + quote(node['filename']))})"

    def inline_image(self, node: nodes.image) -> str:
        return f"![{escape(node.get('alt', ''))}]({self.image_address(node)})"

    def inline_raw(self, node: nodes.raw) -> str:
        """HTML that an author wrote; with whole addresses, and without what would run."""
        text = node.astext()
        if "html" not in node.get("format", "").split() or RUNS.search(text):
            return ""
        return RELATIVE.sub(lambda m: f'{m[1]}="{urljoin(self.page, m[2])}"', text)

    def nothing(self, node: nodes.Node) -> str:
        return ""

    inline_target = inline_comment = inline_system_message = inline_problematic = nothing

    def address(self, node: nodes.Element) -> str:
        """Where a reference leads, in full."""
        here = "#" + node["refid"] if node.get("refid") else ""
        return urljoin(self.page, node.get("refuri", "") or here).replace(" ", "%20")

    def image_address(self, node: nodes.image) -> str:
        """Where the site keeps a picture: Sphinx copies it to ``_images`` under this name."""
        candidates = node.get("candidates", {})
        uri = candidates.get("*") or next(iter(candidates.values()), node["uri"])
        if "://" in node["uri"] or node["uri"].startswith("data:"):
            return node["uri"]
        _, name = self.app.env.images.get(uri, (None, posixpath.basename(uri)))
        return urljoin(self.base, f"{self.app.builder.imagedir}/{quote(name)}")


def escape(text: str) -> str:
    """Text that Markdown reads as it stands."""
    return SPECIAL.sub(r"\\\1", text)


def html_words(node: nodes.Node) -> str:
    """The words of a node as HTML, for places where Markdown is not read (``<summary>``)."""
    if isinstance(node, nodes.raw):
        return ""
    if isinstance(node, nodes.Text):
        return html.escape(node.astext(), quote=False)
    words = "".join(map(html_words, node.children))
    if isinstance(node, nodes.math):
        return f"${words}$"
    return f"<code>{words}</code>" if isinstance(node, nodes.literal) else words


def escape_start(line: str) -> str:
    """A paragraph that does not begin like a heading or a list: ``1. x`` becomes ``1\\. x``."""
    match = AT_START.match(line)
    if match is None:
        return line
    rest = line[match.end() :]
    return match[1] + (f"{match[2]}\\{rest}" if match[2].isdigit() else f"\\{match[2]}{rest}")


def code_span(text: str) -> str:
    """Code between as many backticks as it needs."""
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def wrap(text: str, mark: str) -> str:
    """``**text**`` with the blanks outside, where Markdown wants them."""
    inner = text.strip()
    if not inner:
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{mark}{inner}{mark}{after}"


def one_line(formula: str) -> str:
    """A formula without comments and line breaks: inside a quotation, ``>`` would get into it."""
    lines = [re.sub(r"(?<!\\)%.*", "", line).strip() for line in formula.splitlines()]
    return " ".join(line for line in lines if line)
