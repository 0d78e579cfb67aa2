"""What was handed in: a notebook of this assignment, another one, an untouched one, or none.

A file is read as its bytes say: UTF-8 with or without a byte order mark, UTF-16, also as Colab
saves it. What is no notebook is named as what it is.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator

import nbformat

GRADED, UNTOUCHED, OTHER, NONE = "graded", "untouched", "another notebook", "not a notebook"
ADVICE = "Hand in the file that ends in .ipynb; on Colab: File, Download, Download .ipynb."
SIGNS = (  # the first bytes of a file, without blanks and in small letters
    (rb"%pdf", "a PDF file"),
    (rb"pk\x03\x04", "a zip file or a Word document"),
    (rb"\x89png|\xff\xd8\xff|gif8", "a picture"),
    (rb"rar!|7z\xbc\xaf|\x1f\x8b", "a packed file"),
    (rb"<!doctype html|<html|<\?xml|<!--", "a web page"),
    (rb"\{\\rtf", "a text document"),
    (rb"#!|import |from |#|def ", "a Python script"),
)


class NoNotebook(ValueError):
    """The file is no notebook; the message says what it is."""


def code_cells(content: bytes) -> list[str]:
    """Sources of the code cells; ``NoNotebook`` if the bytes are none."""
    try:
        data = json.loads(content)  # finds out about UTF-8, UTF-16 and byte order marks by itself
        notebook = nbformat.reads(json.dumps(data), as_version=4)
        cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    except Exception as error:  # whatever nbformat meets in a file that is none
        raise NoNotebook(f"{_kind(content)}. {ADVICE}") from error
    if not all(isinstance(source, str) for source in cells):
        raise NoNotebook(f"a notebook with a cell without text. {ADVICE}")
    return cells


def _kind(content: bytes) -> str:
    start = content.removeprefix(b"\xef\xbb\xbf")[:200].lstrip().lower()
    if not start:
        return "an empty file"
    found = next((kind for sign, kind in SIGNS if re.match(sign, start)), None)
    if found:
        return found
    return "a damaged notebook" if start.startswith(b"{") else "not a Jupyter notebook"


def asked(tests: Iterable[str]) -> set[str]:
    """The names that an assignment asks for: the arguments of its tests."""
    functions = (node for source in tests for node in ast.parse(source).body)
    return {
        argument.arg
        for node in functions
        if isinstance(node, ast.FunctionDef)
        for argument in node.args.args
    }


def state(cells: list[str], names: set[str]) -> str:
    """``OTHER`` if no cell gives one of ``names`` a value, ``UNTOUCHED`` if all values are ``...``.

    Anything else is to be ``GRADED``.
    """
    bound = [pair for source in cells for pair in _bound(source, names)]
    if not bound:
        return OTHER
    return GRADED if any(answered for _, answered in bound) else UNTOUCHED


def _bound(source: str, names: set[str]) -> list[tuple[str, bool]]:
    """Which of ``names`` a cell binds, and whether to something else than ``...``.

    A cell that Python cannot read binds whatever it mentions.
    """
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError, RecursionError):
        return [(name, True) for name in names if re.search(rf"\b{re.escape(name)}\b", source)]
    pairs = (pair for node in _outside_functions(tree) for pair in _binds(node))
    return [(name, answered) for name, answered in pairs if name in names or name == "*"]


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield from _outside_functions(child)


def _binds(node: ast.AST) -> Iterator[tuple[str, bool]]:
    """(name, is it more than ``...``) of what a statement or expression binds."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        dots = [isinstance(line, ast.Expr) and _is_dots(line.value) for line in body]
        yield node.name, not all(dots)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((alias.asname or alias.name, True) for alias in node.names)
    elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        found = (n for target in targets for n in ast.walk(target) if isinstance(n, ast.Name))
        yield from ((n.id, not _is_dots(node.value)) for n in found)
    elif isinstance(node, ast.ClassDef):
        yield node.name, True


def _is_dots(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...
