"""Notebooks for Colab: every construct of a page as plain Markdown, and the built notebooks."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urldefrag

import nbformat
import pytest
from nbformat import NotebookNode

from book.notebooks.inline import code_span, escape, escape_start, one_line
from book.notebooks.install import (
    add_install_cell,
    configured_package,
    install_cell,
)
from book.notebooks.math import display
from book.notebooks.tables import without_bars
from lookclosely.grading.assignments import address

ROOT = Path(__file__).resolve().parents[2]
BASE = "https://example.org/book/"
PAGE = BASE + "chapters/part/topic.html"
PACKAGE = "git+https://github.com/us/book@main"

CONF = f"""
project = html_title = "Tiny Book"
extensions = ["sphinx_togglebutton", "myst_nb", "sphinx_design", "sphinx_book_theme",
              "sphinxcontrib.bibtex", "book.notebooks"]
html_theme = "sphinx_book_theme"
html_theme_options = {{"repository_url": "https://github.com/us/book", "repository_branch": "main"}}
html_baseurl = "{BASE}"
bibtex_bibfiles = ["references.bib"]
bibtex_reference_style = "author_year"
nb_execution_mode = "force"
numfig = True
exclude_patterns = ["_build"]
myst_enable_extensions = ["amsmath", "attrs_inline", "attrs_block", "colon_fence", "deflist",
                          "dollarmath", "substitution"]
"""

INDEX = """
# Tiny Book

```{toctree}
:numbered:
chapters/part/topic
chapters/part/plain
book/glossary
book/bibliography
```
"""

GLOSSARY = """
# Glossary

:::{glossary}
anchor
  A box that is there before the picture is seen.
:::
"""

REFERENCES = """
@article{ronneberger2015, author = {Ronneberger, Olaf and Fischer, Philipp and Brox, Thomas},
  title = {U-Net}, journal = {MICCAI}, year = {2015}}
"""

TOPIC = r"""---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {name: python3, display_name: Python 3}
---

(top)=
# A topic with a snake_case and 2 * 3

