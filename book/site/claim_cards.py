"""``{claims}``: the tally, a filter, all claims in a few words, then a card for each."""

import re
from collections.abc import Iterator
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from .claim_plot import spoken, strips
from .claims import Claim, claims
from .markdown import note_generated

WORDS = {"yes": "held", "partly": "held in part", "no": "did not hold", "": "not measured yet"}
SHORT = {"yes": "held", "partly": "in part", "no": "not"}
FILTER = {"yes": "held", "partly": "part", "no": "not", "": "open"}
INSIDE = {
    "yes": '<circle cx="8" cy="8" r="6.6" fill="currentColor"/>',
    "partly": '<path d="M8 1.4a6.6 6.6 0 0 1 0 13.2z" fill="currentColor"/>',
    "no": '<path d="M3.6 12.4l8.8-8.8" stroke="currentColor" stroke-width="1.8"/>',
    "": "",
}
FINDING_WORDS, FINDING_NUMBERS = 25, 3


def mark(verdict: str) -> str:
    """A disc that is full, half full, crossed or empty."""
    ring = '<circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.8"/>'
    return (
        '<svg class="lc-mark" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">'
        f"{ring}{INSIDE[verdict]}</svg>"
    )


def tally(found: tuple[Claim, ...]) -> str:
    """The bar of verdicts and the filter below it."""
    count = {verdict: sum(c.verdict == verdict for c in found) for verdict in SHORT}
    said = ", ".join(f"{n} {WORDS[verdict]}" for verdict, n in count.items())
    bar = "".join(
        f'<span class="lc-{FILTER[verdict]}" style="flex-grow:{n}"></span>'
        for verdict, n in count.items()
        if n
    )
    choices = [("all", "all", len(found), "")]
    choices += [(FILTER[v], SHORT[v], n, mark(v)) for v, n in count.items()]
    buttons = "".join(
        f'<label><input type="radio" name="verdict" value="{value}"'
        f"{' checked' if value == 'all' else ''}><span>{disc}{text} <b>{n}</b></span></label>"
        for value, text, n, disc in choices
    )
    return (
        f'<div class="lc-tally"><div class="lc-bar" role="img" aria-label="Of {len(found)} claims '
        f'{said}.">{bar}</div><fieldset class="lc-filter" hidden><legend class="lc-unseen">Show '
        f'claims that</legend>{buttons}</fieldset><p class="lc-unseen lc-shown" '
        'aria-live="polite"></p></div>'
    )


def glance(found: tuple[Claim, ...]) -> str:
    """All claims in a few words each."""
    items = "".join(
        f'<li data-verdict="{FILTER[c.verdict]}"><a href="#{c.anchor}">'
        f'<span class="lc-v lc-v-{FILTER[c.verdict]}">{mark(c.verdict)}'
        f'<span class="lc-unseen">{WORDS[c.verdict]}: </span></span>'
        f"{escape(c.experiment.short or c.experiment.statement)}</a></li>"
        for c in found
    )
    return f'<ol class="lc-glance" aria-label="All claims at a glance">{items}</ol>'


def finding(sentence: str) -> str:
    """The first sentence of a verdict, if it is short; else nothing: the numbers are below it."""
    first = re.split(r"(?<=[.!?])\s", sentence.strip())[0]
    numbers = re.findall(r"\d[\d.,]*", first)
    short = len(first.split()) <= FINDING_WORDS and len(numbers) <= FINDING_NUMBERS
    return first if short else ""


