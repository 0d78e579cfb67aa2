"""Which code something depends on: on a made-up package, then on this one and its chapters."""

import importlib.util
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lookclosely.experiments.closure import (
    PACKAGE,
    changes,
    closure,
    code_of_cells,
    code_of_chapter,
    fingerprint,
)

ROOT = PACKAGE.parents[1]
CHAPTERS = sorted((ROOT / "chapters").rglob("*.md"))

TOY = {
    "__init__.py": "",
    "ops/__init__.py": """
        from .near import near
        from toy.ops.far import far
        __all__ = ['near', 'far']
        """,
    "ops/near.py": """
        '''What is near.'''
        from ..cost import price as cost_of
        WIDTH = 3
        UNUSED = 4
        def near(x: int) -> int:
            '''Near x.'''
            return _half(x) + WIDTH + cost_of(x)  # a comment
        def _half(x):
            return x / 2
        """,
    "ops/far.py": """
        LIMIT = 9
        def far(x, most=LIMIT):
            def inner(WIDTH):
                return WIDTH + x
            return inner(most)
        """,
    "cost.py": """
        import math
        PRICES = {}
        PRICES['x'] = 1
        def price(x):
            return math.log(x) * PRICES['x']
        """,
    "net.py": """
        from toy import ops
        from toy.layers import Base, marked
        class Net(Base):
            width: int = 2
            @marked
            def forward(self, x):
                return [ops.near(far) for far in x]
        """,
    "layers.py": """
        class Base:
            pass
        def marked(f):
            return f
        def other(f):
            return f
        """,
    "dynamic.py": """
        from importlib import import_module
        from toy import cost
        TABLE = 1
        def any_of(name):
            return getattr(cost, name)
        def one():
            from .ops import far as distant
            return distant(1)
        def by_name(name):
            return import_module(name)
        """,
    "style.py": "def style():\n    return open('style.css')\n",
    "style.css": "a {}",
    "experiments/__init__.py": """
        from importlib import import_module
        from .storage import load, weights
        REGISTRY = {}
        def report(name):
            return load(name), REGISTRY[name]
        """,
    "experiments/storage.py": """
        def load(name):
            return name
        def weights(name):
            return name
        """,
    "experiments/looking/context.py": """
        from toy import net, cost
        from toy.experiments.core import Experiment
        def run(config):
            return net.Net()
        def judge(result):
            return cost.price(result)
        EXPERIMENT = Experiment('context', run=run, judge=judge)
        """,
    "experiments/looking/depth.py": "from ..core import Experiment as E\nEXPERIMENT = E('')\n",
    "experiments/core.py": "class Experiment:\n    pass\n",
    "results/context.json": "{}",
    "results/gpu/context.json": "{}",
    "results/depth.json": "{}",
}


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    root = tmp_path / "toy"
    for name, text in TOY.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(re.sub("^        ", "", text, flags=re.MULTILINE))
    return root


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_name_is_followed_through_what_exports_it(toy: Path) -> None:
    reached = closure(["toy.ops:near"], root=toy)
    assert set(reached) == {
        "toy.ops.near:near",
        "toy.ops.near:_half",
        "toy.ops.near:WIDTH",
        "toy.cost:price",
        "toy.cost:PRICES",
        "toy.cost:<module>",  # it fills PRICES
    }
    assert reached == closure(["toy.ops.near:near"], root=toy)


def test_defaults_bases_decorators_and_class_bodies_count_and_locals_do_not(toy: Path) -> None:
    assert set(closure(["toy.ops:far"], root=toy)) == {"toy.ops.far:far", "toy.ops.far:LIMIT"}
    reached = closure(["toy.net:Net.forward"], root=toy)
    assert {"toy.net:Net", "toy.layers:Base", "toy.layers:marked", "toy.ops.near:near"} <= set(
        reached
    )
    assert "toy.layers:other" not in reached and "toy.ops.far:far" not in reached


