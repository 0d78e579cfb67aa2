"""``{conventions}``: a filter, two libraries side by side, and a row for each choice."""

import csv
import io
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from .conventions import OURS, Answer, Conventions, Row, Topic, conventions
from .markdown import note_generated
from .witnesses import verify

LOG = logging.getLogger(__name__)
CSV = "conventions.csv"
HEAD = ["topic", "id", "question", "paper", "source"]
HEAD += ["who", "value", "note", "printed", "known", "link", "cost in AP"]


def table(found: Conventions) -> str:
    """All answers as comma-separated values, one a line."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    write(HEAD)
    for row in found.rows:
        for one in every(row):
            whose = (one.library, one.value, one.note, one.printed, one.known, one.link)
            write((row.topic, row.id, row.question, row.paper, row.source, *whose, row.ap))
    return text.getvalue()


def every(row: Row) -> tuple[Answer, ...]:
    return (*row.answers, *([row.ours] if row.ours else []))


class Page:
    """The HTML of the page; ``code`` turns a program into coloured HTML."""

    def __init__(self, found: Conventions, code: Any, download: str) -> None:
        self.found, self.code, self.download = found, code, download
        used = {one.library for row in found.rows for one in every(row)}
        named = {**found.libraries, OURS: "ours"}
        self.names = {key: name for key, name in named.items() if key in used}

    def html(self) -> str:
        topics = "".join(self.topic(topic) for topic in self.found.topics)
        before = self.code(self.found.preamble)
        return (
            f'<div class="lc-conventions-page">{self.filter()}'
            f"<details><summary>What stands before each witness</summary>{before}</details>"
            f"{topics}</div>"
        )

    def filter(self) -> str:
        rows = self.found.rows
        run = sum(row.known == "run" for row in rows)
        topics = {topic.name: topic.title for topic in self.found.topics}
        choices = (
            _select("topic", "Topic", {"": "all", **topics})
            + _select("a", "Library", {"": "all", **self.names})
            + _select("b", "compared with", {"": "none", **self.names})
        )
        return (
            f'<p class="lc-count">{len(rows)} choices, {run} of them run at every build. '
            f'<a href="{self.download}" download>All as CSV</a></p>'
            f'<form class="lc-choose" hidden>{choices}</form>'
            '<p class="lc-shown" aria-live="polite" hidden></p>'
        )

    def topic(self, topic: Topic) -> str:
        rows = "".join(self.row(row) for row in topic.rows)
        return (
            f'<section class="lc-topic" data-topic="{topic.name}">'
            f'<h2 id="topic-{topic.name}">{escape(topic.title)}</h2>'
            f'<ol class="lc-rows">{rows}</ol></section>'
        )

    def row(self, row: Row) -> str:
        source = f' <span class="lc-source">{escape(row.source)}</span>' if row.source else ""
        answers = "".join(self.answer(one) for one in every(row))
        return (
            f'<li class="lc-row" id="{row.id}"><article aria-labelledby="{row.id}-asks">'
            f'<h3 id="{row.id}-asks">{escape(row.question)} <a class="lc-perma" href="#{row.id}" '
            f'aria-label="Link to {row.id}">#</a></h3>'
            f"<p><b>Paper</b> {escape(row.paper)}{source}</p>"
            '<table class="lc-answers"><colgroup><col><col><col></colgroup>'
            '<thead class="lc-unseen"><tr><th scope="col">Who</th>'
            '<th scope="col">What</th><th scope="col">Known by</th></tr></thead>'
            f"<tbody>{answers}</tbody></table>{''.join(self._rest(row))}</article></li>"
        )

    def answer(self, one: Answer) -> str:
        note = f' <span class="lc-source">{escape(one.note)}</span>' if one.note else ""
        printed = f" <code>{escape(one.printed)}</code>" if one.printed else ""
        if one.library == OURS:
            known = f"<code>{escape(one.link)}</code>"
        else:
            words = f"{one.known}<span class='lc-unseen'>, {self.names[one.library]}: source</span>"
            known = f'<a class="lc-{one.known}" href="{escape(one.link)}">{words}</a>'
        return (
            f'<tr data-library="{one.library}" data-value="{escape(one.value)}">'
            f'<th scope="row">{escape(self.names[one.library])}</th>'
            f"<td>{escape(one.value)}{note}{printed}</td><td>{known}</td></tr>"
        )

    def _rest(self, row: Row) -> Iterator[str]:
        if row.witness:
            yield f"<details><summary>Witness</summary>{self.code(row.witness)}</details>"
        yield f'<p class="lc-cost">Cost in AP: {escape(row.ap)}.</p>'


def _select(name: str, label: str, choices: dict[str, str]) -> str:
    options = "".join(
        f'<option value="{key}">{escape(text)}</option>' for key, text in choices.items()
    )
    return f'<label>{label} <select name="{name}">{options}</select></label>'


class ConventionsPage(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        note_generated(self.env, self.env.docname)
        found, app = conventions(), self.env.app
        for problem in verify(found, Path(app.outdir).parent / "witnesses.json"):
            LOG.warning("conventions: %s", problem, location=self.env.docname)

        def code(text: str) -> str:
            return app.builder.highlighter.highlight_block(text, "python")  # type: ignore

        up = "../" * self.env.docname.count("/")
        html = Page(found, code, f"{up}_static/{CSV}").html()
        return [nodes.raw("", html, format="html")]


def add_files(app: Sphinx, pagename: str, template: str, context: dict, doctree: Any) -> None:
    """The page brings its own style and script; no other page loads them."""
    if "lc-conventions-page" in (context.get("body") or ""):
        app.add_css_file("lookclosely-conventions.css")
        app.add_js_file("lookclosely-conventions.js", defer="defer")


def write_table(app: Sphinx, problem: Exception | None) -> None:
    if problem is None and app.builder.format == "html":
        place = Path(app.outdir) / "_static" / CSV
        place.write_text(table(conventions()), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("book.site.markdown")
    app.add_directive("conventions", ConventionsPage)
    app.connect("html-page-context", add_files, priority=100)
    app.connect("build-finished", write_table)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