class Card:
    """The HTML of one claim; ``chapter`` is the link to where it is told in full."""

    def __init__(self, claim: Claim, chapter: str) -> None:
        from lookclosely.experiments.report import with_minus

        self.claim, self.chapter, self.signed = claim, chapter, with_minus
        plot, result = claim.experiment.plot, claim.report and claim.report.result
        self.rows = [(label, result.values(path)) for label, path in plot.rows] if result else []
        self.measure = plot.measure if plot else ""

    def html(self) -> str:
        claim, anchor = self.claim, self.claim.anchor
        numbers = ", ".join(claim.experiment.claims)
        return (
            f'<li class="lc-claim-card" id="{anchor}" data-verdict="{FILTER[claim.verdict]}">'
            f'<article aria-labelledby="{anchor}-said"><p class="lc-top">'
            f'<span class="lc-v lc-v-{FILTER[claim.verdict]}">{mark(claim.verdict)} '
            f'{WORDS[claim.verdict]}</span> <a class="lc-perma" href="#{anchor}" '
            f'aria-label="Link to claim {claim.number}">{numbers}</a></p>'
            f'<h2 id="{anchor}-said">{escape(claim.experiment.statement)}</h2>'
            + "".join(self._body())
            + "</article></li>"
        )

    def _body(self) -> Iterator[str]:
        claim = self.claim
        if not claim.judged:
            command = f"python -m lookclosely experiments run {claim.experiment.name}"
            yield f"<p>Not measured yet: <code>{command}</code>. Chapter {self.chapter}.</p>"
            return
        if found := finding(claim.judged.sentence):
            yield f'<p class="lc-found">{escape(self.signed(found))}</p>'
        yield (
            f'<figure class="lc-plot">{strips(self.measure, self.rows)}<figcaption>'
            f"{escape(self.measure)}; a dot for each seed</figcaption></figure>"
        )
        published = escape(self.signed(claim.experiment.published)) or "<i>no figure</i>"
        ours = escape(spoken(self.measure, self.rows))
        yield "<dl>" + "".join(
            f"<div><dt>{head}</dt><dd>{text}</dd></div>"
            for head, text in (("published", published), ("ours", ours), *self._gpu())
        )
        yield "</dl>" + self._rest()

    def _gpu(self) -> Iterator[tuple[str, str]]:
        if line := self.claim.report.gpu_line():
            yield "GPU", escape(line)

    def _rest(self) -> str:
        claim = self.claim
        gpu = "".join(
            f"<p>{escape(head)}: {escape(text)}</p>" for head, text in claim.report.gpu_rows()
        )
        said = escape(self.signed(f"{claim.judged.ours}. {claim.judged.sentence}"))
        sources = escape("; ".join(claim.experiment.sources))
        command = f"python -m lookclosely experiments run {claim.experiment.name}"
        return (
            "<details><summary>All numbers, and how they were made</summary>"
            f"<p>{said[:1].upper()}{said[1:]}</p>{gpu}"
            f'<p class="lc-made">{escape(claim.report.result.made)} · <code>{command}</code> · '
            f"slides: {sources} · chapter {self.chapter}</p></details>"
        )


class Claims(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        note_generated(self.env, self.env.docname)
        found = claims()
        if not found:
            return [nodes.paragraph(text="No claim has been measured yet.")]
        cards = "".join(Card(one, self._chapter(one.experiment.chapter)).html() for one in found)
        html = f'{tally(found)}{glance(found)}<ol class="lc-claims">{cards}</ol>'
        return [nodes.raw("", f'<div class="lc-claims-page">{html}</div>', format="html")]

    def _chapter(self, chapter: str) -> str:
        """A link to the chapter (``segmentation/unet#heading``), or its title if it is to come."""
        from .slides import title

        name, _, heading = chapter.removeprefix("chapters/").partition("#")
        page = f"chapters/{name}"
        if page not in self.env.found_docs:
            return f"{escape(title(name))} (to come)"
        builder = self.env.app.builder
        address = builder.get_relative_uri(self.env.docname, page)
        where = f"#{heading}" if heading else ""
        return f'<a href="{address}{where}">{escape(_heading(self.env, page))}</a>'


def _heading(env: Any, page: str) -> str:
    """A chapter's title: the first heading of its source, which may not have been read yet."""
    source = env.doc2path(page)
    with open(source, encoding="utf-8") as file:
        found = re.search(r"^# (.+)$", file.read(), flags=re.MULTILINE)
    return found[1] if found else page


def add_files(app: Sphinx, pagename: str, template: str, context: dict, doctree: Any) -> None:
    """The page of claims brings its own style and script; no other page loads them."""
    if "lc-claims-page" in (context.get("body") or ""):
        app.add_css_file("lookclosely-claims.css")
        app.add_js_file("lookclosely-claims.js", defer="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("book.site.markdown")
    app.add_directive("claims", Claims)
    app.connect("html-page-context", add_files, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