def test_what_cannot_be_followed_counts_as_a_whole_module(toy: Path) -> None:
    assert "toy.cost:price" in closure(["toy.dynamic:any_of"], root=toy)
    assert set(closure(["toy.dynamic:one"], root=toy)) == {
        "toy.dynamic:one",
        "toy.ops.far:far",
        "toy.ops.far:LIMIT",
    }
    assert "toy.dynamic:TABLE" in closure(["toy.dynamic:by_name"], root=toy)
    assert set(closure(["toy.ops"], root=toy)) > set(closure(["toy.ops:near"], root=toy))
    assert "toy.layers:other" in closure(["toy.layers"], root=toy)


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("ops/near.py", "x / 2", "x / 3", ["toy.ops.near:_half"]),
        ("ops/near.py", "WIDTH = 3", "WIDTH = 5", ["toy.ops.near:WIDTH"]),
        ("cost.py", "'] = 1", "'] = 2", ["toy.cost:<module>"]),
        ("ops/near.py", "UNUSED = 4", "UNUSED = 5", []),
        ("ops/near.py", "x: int) -> int", "x: float) -> 'float'", []),
        ("ops/near.py", "Near x.", "Close to x.", []),
        ("ops/near.py", "What is near", "What is close", []),
        ("ops/near.py", "  # a comment", "", []),
        ("ops/near.py", "return _half(x) + WIDTH", "return _half(\n        x\n    ) + WIDTH", []),
        ("ops/far.py", "LIMIT = 9", "LIMIT = 8", []),
        ("net.py", "width: int = 2", "width: float = 2", []),
        ("net.py", "width: int = 2", "width: int = 3", ["toy.net:Net"]),
    ],
)
def test_what_changes_a_hash(toy: Path, file: str, old: str, new: str, changed: list[str]) -> None:
    before, short = closure(["toy.net"], root=toy), fingerprint(["toy.net"], root=toy)
    edit(toy / file, old, new)
    assert changes(before, closure(["toy.net"], root=toy)) == changed
    assert (fingerprint(["toy.net"], root=toy) != short) == bool(changed)


def test_a_report_counts_as_its_files_and_what_its_module_says(toy: Path) -> None:
    reached = set(
        code_of_cells(["from toy import experiments as e", "e.report('context')"], root=toy)
    )
    assert {"toy/results/context.json", "toy/results/gpu/context.json"} <= reached
    assert "toy/results/depth.json" not in reached
    module = "toy.experiments.looking.context"
    assert {f"{module}:run", f"{module}:judge", "toy.cost:price"} <= reached
    assert "toy.net:Net" not in reached, "what only the run uses"
    assert "toy.net:Net" in closure([f"{module}:run"], root=toy)


@pytest.mark.parametrize("cell", ["[load(name) for name in names]", "map(load, names)"])
def test_a_result_read_by_a_name_that_is_computed_is_any(toy: Path, cell: str) -> None:
    reached = code_of_cells([f"from toy.experiments import load\n{cell}"], root=toy)
    assert {"toy/results/context.json", "toy/results/depth.json"} <= set(reached)


def test_a_result_read_by_the_name_of_an_experiment(toy: Path) -> None:
    cell = "from toy.experiments.looking import context as task\nload(task.EXPERIMENT.name)"
    reached = code_of_cells(["from toy.experiments import load", cell], root=toy)
    assert "toy/results/context.json" in reached and "toy/results/depth.json" not in reached


def test_a_file_beside_the_module_counts(toy: Path) -> None:
    before = closure(["toy.style:style"], root=toy)
    (toy / "style.css").write_text("b {}")
    assert changes(before, closure(["toy.style:style"], root=toy)) == ["toy/style.css"]


def test_source_that_is_shown_counts_with_its_docstring_and_no_other(toy: Path) -> None:
    cells = ["from toy import ops, show", "show.source(ops.near)\nops.far(1)"]
    before = code_of_cells(cells, root=toy)
    edit(toy / "ops/near.py", "Near x.", "Close to x.")
    assert changes(before, code_of_cells(cells, root=toy)) == ["toy.ops.near:near (source)"]
    cells[1] = "ops.near(2)"
    before = code_of_cells(cells, root=toy)
    edit(toy / "ops/near.py", "Close to x.", "Near x.")
    assert code_of_cells(cells, root=toy) == before