Ordinary *emphasis*, **strength**, `code_with_*stars*`, 5 \* 3 < 20, [brackets], \$5 and a_b_c.
A {term}`anchor`, {cite}`ronneberger2015`, {eq}`overlap`, {numref}`cat`, {ref}`second`,
{doc}`/chapters/part/plain`, [elsewhere](https://pytorch.org), a note[^why] and a
{download}`file <data.txt>`. H{sub}`2`O.

[^why]: Because of $x^2$.

```{code-cell} ipython3
:tags: [remove-cell]
hidden = 1
```

```{code-cell} ipython3
first = hidden + 1
first
```

(second)=
## Formulas

Inline $a_{ij} < b$ and

$$
o = s (i - 1) + k - 2p  % the size
$$ (overlap)

$$
a &= b \\
c &= d
$$

\begin{align}
x &= 1 \\
y &= 2
\end{align}

```{code-cell} ipython3
:tags: [hide-input]
second = "drawn"
```

```{code-cell} ipython3
---
mystnb:
  image: {alt: A red square}
  figure: {name: drawn, caption: Drawn by *code*}
---
from IPython.display import Image
Image("cat.png")
```

It is {numref}`drawn`.

## Boxes

:::{note}
A note with $z$ and

$$
\alpha
+ \beta
$$
:::

:::{admonition} Own *title*
:class: tip
Text.
:::

:::{admonition} Answer with `code`
:class: dropdown
Hidden answer.

- one
- two
:::

:::{dropdown} Derivation of $k$
Steps with **weight**.
:::

:::{margin} In the margin
Beside the text.
:::

::::{tab-set}
:::{tab-item} Torch
`torch.nn`
:::
:::{tab-item} Ours
`lookclosely.ops`
:::
::::

> Quoted words.

```{code-cell} ipython3
:tags: [remove-input]
third = 3
```

```{code-cell} ipython3
:tags: [remove-output, raises-exception]
1 / 0
```

## Figures and tables

:::{figure} cat.png
:name: cat
:alt: A [cat] that looks closely

The caption of the cat.
:::

![plain alt](cat.png)

:::{table} Sizes
:name: sizes
| name | size $\|x\|$ | `a\|b` |
|:-----|-----:|---|
| one  | 1    | *x* |
:::

1. first

   still first
2. second
   - nested

Term
: Its meaning.

```{code-block} python
:caption: A listing
:name: listing
def f(): return "```"
```

<b>raw</b> <a href="plain.html">link</a>

1\. not a list

```{code-cell} ipython3
:tags: [remove-input, remove-output]
last = 4
```
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small book with one chapter that uses everything, built with warnings as errors."""
    root = tmp_path_factory.mktemp("tiny")
    (root / "chapters" / "part").mkdir(parents=True)
    (root / "book").mkdir()
    (root / "conf.py").write_text(CONF)
    (root / "index.md").write_text(INDEX)
    (root / "references.bib").write_text(REFERENCES)
    (root / "book" / "glossary.md").write_text(GLOSSARY)
    (root / "book" / "bibliography.md").write_text("# Bibliography\n\n```{bibliography}\n```\n")
    (root / "chapters" / "part" / "topic.md").write_text(TOPIC)
    (root / "chapters" / "part" / "plain.md").write_text("# Plain words\n\nNo code here.\n")
    (root / "chapters" / "part" / "data.txt").write_text("1")
    shutil.copy(_picture(root), root / "chapters" / "part" / "cat.png")
    build(root)
    return root


def _picture(folder: Path) -> Path:
    from PIL import Image

    Image.new("RGB", (4, 4), "red").save(folder / "red.png")
    return folder / "red.png"


def build(root: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", ".", "_build/html"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}  # for the package book
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def topic(project: Path) -> NotebookNode:
    path = project / "_build" / "notebooks" / "chapters" / "part" / "topic.ipynb"
    return nbformat.read(path, as_version=4)


@pytest.fixture(scope="module")
def words(topic: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in topic.cells if cell.cell_type == "markdown")


def code_of(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


# The notebook as a whole


def test_it_says_where_it_is_from_and_installs_first(topic):
    first, second, third = topic.cells[:3]
    assert f"({PAGE})" in first.source and f"[Tiny Book]({BASE})" in first.source
    assert second == install_cell(PACKAGE)
    assert third.source.startswith("# A topic with a snake_case and 2 \\* 3\n\n")


def test_code_is_complete_in_order_and_stripped(topic):
    first, *cells = code_of(topic)
    assert first.id == "install"
    assert [cell.source.split("\n")[0] for cell in cells] == [
        "hidden = 1",
        "first = hidden + 1",
        'second = "drawn"',
        "from IPython.display import Image",
        "third = 3",
        "1 / 0",
        "last = 4",
    ]
    assert cells[1].source == "first = hidden + 1\nfirst"
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)


def test_hidden_code_is_folded(topic):
    folded = [cell.metadata.get("cellView") == "form" for cell in code_of(topic)]
    assert folded == [False, True, False, True, False, True, False, True]


def test_a_cell_that_raises_may_still_raise(topic):
    assert [c.metadata["tags"] for c in topic.cells if "tags" in c.metadata] == [
        ["raises-exception"]
    ]


def test_code_stands_where_it_stands_on_the_page(topic):
    kinds = [c.source.split("\n")[0] for c in topic.cells]
    assert kinds.index("hidden = 1") + 1 == kinds.index("first = hidden + 1")
    assert kinds.index("first = hidden + 1") + 1 == kinds.index("## Formulas")
    assert kinds.index('second = "drawn"') + 1 == kinds.index("from IPython.display import Image")


def test_it_is_valid_and_asks_for_no_accelerator(topic):
    nbformat.validate(topic)
    assert len({cell.id for cell in topic.cells}) == len(topic.cells)
    assert topic.metadata.kernelspec.name == "python3" and "accelerator" not in topic.metadata


@pytest.mark.slow
def test_a_second_build_repairs_and_removes(project):
    folder = project / "_build" / "notebooks" / "chapters" / "part"
    before = (folder / "topic.ipynb").read_bytes()
    (folder / "topic.ipynb").unlink()  # a missing notebook is written again from the same page
    chapter = project / "chapters" / "part" / "gone.md"
    chapter.write_text("---\norphan: true\n---\n# Gone soon\n")
    build(project)
    assert (folder / "topic.ipynb").read_bytes() == before
    assert (folder / "gone.ipynb").exists()
    chapter.unlink()
    build(project)
    assert not (folder / "gone.ipynb").exists() and (folder / "topic.ipynb").exists()


def test_a_page_without_code_is_a_notebook_too(project):
    path = project / "_build" / "notebooks" / "chapters" / "part" / "plain.ipynb"
    assert nbformat.read(path, as_version=4).cells[2].source == "# Plain words\n\nNo code here."
    assert not (project / "_build" / "notebooks" / "book").exists()


# Its words


@pytest.mark.parametrize(
    "expected",
    [
        r"Ordinary *emphasis*, **strength**, `code_with_*stars*`, 5 \* 3 \< 20, \[brackets\], \$5",
        "and a_b_c.",
        f"A [anchor]({BASE}book/glossary.html#term-anchor)",
        rf"\[[Ronneberger *et al.*, 2015]({BASE}book/bibliography.html#id2)\]",
        f"[(1.1)]({PAGE}#equation-overlap)",
        f"[Fig. 1.2]({PAGE}#cat)",
        f"[Formulas]({PAGE}#second)",
        f"[Plain words]({BASE}chapters/part/plain.html)",
        "[elsewhere](https://pytorch.org)",
        f"a note<sup>[1]({PAGE}#why)</sup>",
        "H<sub>2</sub>O",
        "<sup>1</sup> Because of $x^2$.",
        r"Inline $a_{ij} < b$ and",
        r"$$o = s (i - 1) + k - 2p \tag{1.1}$$",
        r"$$\begin{split}a &= b \\ c &= d\end{split}$$",
        r"$$\begin{aligned} x &= 1 \\ y &= 2 \end{aligned} \tag{1.2}$$",
        "> **Note**\n>\n> A note with $z$ and\n>\n> $$\\alpha + \\beta$$",
        "> **Own *title***\n>\n> Text.",
        "<summary>Answer with <code>code</code></summary>\n\nHidden answer.\n\n- one\n- two\n\n</",
        "<details>\n<summary>Derivation of $k$</summary>\n\nSteps with **weight**.\n\n</details>",
        "> **In the margin**\n>\n> Beside the text.",
        "**Torch**\n\n`torch.nn`\n\n**Ours**\n\n`lookclosely.ops`",
        "> Quoted words.",
        rf"![A \[cat\] that looks closely]({BASE}_images/cat.png)",
        "*Fig. 1.2. The caption of the cat.*",
        f"*Fig. 1.1. Drawn by *code**\n\nIt is [Fig. 1.1]({PAGE}#drawn).",
        f"![plain alt]({BASE}_images/cat.png)",
        "*Table 1.1. Sizes*\n\n"
        r"| name | size $\vert x\vert $ | `a\|b` |" + "\n| :--- | ---: | --- |\n| one | 1 | *x* |",
        "1. first\n\n   still first\n2. second\n\n   - nested",
        "- **Term**: Its meaning.",
        '*Listing 1.1. A listing*\n\n````python\ndef f(): return "```"\n````',
        f'<b>raw</b> <a href="{BASE}chapters/part/plain.html">link</a>',
        r"1\. not a list",
    ],
)
def test_every_construct_is_plain_markdown(words, expected):
    assert expected in words


