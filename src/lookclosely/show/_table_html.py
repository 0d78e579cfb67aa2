"""A table as HTML with its own style, light and dark, on a page and on a phone."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ._network._style import DARK, LIGHT

if TYPE_CHECKING:
    from ._table import Cell, Table

CONTROL, WORDS = ' class="lc-control"', ' class="lc-words"'
NONE = '<span aria-hidden="true">–</span><span class="lc-hidden">not measured</span>'
MANY = 4  # columns of numbers with spreads that fit beside their names at 390 px
COLOURS = (
    "--ink:#1f2328;--muted:#57606a;--page:#fffefb;--rule:#e6e2da;--edge:#8b857a",
    "--ink:#dfe1e5;--muted:#a3a9b3;--page:#15171b;--rule:#2c3038;--edge:#737b88",
)
# Notebooks and the site's theme have their own tables: two classes outweigh their selectors.
RULES = """
.lc-table{font-family:var(--lc-sans,'Source Sans 3',system-ui,sans-serif);color:var(--ink);
margin:1.2rem 0;overflow-x:auto;container-type:inline-size;text-align:left}
.lc-table.lc-table table{border-collapse:separate;border-spacing:0;border:0;width:auto;
min-width:min(100%,24rem);margin:0;font-size:1rem;line-height:1.3;table-layout:auto;
font-variant-numeric:tabular-nums lining-nums;color:var(--ink);display:table}
.lc-table.lc-table :is(tr,th,td){background:none;color:inherit;border:0}
.lc-table.lc-table caption{caption-side:top;text-align:left;font-weight:600;color:var(--ink);
padding:0 0 .5rem;font-size:1rem}
.lc-table.lc-table :is(th,td){padding:.42rem 0 .42rem 1.3rem;text-align:right;
border-bottom:1px solid var(--rule);vertical-align:baseline;font-weight:400;max-width:none}
.lc-table.lc-table thead :is(th,td){font-weight:600;border-bottom:2px solid var(--edge);
vertical-align:bottom}
.lc-table.lc-table tr>:first-child{position:sticky;left:0;z-index:1;background:var(--page);
text-align:left;padding-left:0}
.lc-table.lc-table tbody tr:last-child>*{border-bottom:2px solid var(--edge)}
.lc-table.lc-table .lc-words{text-align:left}
.lc-table.lc-table td{white-space:nowrap}
.lc-table.lc-table td.lc-words{white-space:normal}
.lc-table.lc-table small{color:var(--muted);font-size:.82em;white-space:nowrap}
.lc-table.lc-table th small{display:block;white-space:normal}
.lc-table.lc-table b{font-weight:700}
.lc-table.lc-table .lc-control>*{color:var(--muted)}
.lc-table .lc-foot{font-size:.88rem;color:var(--muted);margin:.45rem 0 0;line-height:1.4}
.lc-table .lc-hidden{position:absolute;width:1px;height:1px;overflow:hidden;
clip-path:inset(50%);white-space:nowrap;margin:-1px}
@container (max-width:34rem){.lc-table.lc-table table{font-size:.9rem;width:100%;min-width:0}
.lc-table.lc-table :is(th,td){padding:.4rem 0 .4rem .5rem}
.lc-table.lc-table td small{display:block;font-size:.8rem}
.lc-table.lc-table td.lc-words{overflow-wrap:anywhere}
.lc-table.lc-table thead th{font-size:.82rem;line-height:1.15;hyphens:manual}
.lc-table.lc-many table{font-size:.8rem}
.lc-table.lc-many :is(th,td){padding-left:.35rem}}
"""


def style() -> str:
    """The style sheet of all tables."""
    light, dark = COLOURS
    return (
        f".lc-table{{{light}}}@media(prefers-color-scheme:dark){{.lc-table{{{dark}}}}}"
        f"{','.join(place + ' .lc-table' for place in LIGHT)}{{{light}}}"
        f"{','.join(place + ' .lc-table' for place in DARK)}{{{dark}}}" + RULES.replace("\n", "")
    )


def html(table: Table) -> str:
    """The table as one element that needs nothing else."""
    corner = f'<th scope="col">{_words(table.first)}</th>' if table.first else "<td></td>"
    words = [_of_words(table, k) for k in range(len(table.columns))]
    heads = corner + "".join(
        f'<th scope="col"{WORDS * text}>{_words(head)}</th>'
        for head, text in zip(table.columns, words)
    )
    rows = "".join(
        f"<tr{CONTROL * (name in table.control)}>"
        f'<th scope="row">{_words(name)}</th>'
        + "".join(_cell(cell, text) for cell, text in zip(cells, words))
        + "</tr>"
        for name, cells in table.rows
    )
    caption = f"<caption>{_words(table.title)}</caption>" if table.title else ""
    foot = f'<p class="lc-foot">{escape(table.note)}</p>' if table.note else ""
    many = len(table.columns) > MANY
    room = f' tabindex="0" role="region" aria-label="{escape(_name(table))}"' if many else ""
    return (
        f'<div class="lc-table{many * " lc-many"}"{room}>'
        f'<style class="lc-style">{style()}</style>'
        f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{foot}</div>"
    )


def _name(table: Table) -> str:
    return table.title or "Table of " + ", ".join(table.columns)


def _of_words(table: Table, column: int) -> bool:
    """Whether a column holds words, which stand at the left."""
    texts = [cells[column].text for _, cells in table.rows]
    return any(sum(map(str.isalpha, text)) > len(text) / 2 for text in texts)


def _cell(cell: Cell, words: bool) -> str:
    if cell.text == "–":
        return f"<td>{NONE}</td>"
    text = escape(cell.text)
    if cell.best:
        text = f'<b>{text}</b><span class="lc-hidden"> best</span>'
    spread = f" <small>± {escape(cell.spread)}</small>" if cell.spread else ""
    return f"<td{WORDS * words}>{text}{spread}</td>"


def _words(text: str) -> str:
    """Words of a head or a row's name: after ``|`` small and on a line of their own."""
    name, cut, more = text.partition("|")
    return escape(name) + (f"<small>{escape(more.strip())}</small>" if cut else "")
