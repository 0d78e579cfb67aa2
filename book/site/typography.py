"""Where a line of a page may break and must not, and the language of its words."""

import re
from typing import Any

from sphinx.application import Sphinx

FORMULA = re.compile(
    r'(\(?<span class="math notranslate nohighlight">[^<]*</span>[.,;:!?)’”]*)', re.DOTALL
)
CODE = re.compile(r'<span class="pre">([^<]+)</span>')
TRANSLATION = re.compile(r"<em>(Korean|Vietnamese):</em> (.*?)(?=\. <em>|\.?</p>)", re.DOTALL)
LANGUAGES = {"Korean": "ko", "Vietnamese": "vi"}
LONG = 12  # letters that fit into a line or a column anywhere


def keep_punctuation(html: str) -> str:
    """HTML in which no line starts with the comma that follows a formula."""

    def kept(match: re.Match[str]) -> str:
        alone = match[1].startswith("<") and match[1].endswith("</span>")
        return match[1] if alone else f'<span class="lc-keep">{match[1]}</span>'

    return FORMULA.sub(kept, html)


def break_paths(html: str) -> str:
    """HTML in which a long path in code may break after a slash, before it breaks in a word."""

    def broken(match: re.Match[str]) -> str:
        if len(match[1]) <= LONG:
            return match[0]
        return f'<span class="pre">{re.sub(r"/(?=[^/])", "/<wbr>", match[1])}</span>'

    return CODE.sub(broken, html)


def mark_languages(html: str) -> str:
    """HTML of the glossary in which a translation says in which language it is."""
    return TRANSLATION.sub(
        lambda m: f'<em>{m[1]}:</em> <span lang="{LANGUAGES[m[1]]}">{m[2]}</span>', html
    )


def set_type(app: Sphinx, pagename: str, template: str, context: dict, doctree: Any) -> None:
    if body := context.get("body"):
        body = break_paths(keep_punctuation(body))
        context["body"] = mark_languages(body) if pagename == "book/glossary" else body


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", set_type, priority=940)  # after tooltips have read the body
    return {"parallel_read_safe": True, "parallel_write_safe": True}