def test_downloads_lead_to_the_site(project, words):
    (url,) = re.findall(r"\[`?file`?\]\(([^)]+)\)", words)
    assert (project / "_build" / "html" / url.removeprefix(BASE)).read_text() == "1"


def test_nothing_of_myst_is_left(topic):
    assert leftovers(topic) == []


def test_links_of_the_tiny_book_resolve(project, topic):
    urls = list(links(topic))
    assert len(urls) > 12
    assert [url for url in urls if not resolves(url, BASE, project / "_build" / "html")] == []


# Its pieces


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a*b_c _d_ `e`", r"a\*b_c \_d\_ \`e\`"),
        ("[x](y) <b> $5 ~~z~~", r"\[x\](y) \<b\> \$5 \~\~z\~\~"),
        (r"a\b &lt; & c|d", r"a\\b \&lt; & c\|d"),
    ],
)
def test_text_is_escaped(text, escaped):
    assert escape(text) == escaped


@pytest.mark.parametrize(
    ("line", "escaped"),
    [
        ("# no heading", r"\# no heading"),
        ("- no item", r"\- no item"),
        ("12. no item", r"12\. no item"),
        ("12.5 is a number", "12.5 is a number"),
        ("-1 is a number", "-1 is a number"),
        ("plain", "plain"),
    ],
)
def test_a_paragraph_starts_as_a_paragraph(line, escaped):
    assert escape_start(line) == escaped


def test_code_spans_hold_backticks():
    assert code_span("a") == "`a`"
    assert code_span("a`b") == "``a`b``"
    assert code_span("`a``") == "``` `a`` ```"


def test_formulas_lose_comments_and_breaks():
    assert one_line("a % why\n  + 5\\% \n\n") == r"a + 5\%"
    assert display("a\n\nb", False) == r"\begin{aligned}a \\ b\end{aligned}"
    assert display("\\begin{equation}\nx\n\\end{equation}", True) == "x"
    assert display("\\begin{gather*}\nx\n\\end{gather*}", True) == (
        r"\begin{gathered} x \end{gathered}"
    )


def test_bars_in_tables():
    assert without_bars(r"a|b \| $|x| + \|y\|$") == r"a\|b \| $\vert x\vert  + \Vert y\Vert $"


# The first cell


@pytest.mark.parametrize("case", ["there already", "installs", "no network"])
def test_it_installs_only_where_the_package_is_missing(tmp_path, case):
    """IPython runs the cell, with a `%pip` that writes down what it is asked for."""
    code = f"""
import sys
from IPython.core.interactiveshell import InteractiveShell
shell, asked = InteractiveShell.instance(), []
def pip(line):
    asked.append(line)
    if {case != "no network"}:
        sys.modules["lookclosely"] = sys
shell.register_magic_function(pip, magic_name="pip")
sys.modules["lookclosely"] = {"sys" if case == "there already" else "None"}
result = shell.run_cell({install_cell(PACKAGE).source!r})
assert asked == {[] if case == "there already" else [f"install -q {PACKAGE}"]}, asked
if {case == "no network"}:
    assert "needs the network, once: connect" in str(result.error_in_exec), result
else:
    result.raise_error()
"""
    environment = os.environ | {"IPYTHONDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def git(folder: Path, *command: str) -> str:
    """What git says, with a name to commit by."""
    person = ["-c", "user.name=Kim", "-c", "user.email=kim@example.org"]
    done = subprocess.run(
        ["git", *person, *command], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_a_notebook_installs_the_commit_that_it_was_made_from(tmp_path):
    """Where that can be had: of a commit that was never pushed, the branch."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    config = ours / "_config.yml"
    repository = "repository: {url: https://github.com/us/book, branch: main}\n"
    config.write_text(repository + "html: {baseurl: https://example.org/}\n")
    assert configured_package(config) == PACKAGE  # no repository at all
    git(tmp_path, "init", "--quiet", "--bare", str(theirs))
    git(ours, "init", "--quiet")
    git(ours, "add", "_config.yml")
    git(ours, "commit", "--quiet", "-m", "one")
    git(ours, "remote", "add", "origin", str(theirs))
    assert configured_package(config) == PACKAGE
    assert address(ours)["@PACKAGE@"] == "lookclosely @ git+https://github.com/us/book"
    git(ours, "push", "--quiet", "origin", "HEAD:main")
    commit = git(ours, "rev-parse", "HEAD")
    assert configured_package(config) == f"git+https://github.com/us/book@{commit}"
    assert address(ours)["@PACKAGE@"].endswith(f"/us/book@{commit}")
    git(ours, "commit", "--quiet", "--allow-empty", "-m", "two")
    assert configured_package(config) == PACKAGE


def test_the_cell_names_neither_numpy_nor_torch_to_pip():
    (line,) = [n for n in install_cell(PACKAGE).source.splitlines() if "%pip" in n]
    assert line.strip() == f"%pip install -q {PACKAGE}"


def test_other_notebooks_get_the_same_cell_once():
    cells = [nbformat.v4.new_markdown_cell("# Title"), nbformat.v4.new_code_cell("1")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    for _ in range(2):
        add_install_cell(notebook, PACKAGE)
    assert [cell.source for cell in notebook.cells[::2]] == ["# Title", "1"]
    assert notebook.cells[1] == install_cell(PACKAGE) and len(notebook.cells) == 3
    nbformat.validate(notebook)


def test_the_package_comes_from_the_repository_of_the_book():
    package = configured_package(ROOT / "_config.yml")
    assert re.fullmatch(r"git\+https://github\.com/[\w-]+/[\w-]+@(main|[0-9a-f]{40})", package)


# The notebooks of the built book

MYST = re.compile(
    r":::|```\{|~~~\{|\{[a-z][\w:-]*\}`|^\([\w-]+\)=|^\+\+\+|^%|\]\(#|\[\]\(|^:\w[\w-]*:|\{\{|\[\^",
    re.MULTILINE,
)
CODE = re.compile(r"(`{3,}).*?\n\1|(?<!`)(`+)(?!`)[^\n]*?(?<!`)\2(?!`)", re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)|(?:href|src)=\"([^\"]+)\"")


def leftovers(notebook: NotebookNode) -> list[str]:
    """What only MyST understands, outside of fenced blocks and code spans of plain Markdown."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            # The opening of a directive looks like a fence; only what is no directive is taken out.
            text = CODE.sub(lambda m: m[0] if re.match("`+{", m[0]) else "`", cell.source)
            found += [text[max(0, m.start() - 20) : m.end() + 20] for m in MYST.finditer(text)]
    return found


def links(notebook: NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for match in LINK.finditer(CODE.sub("", cell.source)):
                yield match[1] or match[2]


def resolves(url: str, base: str, site: Path) -> bool:
    """Whether an address of the book is a file of the site, and its fragment an id there."""
    if not url.startswith(base):
        return url.startswith("https://")
    address, fragment = urldefrag(url.removeprefix(base))
    path = site / (unquote(address) or "index.html")
    if not path.is_file():
        return False
    return not fragment or f'id="{fragment}"' in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "source",
    [
        ":::{note}",
        "```{note}",
        "see {ref}`x`",
        "(target)=",
        "[](x.md)",
        "a[^1]",
        "[x](#y)",
        ":name: a",
        "{{ x }}",
        "% comment",
    ],
)
def test_the_check_for_leftovers_can_fail(source):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source)])
    assert leftovers(notebook)


