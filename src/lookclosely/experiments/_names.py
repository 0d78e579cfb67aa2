"""One module, read but not run: what it defines, what it imports, what each part refers to."""

import ast
import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ._references import Finder, Import, Reference, bound_names, imports_of, own_nodes

_NO_MEANING = {"annotation", "returns", "type_comment", "ctx", "kind", "type_params"}


@dataclass
class Part:
    """Statements that belong together: all that bind one name, or all that bind none."""

    statements: list[ast.stmt]
    package: str

    @cached_property
    def found(self) -> Finder:
        finder = Finder(self.package)
        for statement in self.statements:
            finder.visit(statement)
        return finder

    @property
    def references(self) -> list[Reference]:
        return self.found.references

    @property
    def files(self) -> set[str]:
        """Constants that look like the name of a file."""
        return self.found.files

    @cached_property
    def digest(self) -> str:
        """Of the syntax tree without docstrings, comments and annotations.

        (``ast.dump`` would give another text in another version of Python.)
        """
        return short_hash(repr(_syntax(self.statements)))

    def text(self, lines: list[str]) -> str:
        """The source, as ``inspect.getsource`` gives it: decorators, docstring and comments too."""
        return "".join(
            "".join(lines[_first_line(statement) - 1 : statement.end_lineno])
            for statement in self.statements
        )


@dataclass
class Module:
    """A module by its names. ``running`` is what runs when it is imported and binds nothing."""

    name: str
    path: Path
    definitions: dict[str, Part] = field(default_factory=dict)
    imports: dict[str, list[Import]] = field(default_factory=dict)
    exported: tuple[str, ...] = ()  # __all__
    running: Part = field(default_factory=lambda: Part([], ""))
    lines: list[str] = field(default_factory=list)

    @property
    def package(self) -> str:
        """What a relative import starts from."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]


def read(name: str, path: Path, text: str) -> Module:
    """The names of a module.

    Raises:
        SyntaxError: if ``text`` is no Python.
    """
    module = Module(name, path, lines=text.splitlines(keepends=True))
    module.running.package = module.package
    for statement in ast.parse(text).body:
        _sort_in(module, statement)
    return module


def _sort_in(module: Module, statement: ast.stmt) -> None:
    if _is_text(statement):
        return
    for imported in own_nodes([statement], (ast.Import, ast.ImportFrom)):
        for bound, target in imports_of(imported, module.package):
            module.imports.setdefault(bound, []).append(target)
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return
    names = bound_names([statement])
    if names == {"__all__"} and isinstance(statement, ast.Assign):
        module.exported = tuple(ast.literal_eval(statement.value))
        return
    for name in names:
        part = module.definitions.setdefault(name, Part([], module.package))
        part.statements.append(statement)
    if not names or not isinstance(statement, (*_DEFINING, ast.AnnAssign, ast.AugAssign)):
        module.running.statements.append(statement)


_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign)


def short_hash(text: str) -> str:
    """12 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _syntax(node: Any) -> Any:
    """Nested lists of kinds of nodes and their fields; what is empty is left out."""
    if isinstance(node, list):
        return [_syntax(item) for item in node if not _is_text(item)]
    if not isinstance(node, ast.AST):
        return node
    fields = ((key, value) for key, value in ast.iter_fields(node) if key not in _NO_MEANING)
    kept = [(key, _syntax(value)) for key, value in fields if value is not None and value != []]
    return [type(node).__name__, *kept]


def _is_text(node: Any) -> bool:
    """A docstring, or a string that stands below what it describes."""
    constant = node.value if isinstance(node, ast.Expr) else None
    return isinstance(constant, ast.Constant) and isinstance(constant.value, str)


def _first_line(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])
