"""Write every chapter as a notebook for Colab, in the same build as its page.

The text comes from the resolved document, when Sphinx has put in all numbers, citations, terms and
links; the code from the notebook that MyST-NB read, matched by the index of each cell. The notebook
of ``chapters/part/topic`` is ``_build/notebooks/chapters/part/topic.ipynb``.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from lookclosely.grading.assignments import published_commit

from .blocks import Block, Blocks, Code
from .install import form, install_cell, notebook_metadata, package_of

FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell", "remove_input", "remove_cell"}
KEPT_TAGS = {"raises-exception"}  # changes what running the cell means


def folder(app: Sphinx) -> Path:
    return Path(app.outdir).parent / "notebooks"


def is_chapter(app: Sphinx, docname: str) -> bool:
    return app.builder.format == "html" and docname.startswith("chapters/")


def write(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Write the notebook of a chapter whose page is being written."""
    if is_chapter(app, docname):
        path = folder(app) / f"{docname}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(nbformat.writes(convert(app, doctree, docname)), encoding="utf-8")


def convert(app: Sphinx, doctree: nodes.document, docname: str) -> NotebookNode:
    """The notebook of a resolved chapter: where it is from, the install cell, the chapter."""
    page = Blocks(app, docname)
    title = page.inline(app.env.titles[docname])
    source = f"*This notebook is the chapter [{title}]({page.page}) of [{app.config.html_title}]"
    intro = f"{source}({page.base}). The page shows what every cell prints and draws.*"
    cells = list(assemble(page.blocks(doctree), code_cells(app, docname)))
    cells = [nbformat.v4.new_markdown_cell(intro), install_cell(package(app)), *cells]
    for number, cell in enumerate(cells):
        cell["id"] = "install" if number == 1 else f"cell-{number}"
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=notebook_metadata())
    nbformat.validate(notebook)
    return notebook


def code_cells(app: Sphinx, docname: str) -> dict[int, NotebookNode]:
    """The chapter's code cells by their index, as MyST-NB numbered them."""
    path = Path(app.env.mystnb_config.output_folder) / f"{docname}.ipynb"  # type: ignore[attr-defined]
    if not path.exists():  # a page without code
        return {}
    cells = enumerate(nbformat.read(path, as_version=4).cells)
    return {index: c for index, c in cells if c.cell_type == "code" and c.source.strip()}


def assemble(blocks: Iterable[Block], code: dict[int, NotebookNode]) -> Iterable[NotebookNode]:
    """Cells of text and code in order. A heading begins a cell, so that Colab can fold its section.

    Cells that were removed from the page are put before the next cell of the page: what follows
    may need what they define.
    """
    text: list[str] = []
    waiting = sorted(code)
    for block in blocks:
        if text and (isinstance(block, Code) or block.startswith("#")):
            yield nbformat.v4.new_markdown_cell("\n\n".join(text))
            text = []
        if isinstance(block, str):
            text.append(block)
            continue
        while waiting and waiting[0] <= block.index:
            yield code_cell(code[waiting.pop(0)])
    if text:
        yield nbformat.v4.new_markdown_cell("\n\n".join(text))
    for index in waiting:
        yield code_cell(code[index])


def code_cell(cell: NotebookNode) -> NotebookNode:
    """A cell of the chapter without its outputs; folded away where the page hides its code."""
    tags = set(cell.metadata.get("tags", []))
    metadata: dict[str, Any] = form() if tags & FOLDED else {}
    if tags & KEPT_TAGS:
        metadata["tags"] = sorted(tags & KEPT_TAGS)
    return nbformat.v4.new_code_cell(cell.source, metadata=metadata)


def package(app: Sphinx) -> str:
    """What pip installs: ``lookclosely_package``, or this commit of the book's repository."""
    if app.config.lookclosely_package:
        return app.config.lookclosely_package
    options = app.config.html_theme_options
    commit = published_commit(Path(app.srcdir))
    branch = options.get("repository_branch") or "main"
    return package_of(options["repository_url"], commit or branch)


def outdated(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """Chapters whose notebook is missing are written again."""
    chapters = (name for name in env.found_docs if is_chapter(app, name))
    return [name for name in chapters if not (folder(app) / f"{name}.ipynb").exists()]


def remove_stale(app: Sphinx, exception: Exception | None) -> None:
    """Delete the notebooks of chapters that are no more."""
    if exception is not None or app.builder.format != "html":
        return
    for path in folder(app).rglob("*.ipynb"):
        name = path.relative_to(folder(app)).with_suffix("").as_posix()
        if name.startswith("chapters/") and name not in app.env.found_docs:
            path.unlink()


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("lookclosely_package", "", "html", [str])
    app.connect("env-get-outdated", outdated)
    app.connect("doctree-resolved", write, priority=999)
    app.connect("build-finished", remove_stale)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