def test_a_chapters_prose_and_options_do_not_count(toy: Path) -> None:
    text = "# Near\n\n```{code-cell} ipython3\n---\ntags: [x]\n---\nfrom toy import ops\n"
    text += "ops.near(1)\n```\n\n```{code-cell} ipython3\n:tags: [y]\nops.far(1)\n```\n"
    before = code_of_chapter(text, root=toy)
    assert "toy.ops.near:near" in before
    assert (
        code_of_chapter(text.replace("# Near", "# Far").replace("[x]", "[z]"), root=toy) == before
    )
    assert changes(before, code_of_chapter(text.replace("(1)", "(2)"), root=toy)) == ["<cells>"]


def test_an_entry_that_is_nothing_is_refused(toy: Path) -> None:
    for entry in ("toy.ops:nowhere", "toy.nowhere", "torch:nn"):
        with pytest.raises(ValueError, match=f"entries must name code.*{entry}"):
            closure([entry], root=toy)


@pytest.fixture(scope="module")
def unchecked_code_of_chapter() -> Callable[..., dict[str, str]]:
    """``code_of_chapter`` as readers have it: checked types make a million small calls slow."""
    folder = PACKAGE / "experiments"
    spec = importlib.util.spec_from_file_location(
        "experiments_alone", folder / "closure.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.code_of_chapter


class Book:
    """The chapters over a copy of the package that can be edited."""

    def __init__(self, root: Path, code: Callable[..., dict[str, str]]) -> None:
        self.root = root
        self.code = {path: code(path, root=root) for path in CHAPTERS}
        self.again = lambda path: code(path, root=root)

    def touched(self, file: Path, old: str, new: str) -> set[str]:
        """The chapters whose closure an edit changes; the edit is taken back."""
        text = file.read_text()
        edit(file, old, new)
        after = {path: self.again(path) for path in CHAPTERS}
        file.write_text(text)
        return {path.stem for path in CHAPTERS if self.code[path] != after[path]}

    def op(self, name: str) -> Path:
        """The file of ``ops`` that defines a function, wherever it lies."""
        files = (self.root / "ops").rglob("*.py")
        (found,) = [path for path in files if f"\ndef {name}(" in path.read_text()]
        return found

    def docstring_of(self, name: str) -> str:
        text = self.op(name).read_text()
        return text[text.index('"""', text.index(f"def {name}(")) :].splitlines()[0]


@pytest.fixture(scope="module")
def book(
    tmp_path_factory: pytest.TempPathFactory, unchecked_code_of_chapter: Callable[..., Any]
) -> Book:
    root = tmp_path_factory.mktemp("package") / "lookclosely"
    shutil.copytree(PACKAGE, root, ignore=shutil.ignore_patterns("__pycache__"))
    return Book(root, unchecked_code_of_chapter)


def naming(pattern: str) -> set[str]:
    return {path.stem for path in CHAPTERS if re.search(pattern, path.read_text())}


def test_a_changed_op_touches_exactly_the_chapters_that_name_it(book: Book) -> None:
    file = book.op("crf_marginals")
    changed = book.touched(file, "def crf_marginals(", "def crf_marginals(*ignored, ")
    assert changed == naming(r"ops\.crf_marginals") == {"crf"}


@pytest.mark.parametrize(
    ("name", "showing"), [("bilinear_kernel", {"transposed_convolution"}), ("crf_marginals", set())]
)
def test_a_changed_docstring_touches_only_chapters_that_show_it(
    book: Book, name: str, showing: set[str]
) -> None:
    text = book.docstring_of(name)
    assert book.touched(book.op(name), text, '"""Another word. ' + text[3:]) == showing


def test_a_changed_result_touches_the_chapters_that_read_it(book: Book) -> None:
    reading = naming(r'experiments\.(load|report)\("costs"\)')
    assert reading and book.touched(book.root / "results" / "costs.json", "{", "{ ") == reading


def test_every_chapter_names_what_it_uses(book: Book) -> None:
    """No chapter reaches most of the package: then the closure would be of no use."""
    modules = len(list(PACKAGE.rglob("*.py")))
    for path, code in book.code.items():
        reached = {name.partition(":")[0] for name in code if ":" in name}
        assert len(reached) < modules / 2, path.stem
