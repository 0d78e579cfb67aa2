"""The first code cell of every notebook that leaves the book, and where it gets the package."""

from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode

from lookclosely.grading.assignments import published_commit

INSTALL_ID = "install"

SOURCE = """\
# Installs the book's package where it is missing. numpy and torch stay as they are.
try:
    import lookclosely
except ImportError:
    %pip install -q {package}
    try:
        import lookclosely
    except ImportError:
        raise SystemExit("This needs the network, once: connect, then run this cell again.")
"""


def package_of(repository: str, branch: str) -> str:
    """What pip installs: the package of the repository, for example ``git+https://…@main``.

    ``branch`` may also be a commit, so that a notebook finds the package that it was made with.
    """
    return f"git+{repository.rstrip('/')}@{branch}"


def configured_package(config: Path) -> str:
    """The same, from the ``repository`` of a ``_config.yml``, where its address stands."""
    repository = yaml.safe_load(config.read_text(encoding="utf-8"))["repository"]
    commit = published_commit(config.parent)
    return package_of(repository["url"], commit or repository["branch"])


def install_cell(package: str) -> NotebookNode:
    """A cell that installs ``package`` (a wheel's path or anything pip knows) if need be.

    pip adds what is missing and changes nothing that satisfies our lower bounds, so that the
    numpy and torch of Colab stay.
    """
    source = SOURCE.format(package=package).strip()
    return nbformat.v4.new_code_cell(source, id=INSTALL_ID)


def add_install_cell(notebook: NotebookNode, package: str) -> None:
    """Put the cell before the first code cell, unless it is there already."""
    if any(cell.get("id") == INSTALL_ID for cell in notebook.cells):
        return
    kinds = [cell.cell_type for cell in notebook.cells]
    at = kinds.index("code") if "code" in kinds else len(kinds)
    notebook.cells.insert(at, install_cell(package))


def form() -> dict:
    """Metadata of a cell whose code is folded away, on Colab and in JupyterLab."""
    return {"cellView": "form", "jupyter": {"source_hidden": True}}


def notebook_metadata() -> dict:
    """A Python notebook that asks Colab for no accelerator and shows its table of contents."""
    return {
        "colab": {"provenance": [], "toc_visible": True},
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
