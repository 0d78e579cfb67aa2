"""The rules of the house: who may import whom, and what stands where."""

import ast
import functools
import graphlib
import importlib.util
import re
import subprocess
import tomllib
from pathlib import Path

import jupytext
import pytest

from lookclosely.experiments import REGISTRY

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "lookclosely"
CHAPTERS = sorted((ROOT / "chapters").glob("*/*.md"))
FLOORS = (
    {"errors"},
    {"ops", "data"},
    {"losses", "metrics"},
    {"show", "demo", "train", "cost"},  # they know no model
    {"models"},
    {"tasks"},
    {"experiments", "grading"},
    {"__main__"},
)
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
MODULES = {
    ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


@functools.cache
def imports(module: str) -> list[tuple[str, bool]]:
    """The modules of the package that a module imports, and whether it names them relatively.

    What stands under ``if TYPE_CHECKING`` is not imported when the program runs.
    """
    path, found = MODULES[module], []
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(path.read_text())
    tree.body = [node for node in tree.body if not _for_types_only(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(name.name, False) for name in node.names]
        if isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            source = importlib.util.resolve_name(source, package)
            names = [f"{source}.{name.name}" for name in node.names]
            found += [(n if n in MODULES else source, node.level > 0) for n in names]
    return [(name, relative) for name, relative in found if name.startswith("lookclosely.")]


def _for_types_only(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def entry(module: str) -> str:
    """The first folder or file of a module: ``ops`` of ``lookclosely.ops.nms``."""
    return module.split(".")[1] if "." in module else ""


def code(path: Path) -> list[ast.AST]:
    """All nodes of a chapter's code cells, without the lines that only notebooks know."""
    cells = (cell.source for cell in jupytext.read(path).cells if cell.cell_type == "code")
    plain = (re.sub(r"^\s*[%!].*$", "", source, flags=re.M) for source in cells)
    return [node for source in plain for node in ast.walk(ast.parse(source))]


def test_nobody_imports_from_a_higher_floor():
    crossing = [(a, b) for a in MODULES for b, _ in imports(a) if entry(a) != entry(b)]
    assert [(a, b) for a, b in crossing if FLOOR[entry(b)] >= FLOOR[entry(a)]] == []


def test_there_is_no_circle():
    graph = {module: {name for name, _ in imports(module)} for module in MODULES}
    tuple(graphlib.TopologicalSorter(graph).static_order())  # raises where there is one


def test_no_experiment_is_imported():
    """What two experiments need is a task, a model, or stands in the part's ``_shared``."""
    claims = {f"lookclosely.experiments.{part}.{name}" for name, part in REGISTRY.parts.items()}
    users = {module: claims & {name for name, _ in imports(module)} for module in MODULES}
    assert {module: found for module, found in users.items() if found} == {}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_no_underscore_on_a_page(path: Path):
    nodes = code(path)
    named = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    named += [node.name for node in nodes if isinstance(node, ast.alias)]
    named += [node.attr for node in nodes if isinstance(node, ast.Attribute)]
    assert [name for name in named if re.search(r"(^|\.)_(?!_)", name)] == []


def test_what_a_paper_invented_is_defined_once():
    """Each class of the models has one home; who needs it imports it from there."""
    homes: dict[str, list[str]] = {}
    for module in MODULES:
        if module.startswith("lookclosely.models."):
            for node in ast.parse(MODULES[module].read_text()).body:
                if isinstance(node, ast.ClassDef):
                    homes.setdefault(node.name, []).append(module)
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


@pytest.mark.parametrize("name", REGISTRY)
def test_an_experiment_says_what_data_it_needs(name: str):
    module = f"lookclosely.experiments.{REGISTRY.parts[name]}.{name}"
    data = [importlib.import_module(n) for n, _ in imports(module) if entry(n) == "data"]
    sources = {module.SOURCE for module in data if hasattr(module, "SOURCE")}
    assert set(REGISTRY[name].needs) == sources


def test_imports_are_relative_inside_a_package_and_absolute_across():
    found = [(a, *pair) for a in MODULES for pair in imports(a)]
    inside = {a: MODULES[a].parent != PACKAGE for a in MODULES}  # a file of its own is no package
    wanted = {(a, b): inside[a] and entry(a) == entry(b) for a, b, _ in found}
    assert [(a, b) for a, b, relative in found if relative != wanted[a, b]] == []


def test_the_package_reads_like_a_table_of_contents():
    entries = [path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"]
    public = [name for name in entries if not name.startswith("_")]
    private = {name for name in entries if name.startswith("_")}
    assert len(public) <= 15, public
    assert private == {"__init__.py", "__main__.py"}


def test_the_least_python_is_said_by_pyproject_alone():
    """Makefile and workflows follow it, and so do the pages that name it."""
    least = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"][2:]
    for name in ("CONTRIBUTING.md", "book/how-to-run.md"):
        said = re.findall(r"Python (3\.\d+) or newer", (ROOT / name).read_text())
        assert said == [least], name
    oldest = re.search(r'python: \["(3\.\d+)"', (ROOT / ".github/workflows/newest.yml").read_text())
    assert oldest and oldest[1] == least
    command = ["make", "--print-data-base", "--dry-run", "clean"]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"\nLEAST := {least}\n" in made


def test_tests_find_the_package_as_readers_do():
    """Installed, and nowhere put on the path by hand."""
    by_hand = re.compile(r"sys\.path\.(insert|append)\(")
    tests = (ROOT / "tests").rglob("*.py")
    assert [path for path in tests if by_hand.search(path.read_text())] == []
