"""One module, read but not run: what it defines, what it imports, what each part refers to.

A *reference* is a chain of names, ``ops.nms`` or ``fit``, that is not local to a function. What is
written only in an annotation is none, since annotations compute nothing.
"""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FILE = re.compile(r"[\w./-]+\.\w+")
_NO_MEANING = {"annotation", "returns", "type_comment", "ctx", "kind", "type_params"}


class Import(NamedTuple):
    """``import module``, or ``from module import name``, with the dots worked out."""

    module: str
    name: str | None = None


class Reference(NamedTuple):
    """A chain of names; where it starts is a name of the module, or an import in a function.

    ``arguments`` are those of the call whose function it is, None if it is not called.
    """

    start: str | Import
    attributes: tuple[str, ...] = ()
    arguments: tuple[ast.expr, ...] | None = None


@dataclass
class Part:
    """Statements that belong together: all that bind one name, or all that bind none."""

    statements: list[ast.stmt]
    package: str

    @cached_property
    def found(self) -> "_Finder":
        finder = _Finder(self.package)
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
    for imported in _own_nodes([statement], (ast.Import, ast.ImportFrom)):
        for bound, target in _imports(imported, module.package):
            module.imports.setdefault(bound, []).append(target)
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return
    names = _bound([statement])
    if names == {"__all__"} and isinstance(statement, ast.Assign):
        module.exported = tuple(ast.literal_eval(statement.value))
        return
    for name in names:
        part = module.definitions.setdefault(name, Part([], module.package))
        part.statements.append(statement)
    if not names or not isinstance(statement, (*_DEFINING, ast.AnnAssign, ast.AugAssign)):
        module.running.statements.append(statement)


_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign)


def _imports(node: ast.AST, package: str) -> Iterator[tuple[str, Import]]:
    """The names that an import binds, with what they stand for."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            yield alias.asname or top, Import(alias.name if alias.asname else top)
    elif isinstance(node, ast.ImportFrom):
        start = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        module = ".".join([*start, *([node.module] if node.module else [])])
        for alias in node.names:
            yield alias.asname or alias.name, Import(module, alias.name)


def _own_nodes(body: Iterable[ast.AST], kinds: Any) -> Iterator[ast.AST]:
    """Nodes of some kinds in ``body``, but not inside of functions, classes, comprehensions."""
    for node in body:
        if isinstance(node, kinds):
            yield node
        if not isinstance(node, (*FUNCTIONS, *COMPREHENSIONS, ast.ClassDef)):
            yield from _own_nodes(ast.iter_child_nodes(node), kinds)


def _bound(body: Iterable[ast.AST]) -> set[str]:
    """The names that statements bind in their own scope, imports aside."""
    names, shared = set(), set()
    kinds = (ast.Name, ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping)
    kinds += (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Global)
    for node in _own_nodes(body, kinds):
        if isinstance(node, ast.Name):
            names |= {node.id} if isinstance(node.ctx, ast.Store) else set()
        elif isinstance(node, ast.Global):
            shared |= set(node.names)
        elif bound := getattr(node, "rest" if isinstance(node, ast.MatchMapping) else "name"):
            names.add(bound)
    return names - shared


class _Finder(ast.NodeVisitor):
    """Collects the references of a piece of code, and keeps track of what is local."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.references: list[Reference] = []
        self.files: set[str] = set()
        self.scopes: list[dict[str, Import | None]] = []  # local name -> import, if it is one

    def visit_Name(self, node: ast.Name) -> None:
        self._refer(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._refer(node)

    def visit_Call(self, node: ast.Call) -> None:
        self._refer(node.func, tuple(node.args))
        for argument in (*node.args, *node.keywords):
            self.visit(argument)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and _FILE.fullmatch(node.value):
            self.files.add(node.value)

    def _refer(self, node: ast.expr, arguments: tuple[ast.expr, ...] | None = None) -> None:
        attributes: list[str] = []
        base = node
        while isinstance(base, ast.Attribute):
            attributes.insert(0, base.attr)
            base = base.value
        if not isinstance(base, ast.Name):
            self.visit(base)
            return
        if not isinstance(base.ctx, ast.Load):
            return
        scope = next((s for s in reversed(self.scopes) if base.id in s), None)
        start = base.id if scope is None else scope[base.id]
        if start is not None:
            self.references.append(Reference(start, tuple(attributes), arguments))

    def _function(self, node: Any) -> None:
        self._visit_all(getattr(node, "decorator_list", []))
        self._visit_all([*node.args.defaults, *filter(None, node.args.kw_defaults)])
        body = node.body if isinstance(node.body, list) else [node.body]
        scope: dict[str, Import | None] = dict.fromkeys(_bound(body))
        for imported in _own_nodes(body, (ast.Import, ast.ImportFrom)):
            scope.update(_imports(imported, self.package))
        arguments = ast.walk(node.args)
        scope.update({part.arg: None for part in arguments if isinstance(part, ast.arg)})
        self._inside(scope, body)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _function

    def _comprehension(self, node: Any) -> None:
        first, *_ = node.generators
        self.visit(first.iter)  # belongs to the scope around
        targets = (ast.walk(generator.target) for generator in node.generators)
        names = {node.id for walk in targets for node in walk if isinstance(node, ast.Name)}
        self._inside(dict.fromkeys(names), ast.iter_child_nodes(node))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _import(self, node: Any) -> None:
        if not self.scopes:  # in the body of a class: whoever uses it there
            self.references += [Reference(target) for _, target in _imports(node, self.package)]

    visit_Import = visit_ImportFrom = _import

    def visit_Global(self, node: ast.Global) -> None:
        self.references += [Reference(name) for name in node.names]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._visit_all([node.target, *([node.value] if node.value else [])])

    def _inside(self, scope: dict[str, Import | None], body: Iterable[ast.AST]) -> None:
        self.scopes.append(scope)
        self._visit_all(body)
        self.scopes.pop()

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)


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
