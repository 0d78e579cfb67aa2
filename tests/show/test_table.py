"""Tables: what is printed, what is bold, and whether they fit a phone."""

import itertools

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe

from lookclosely import show


def cells(table: show.Table) -> list[list[str]]:
    return [[cell.text for cell in row] for _, row in table.rows]


def bold(table: show.Table, column: int = 0) -> list[str]:
    return [name for name, row in table.rows if row[column].best]


def test_seeds_give_a_mean_and_a_spread_and_no_spread_of_zero_is_printed():
    table = show.table({"a": [[0.1, 0.2, 0.3]], "b": [[0.5, 0.5, 0.5]], "c": [0.25]}, ["mIoU"])
    assert cells(table) == [["0.200"], ["0.500"], ["0.250"]]
    assert [row[0].spread for _, row in table.rows] == ["0.100", "", ""]
    assert "± 0.100" in repr(table) and "0.000" not in repr(table)


def test_formats_follow_the_column():
    table = show.table(
        {"net": [12345.6, 0.125, "2 layers", None, torch.tensor(-1.5), float("nan")]},
        {"weights": ",", "share": ".1%", "what": "", "gone": ".2f", "signed": "+.2f", "nan": ".1f"},
    )
    assert cells(table) == [["12,346", "12.5%", "2 layers", "–", "−1.50", "–"]]
    mixed = show.table({"a": [0.5, [0.25, 0.35]], "b": torch.tensor([1.0, 2])}, ["x", "y"])
    assert cells(mixed) == [["0.500", "0.300"], ["1.000", "2.000"]]
    assert cells(show.table({"a": torch.tensor(2.0)}, ["x"])) == [["2.000"]]
    assert cells(show.table({"a": 7.4}, {"count": ""})) == [["7"]]


def test_bold_is_the_best_and_what_equals_it_in_at_least_one_seed():
    rows = {
        "best": [[0.5, 0.6, 0.7]],
        "once as good": [[0.4, 0.6, 0.5]],
        "never": [[0.49, 0.59, 0.69]],
        "control": [[0.9, 0.9, 0.9]],
    }
    table = show.table(rows, ["mIoU"], highest=True, control=["control"])
    assert bold(table) == ["best", "once as good"]
    assert bold(show.table(rows, ["mIoU"], control=["control"])) == []
    assert bold(show.table(rows, ["mIoU"], lowest=["mIoU"])) == ["best", "once as good", "never"]


def test_single_numbers_that_read_the_same_are_both_the_best():
    rows = {"a": 0.2499, "b": 0.2501, "c": 0.24, "d": "–"}
    assert bold(show.table(rows, {"loss": ".3f"}, highest=True)) == ["a", "b"]
    assert bold(show.table({"alone": 1.0, "d": None}, ["x"], highest=True)) == []


def test_what_is_missing_is_named():
    with pytest.raises(ValueError, match=r"rows\['a'\] has 1 cells: there are 2 columns"):
        show.table({"a": [1]}, ["x", "y"])
    with pytest.raises(ValueError, match="highest names 'z': there are x"):
        show.table({"a": [1]}, ["x"], highest=["z"])
    with pytest.raises(ValueError, match="control names 'b'"):
        show.table({"a": [1]}, ["x"], control=["b"])


def test_a_terminal_gets_columns():
    rows = {"a": [1, 2], "long name|more": [3, 4]}
    table = show.table(rows, {"x": "", "yy": ""}, title="T", note="N", highest=["x"])
    assert repr(table).splitlines() == [
        "T",
        "                 x   yy",
        "a                1    2",
        "long name, more  3*   4",
        "N",
    ]


def big() -> show.Table:
    heads = ["pixel accuracy", "mIoU", "boundary F", "IoU, nuclei"]
    seeds = [[0.83, 0.82, 0.84], [0.277, 0.26, 0.29], [0.139, 0.13, 0.14], [0.108, 0.1, 0.13]]
    rows = {
        "FCN-32s": seeds,
        "FCN-8s|enlarged by a fixed kernel": seeds,
        "all background": [0.798, 0.1, 0, None],
    }
    return show.table(
        rows,
        heads,
        first="net",
        title="What <finer> scores add",
        highest=True,
        control=["all background"],
        note="Mean over three seeds.",
    )


def wide() -> show.Table:
    return show.table({f"row {k}": [0.123] * 7 for k in range(3)}, list("ABCDEFG"), highest=True)


def test_markup_is_escaped_and_says_best_to_a_screen_reader():
    html = big()._repr_html_()
    assert "What &lt;finer&gt; scores add" in html and "<small>enlarged by" in html
    assert html.count('<span class="lc-hidden"> best</span>') == 8
    assert '<tr class="lc-control">' in html and "not measured" in html


@pytest.mark.parametrize(("width", "theme"), [*itertools.product((1280, 390), ("light", "dark"))])
def test_tables_fit_and_are_accessible(browser, tmp_path, width, theme):
    words = show.table({"a": ["a sentence of some words that break", 1]}, ["what", "n"])
    body = "".join(table._repr_html_() for table in (big(), wide(), words))
    path = tmp_path / "index.html"
    path.write_text(
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Tables</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<style>:root{color-scheme:light dark}body{background:light-dark(#fffefb,#15171b)}</style>"
        f"</head><body><main><h1>Tables</h1>{body}</main></body></html>"
    )
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
    page.goto(path.as_uri())
    assert page.evaluate(
        "[...document.querySelectorAll('.lc-table')].every(t => t.scrollWidth <= t.clientWidth)"
    )
    sizes = "[...document.querySelectorAll('.lc-table *')].map(e => getComputedStyle(e).fontSize)"
    assert min(float(size.removesuffix("px")) for size in page.evaluate(sizes)) >= 10
    place = "getComputedStyle(document.querySelector('.lc-table tbody th')).position"
    assert page.evaluate(place) == "sticky"
    report = Axe().run(page)
    page.close()
    assert report.violations_count == 0, report.generate_report()