def built_notebooks() -> list[Path]:
    return sorted((ROOT / "_build" / "notebooks" / "chapters").rglob("*.ipynb"))


@pytest.fixture(scope="module")
def built() -> dict[str, NotebookNode]:
    """Every built notebook by its name; one for each chapter of the built site."""
    folder = ROOT / "_build" / "notebooks"
    names = {p.relative_to(folder).with_suffix("").as_posix(): p for p in built_notebooks()}
    site = ROOT / "_build" / "html"
    pages = (p.relative_to(site) for p in (site / "chapters").rglob("*.html"))
    assert set(names) == {page.with_suffix("").as_posix() for page in pages}
    assert names, "no notebook: run `make book` first"
    return {name: nbformat.read(path, as_version=4) for name, path in names.items()}


@pytest.mark.book
def test_built_notebooks_hold_no_myst_and_no_output(built):
    for name, notebook in built.items():
        nbformat.validate(notebook)
        assert leftovers(notebook) == [], name
        assert code_of(notebook)[0].id == "install", name
        assert not any(cell.outputs for cell in code_of(notebook)), name


@pytest.mark.book
def test_links_of_built_notebooks_resolve(built):
    base = re.search(r"baseurl: (\S+)", (ROOT / "_config.yml").read_text())
    assert base is not None
    site = ROOT / "_build" / "html"
    broken = [
        f"{name}: {url}"
        for name, notebook in built.items()
        for url in links(notebook)
        if not resolves(url, base[1], site)
    ]
    assert broken == []


