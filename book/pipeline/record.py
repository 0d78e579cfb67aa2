"""What is kept of an execution: outputs, how long it took, and what it was made from."""

from datetime import datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode

KEY = "lookclosely"  # of the notebook's metadata


def is_complete(notebook: NotebookNode) -> bool:
    """Whether every code cell ran, and none raised (but those tagged ``raises-exception``)."""
    return all(
        cell.get("execution_count") is not None and (_may_raise(cell) or not _raised(cell))
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.source.strip()
    )


def seconds(notebook: NotebookNode) -> float:
    """Wall-clock seconds from the first cell's start to the last cell's end."""
    spans = [cell.metadata.get("execution", {}) for cell in notebook.cells]
    begins = [span["iopub.execute_input"] for span in spans if "iopub.execute_input" in span]
    ends = [span["shell.execute_reply"] for span in spans if "shell.execute_reply" in span]
    if not begins or not ends:
        return 0.0
    return (_time(max(ends)) - _time(min(begins))).total_seconds()


def keep(notebook: NotebookNode, path: Path, fingerprint: str) -> None:
    """Write the executed notebook without what differs from run to run, its time aside."""
    notebook.metadata[KEY] = {"fingerprint": fingerprint, "seconds": round(seconds(notebook), 1)}
    notebook.metadata.pop("widgets", None)  # live widgets are not for the site
    for number, cell in enumerate(notebook.cells):
        cell.metadata.pop("execution", None)
        cell["id"] = f"cell-{number}"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def take_over(today: NotebookNode, path: Path) -> None:
    """Write today's prose and options around the kept outputs, if they have changed.

    ``today`` has no outputs, and the same code cells as the executed notebook at ``path``.
    """
    kept = nbformat.read(path, 4)
    outputs = [cell for cell in kept.cells if cell.cell_type == "code"]
    for number, cell in enumerate(today.cells):
        cell["id"] = f"cell-{number}"
        if cell.cell_type == "code":
            old = outputs.pop(0)
            cell.execution_count, cell.outputs = old.execution_count, old.outputs
    if today.cells != kept.cells:
        kept.cells = today.cells
        nbformat.write(kept, path)


def lacks_data(notebook: NotebookNode) -> bool:
    """Whether a cell says that its data is missing, and how to get it."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return any(" is missing: " in output.get("text", "") for output in outputs)


def kept_fingerprint(path: Path) -> str | None:
    """The fingerprint of an executed notebook, or None if there is no such notebook."""
    if not path.exists():
        return None
    return nbformat.read(path, 4).metadata.get(KEY, {}).get("fingerprint")


def _raised(cell: NotebookNode) -> bool:
    return any(output.output_type == "error" for output in cell.outputs)


def _may_raise(cell: NotebookNode) -> bool:
    return "raises-exception" in cell.metadata.get("tags", [])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
