"""The conventions: complete rows, witnesses that hold, and a page that can be searched."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sphinx.application import Sphinx

import lookclosely.losses
import lookclosely.metrics
import lookclosely.ops
from book.site import convention_rows
from book.site.conventions import Conventions, Row, conventions
from book.site.witnesses import Witnesses, can_run, changed, verify
from built_site import listen, served

FOUND = conventions()
ROWS = FOUND.rows
WITNESSES = Witnesses(FOUND.preamble)
DOCUMENTED = ("https://docs.pytorch.org/", "https://docs.opencv.org/", "https://docs.scipy.org/")
AT_A_COMMIT = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+/blob/[0-9a-f]{40}/\S+#L\d+")
ROOT = Path(__file__).resolve().parents[2]
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)


def test_there_are_thirty_rows_and_most_are_run() -> None:
    run = sum(row.known == "run" for row in ROWS)
    assert len(ROWS) >= 30 and run >= 0.6 * len(ROWS)
    ids = [row.id for row in ROWS] + [f"topic-{topic.name}" for topic in FOUND.topics]
    assert len(set(ids)) == len(ids)


@each_row
def test_a_row_is_complete(row: Row) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row.id)
    assert row.question.endswith("?") and row.paper and row.answers and row.ap
    assert row.source or row.paper.endswith("silent")
    for answer in row.answers:
        assert answer.value
        documented = answer.link.startswith(DOCUMENTED)
        assert documented or AT_A_COMMIT.fullmatch(answer.link), answer.link
    if row.ours:
        package, _, function = row.ours.link.partition(".")
        assert callable(getattr(getattr(lookclosely, package), function))


@pytest.mark.parametrize("row", [row for row in ROWS if row.witness], ids=lambda row: row.id)
def test_a_library_does_what_its_row_says(row: Row) -> None:
    if not can_run(row):
        pytest.skip("OpenCV is not here")
    assert row.prints and changed(row, WITNESSES.prints(row)) == []


def test_a_change_is_told() -> None:
    row = next(row for row in ROWS if row.id == "nms-threshold")
    said = {**row.prints, "torchvision": "[0]"}
    (problem,) = changed(row, said)
    assert problem == "nms-threshold: torchvision prints '[0]', the row says '[0, 1]'"
    assert len(changed(row, {})) == len(row.prints)


def test_what_held_is_not_run_again_until_something_changes(tmp_path: Path) -> None:
    runs, kept = tmp_path / "runs", tmp_path / "build" / "kept.json"
    row = next(row for row in ROWS if row.known == "run" and can_run(row))
    note = f"\nwith open({str(runs)!r}, 'a') as file:\n    file.write('x')\n"

    def of(preamble: str) -> Conventions:
        topic = next(topic for topic in FOUND.topics if topic.name == row.topic)
        one = type(topic)(topic.name, topic.title, (row,))
        return Conventions((one,), FOUND.libraries, preamble)

    for preamble, times in (("", "x"), ("", "x"), ("\n# changed", "xx")):
        assert verify(of(FOUND.preamble + preamble + note), kept) == []
        assert runs.read_text() == times


def test_a_faulty_row_is_named(tmp_path: Path) -> None:
    index = (ROOT / "book" / "conventions" / "index.yml").read_text()
    index = re.sub(r"topics: \[.*\]", "topics: [nms]", index)
    (tmp_path / "index.yml").write_text(index)
    row = "topic: NMS\nrows:\n- id: a\n  question: b?\n  paper: {says: silent, where: ''}\n"
    for answers, message in (
        ("", "nms: a lacks {'answers'}"),
        ("  answers: {torch: {value: c, link: 'd:e'}}\n", "has none of the sources"),
        ("  answers: {}\n  witness: print(1)\n", "a witness and what it prints go together"),
    ):
        (tmp_path / "nms.yml").write_text(row + answers)
        with pytest.raises(ValueError, match=message):
            conventions.__wrapped__(tmp_path)


def build(folder: Path) -> str:
    """A site of this one page in ``folder / "out"``; what it warned of."""
    source, warned = folder / "source", io.StringIO()
    source.mkdir(parents=True)
    (source / "index.rst").write_text("Conventions\n===========\n\n.. conventions::\n")
    (source / "conf.py").write_text(
        "extensions = ['book.site.convention_rows']\n"
        f"html_static_path = [{str(ROOT / 'book' / '_static')!r}]\n"
        f"html_favicon = {str(ROOT / 'book' / '_static' / 'logo.svg')!r}\n"
    )
    Sphinx(
        source, source, folder / "out", folder / "trees", "html", status=None, warning=warned
    ).build()
    return warned.getvalue()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("conventions")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convention_rows, "verify", lambda found, kept: [])  # the tests above run them
        assert "conventions:" not in build(folder)
    with served(folder / "out") as address:
        yield address


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    log = listen(page)
    page.goto(f"{site}index.html")
    yield page
    assert not log.errors and not log.failed and not log.foreign(site)
    page.close()


def shown(page: Page) -> list[str]:
    return page.locator(".lc-row:visible").evaluate_all("all => all.map(e => e.id)")


def test_the_build_warns_of_a_library_that_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convention_rows, "verify", lambda found, kept: ["nms-ties: changed"])
    assert "conventions: nms-ties: changed" in build(tmp_path)


def test_a_topic_is_chosen(page: Page) -> None:
    assert shown(page) == [row.id for row in ROWS]
    page.select_option("select[name=topic]", "nms")
    assert shown(page) == [row.id for row in ROWS if row.topic == "nms"]
    assert page.locator(".lc-topic:visible").count() == 1
    assert page.locator(".lc-shown").inner_text().startswith(f"{len(shown(page))} choices shown")


def test_two_libraries_are_compared(page: Page, site: str) -> None:
    page.goto(f"{site}index.html#a=torchvision&b=mmdetection")
    page.reload()
    pair = {"torchvision", "mmdetection"}
    values = {
        row.id: {a.library: a.value for a in row.answers if a.library in pair} for row in ROWS
    }
    both = [name for name, said in values.items() if said.keys() == pair]
    differing = [name for name in both if len(set(values[name].values())) == 2]
    assert shown(page) == both and len(both) > len(differing) > 5
    marked = page.locator(".lc-differs").evaluate_all("all => all.map(e => e.id)")
    assert marked == differing
    assert f"they differ in {len(differing)}" in page.locator(".lc-shown").inner_text()
    assert page.locator("tbody tr:visible").count() == 2 * len(both)
    page.select_option("select[name=b]", "")
    assert len(shown(page)) > len(both)
    assert page.evaluate("location.hash") == "#a=torchvision"


def test_a_row_has_an_address(page: Page) -> None:
    page.select_option("select[name=topic]", "ap")
    page.evaluate("location.hash = 'nms-ties'")
    page.wait_for_function("document.querySelector('#nms-ties').getBoundingClientRect().top < 200")
    assert len(shown(page)) == len(ROWS)


def test_all_rows_can_be_taken_away(page: Page) -> None:
    with page.expect_download() as started:
        page.locator("a[download]").click()
    text = Path(started.value.path()).read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["id"] for row in rows} == {row.id for row in ROWS}
    taken = {(row["id"], row["who"]): row for row in rows}
    assert taken["nms-threshold", "torchvision"]["printed"] == "[0, 1]"
    assert taken["nms-threshold", "detectron2"]["known"] == "read"
    assert taken["nms-threshold", "ours"]["link"] == "ops.nms"


def test_it_can_be_read_without_a_script(browser: Browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}index.html")
    assert page.locator(".lc-row:visible").count() == len(ROWS)
    assert page.locator(".lc-choose:visible").count() == 0
    page.locator("#nms-ties summary").click()
    assert "ops.nms" in page.locator("#nms-ties .highlight").inner_text()
    context.close()
