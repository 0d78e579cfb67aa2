"""What a piece of code refers to: chains of names that are not local to a function.

``ops.nms`` and ``fit`` are such *references*. What is written only in an annotation is none, since
annotations compute nothing.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FILE = re.compile(r"[\w./-]+\.\w+")


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


def imports_of(node: ast.AST, package: str) -> Iterator[tuple[str, Import]]:
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


def own_nodes(body: Iterable[ast.AST], kinds: Any) -> Iterator[ast.AST]:
    """Nodes of some kinds in ``body``, but not inside of functions, classes, comprehensions."""
    for node in body:
        if isinstance(node, kinds):
            yield node
        if not isinstance(node, (*FUNCTIONS, *COMPREHENSIONS, ast.ClassDef)):
            yield from own_nodes(ast.iter_child_nodes(node), kinds)


def bound_names(body: Iterable[ast.AST]) -> set[str]:
    """The names that statements bind in their own scope, imports aside."""
    names, shared = set(), set()
    kinds = (ast.Name, ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping)
    kinds += (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Global)
    for node in own_nodes(body, kinds):
        if isinstance(node, ast.Name):
            names |= {node.id} if isinstance(node.ctx, ast.Store) else set()
        elif isinstance(node, ast.Global):
            shared |= set(node.names)
        elif bound := getattr(node, "rest" if isinstance(node, ast.MatchMapping) else "name"):
            names.add(bound)
    return names - shared


class Finder(ast.NodeVisitor):
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
        scope: dict[str, Import | None] = dict.fromkeys(bound_names(body))
        for imported in own_nodes(body, (ast.Import, ast.ImportFrom)):
            scope.update(imports_of(imported, self.package))
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
            self.references += [Reference(target) for _, target in imports_of(node, self.package)]

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