# A fresh environment with only the wheel


@pytest.fixture(scope="module")
def fresh_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a new environment that holds the built wheel and what it needs, no more."""
    folder = tmp_path_factory.mktemp("fresh")
    uv = [sys.executable, "-m", "uv", "--quiet"]
    wheels, python = folder / "dist", folder / "venv" / "bin" / "python"
    subprocess.run([*uv, "build", "--wheel", "-o", str(wheels), str(ROOT)], check=True)
    subprocess.run([*uv, "venv", "-p", sys.executable, str(folder / "venv")], check=True)
    (wheel,) = wheels.glob("*.whl")
    install = [*uv, "pip", "install", "-p", str(python), "-c", str(ROOT / "requirements.txt")]
    subprocess.run([*install, str(wheel), "ipykernel", "nbclient"], check=True)
    return python


RUN = """
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
"""


@pytest.mark.book
@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.xdist_group("wheel")  # one environment for both
@pytest.mark.parametrize("with_data", [True, False])
def test_a_notebook_runs_with_only_the_wheel(built, fresh_python, tmp_path, with_data):
    if with_data and "LOOKCLOSELY_DATA" not in os.environ:
        pytest.skip("LOOKCLOSELY_DATA is not set")
    name = "chapters/segmentation/unet"
    name = name if name in built else next(iter(built))
    path = ROOT / "_build" / "notebooks" / f"{name}.ipynb"
    dropped = {"PYTHONPATH", "LOOKCLOSELY_STATIC"} | (set() if with_data else {"LOOKCLOSELY_DATA"})
    environment = {k: v for k, v in os.environ.items() if k not in dropped}
    environment |= {"HOME": str(tmp_path), "JUPYTER_PATH": "", "MPLBACKEND": "agg"}
    run = [str(fresh_python), "-c", RUN, str(path)]
    done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
