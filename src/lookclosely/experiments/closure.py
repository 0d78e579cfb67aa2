"""The code that something depends on, by names: what has to be the same for the same result.

From a function or class we follow every name it uses, into the module that defines it, and on from
there. So ``ops.nms`` counts as ``lookclosely.ops.nms:nms`` and what this one uses, not as the whole
of ``ops``. Of each definition only the syntax tree counts, without docstrings, comments and
annotations. Modules are read, never imported. Other packages are left out: their versions are
recorded elsewhere.

Where a name cannot be followed (``getattr``, ``importlib``) the whole module counts. Two things
read more than they name: ``experiments.report("x")`` (and ``load``, ``weights``) reads the files of
``x`` in ``results/``, and shows what the module of ``x`` says, but does not run it; a constant that
is the name of a file beside the module, or at the package's root, reads this file.
"""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ._names import Part, read, short_hash
from ._references import Reference
from ._walk import CELLS, Walk

PACKAGE = Path(__file__).resolve().parents[1]
_CELL = re.compile(r"^(```+|:::+)\{code-cell\}.*?\n(.*?)^\1\s*$", re.DOTALL | re.MULTILINE)
_OPTIONS = re.compile(r"\A(---\n.*?^---\n|(:[\w-]+:[^\n]*\n)+)", re.DOTALL | re.MULTILINE)
_MAGIC = re.compile(r"^\s*[%!].*$", re.MULTILINE)


def closure(entries: Iterable[str], *, root: Path | None = None) -> dict[str, str]:
    """Every definition that ``entries`` depend on -> a hash of its syntax tree.

    An entry is a definition, ``"lookclosely.ops:nms"``, or a module, ``"lookclosely.ops.nms"``: all
    that it defines and exports. ``root`` is the folder of the package, by default this one's.
    Files read are in the answer too, by their path: ``"lookclosely/results/context.json"``.

    Raises:
        ValueError: if an entry names nothing of the package.
    """
    walk = Walk(root or PACKAGE)
    for entry in entries:
        walk.enter(entry)
    return _hashes(walk)


def fingerprint(entries: Iterable[str], *, root: Path | None = None) -> str:
    """The closure in 12 hexadecimal digits."""
    return short_hash(repr(closure(entries, root=root)))


def code_of_chapter(chapter: str | Path, *, root: Path | None = None) -> dict[str, str]:
    """What the outputs of a chapter depend on: the closure of its code cells.

    ``chapter`` is its MyST text or its file. Source that the page shows (``show.source``) counts as
    it is shown, with docstring and comments: ``"lookclosely.ops.nms:nms (source)"``. The cells
    themselves are ``"<cells>"``.
    """
    text = chapter.read_text(encoding="utf-8") if isinstance(chapter, Path) else chapter
    return code_of_cells([_OPTIONS.sub("", cell) for _, cell in _CELL.findall(text)], root=root)


def code_of_cells(cells: Iterable[str], *, root: Path | None = None) -> dict[str, str]:
    """``code_of_chapter`` of a chapter's code cells."""
    code = "\n".join(cells)
    script = read(CELLS, Path(CELLS), _MAGIC.sub("pass", code))
    parts = [*script.definitions.values(), script.running]
    walk, shown = Walk(root or PACKAGE), Walk(root or PACKAGE)
    for part in parts:
        walk.follow(script, part)
        for reference in _shown(part):
            shown.refer(script, reference)
    sources = {f"{name} (source)": short_hash(text) for name, text in shown.sources().items()}
    return _hashes(walk) | sources | {CELLS: short_hash(code)}


def changes(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """The names whose code is not the same in two closures, in alphabetical order.

    What has only moved to another module has not changed.
    """
    before, after = _by_short_name(old), _by_short_name(new)
    differing = before.keys() ^ after.keys()
    return sorted({name for short, name in (before | after).items() if short in differing})


def _by_short_name(code: dict[str, str]) -> dict[tuple[str, str], str]:
    return {(name.rpartition(":")[2], digest): name for name, digest in code.items()}


def _hashes(walk: Walk) -> dict[str, str]:
    parts, files = walk.reach_all()
    code = {name: part.digest for name, part in parts.items()}
    data = {
        path.relative_to(walk.root.parent).as_posix(): hashlib.sha256(path.read_bytes())
        for path in files
    }
    return dict(sorted((code | {k: v.hexdigest()[:12] for k, v in data.items()}).items()))


def _shown(part: Part) -> Iterator[Reference]:
    """What is given to ``show.source``, ``inspect.getsource`` or ``help``, or whose doc is read."""
    for reference in part.references:
        *_, last = (str(reference.start), *reference.attributes)
        if last == "__doc__":
            yield reference
        if last in ("source", "getsource", "help") and reference.arguments:
            given = Part([ast.Expr(argument) for argument in reference.arguments], part.package)
            yield from given.references
