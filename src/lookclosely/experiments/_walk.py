"""Following names from definition to definition, through the modules of a package."""

import ast
import builtins
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from ._names import Module, Part, read
from ._references import Import, Reference

CELLS = "<cells>"  # stands for the module when the cells of a chapter are followed
RUNNING = "<module>"  # what runs when a module is imported
READERS = {"report", "load", "load_gpu", "weights"}  # of an experiment's files, by its name
RUN_ONLY = {"run", "needs"}  # what a report of an experiment leaves out
DYNAMIC = {"globals", "locals", "vars", "eval", "exec", "__import__"}


class Walk:
    """What is reached from some names. ``follow``, ``refer`` and ``enter`` say where to start."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths = dict(_files(root))
        self.modules: dict[str, Module] = {}
        self.experiments = f"{root.name}.experiments"
        self.reached: dict[str, Part] = {}
        self.mentioned: dict[str, Part] = {}  # counted, but not followed
        self.files: set[Path] = set()
        self.waiting: list[tuple[Module, Part]] = []

    def reach_all(self) -> tuple[dict[str, Part], set[Path]]:
        """All definitions and all files, once every name has been followed."""
        while self.waiting:
            self.follow(*self.waiting.pop())
        return self.mentioned | self.reached, self.files

    def sources(self) -> dict[str, str]:
        """The text of what was reached at once, without following it further."""
        owners = {key: self.module(key.partition(":")[0]) for key in self.reached}
        return {
            key: part.text(module.lines)
            for key, part in self.reached.items()
            if (module := owners[key]) and not key.endswith(RUNNING)
        }

    def enter(self, entry: str) -> None:
        """Start from ``"package.module:name"`` or ``"package.module"``."""
        dotted, _, name = entry.partition(":")
        module, names = self.module(dotted), tuple(name.split(".")) if name else ()
        if module is None or (names and not self.has(module, names[0])):
            raise ValueError(
                f"entries must name code below {self.root}, such as "
                f"'{self.root.name}.ops:nms', got {entry!r}"
            )
        self.refer(module, Reference(Import(dotted), names))

    def follow(self, module: Module, part: Part) -> None:
        """Reach everything that ``part`` of ``module`` refers to."""
        for reference in part.references:
            self.refer(module, reference)
        for name in part.files:
            places = (module.path.parent / name, self.root / name)
            self.files |= {p for p in places if p.suffix != ".py" and p.is_file()}

    def refer(self, module: Module, reference: Reference) -> None:
        """Reach what a reference in ``module`` stands for."""
        use = _Use(self, module, reference)
        if isinstance(reference.start, Import):
            use.imported(reference.start, reference.attributes)
        elif self.has(module, reference.start):
            use.reach(module, reference.start, reference.attributes)
        elif reference.start in DYNAMIC:
            self.whole(module)
        elif not hasattr(builtins, reference.start):
            for star in module.imports.get("*", ()):
                use.imported(Import(star.module, reference.start), reference.attributes)

    def module(self, name: str) -> Module | None:
        if name in self.paths and name not in self.modules:
            path = self.paths[name]
            self.modules[name] = _module(name, path, path.stat().st_mtime_ns, path.stat().st_size)
        return self.modules.get(name)

    def has(self, module: Module, name: str) -> bool:
        """Whether the module has this name, be it defined, imported or a module below it."""
        below = f"{module.name}.{name}" in self.paths
        return below or name in module.definitions or name in module.imports

    def add(self, module: Module, name: str, part: Part) -> None:
        """Count a part, and have it followed (but for the list of all experiments)."""
        key = f"{module.name}:{name}"
        if module.name == CELLS or key in self.reached:
            return
        self.reached[key] = part
        if not (name == "REGISTRY" and self.is_machinery(module)):
            self.waiting.append((module, part))

    def run(self, module: Module) -> None:
        """Count what runs when the module, or a package around it, is imported."""
        names = module.name.split(".")
        for depth in range(1, len(names) + 1):
            found = self.module(".".join(names[:depth]))
            if found is not None and found.running.statements:
                self.add(found, RUNNING, found.running)

    def whole(self, module: Module) -> None:
        """All that a module defines, and what it imports to export it."""
        self.run(module)
        for name, part in module.definitions.items():
            self.add(module, name, part)
        for name in module.exported:
            if name not in module.definitions and self.has(module, name):
                _Use(self, module, Reference(name)).reach(module, name, ())

    def is_machinery(self, module: Module) -> bool:
        """Whether it runs experiments, and is none itself."""
        below = f"{module.name}.".startswith(f"{self.experiments}.")
        return below and "EXPERIMENT" not in module.definitions

    def experiment(self, name: str | None) -> None:
        """The files of an experiment and what its module says; of all of them without a name.

        What only its run uses is left out: its outcome is in the files.
        """
        for path in self.paths:
            last = path.rpartition(".")[2]
            found = path.startswith(f"{self.experiments}.") and name in (None, last)
            module = self.module(path) if found else None
            if module and "EXPERIMENT" in module.definitions:
                self.results(last)
                self.mentioned |= {f"{path}:{k}": part for k, part in module.definitions.items()}
                for statement in module.definitions["EXPERIMENT"].statements:
                    self.waiting.append((module, Part(_shown(statement), module.package)))
        if name is not None:
            self.results(name)

    def results(self, name: str) -> None:
        for file in (f"{name}.json", f"{name}.safetensors", f"gpu/{name}.json"):
            path = self.root / "results" / file
            self.files |= {path} if path.is_file() else set()


class _Use:
    """One reference of a module on its way to what it stands for."""

    def __init__(self, walk: Walk, user: Module, reference: Reference) -> None:
        self.walk, self.user, self.reference = walk, user, reference

    def imported(self, target: Import, attributes: tuple[str, ...]) -> None:
        """What an import stands for, with the attributes taken of it."""
        module = self.walk.module(target.module)
        names = (*([target.name] if target.name else []), *attributes)
        if module is not None and names:
            self.reach(module, names[0], names[1:])
        elif module is not None:
            self.walk.whole(module)
        elif target.module == "importlib" and "import_module" in names:
            self.by_importlib()

    def by_importlib(self) -> None:
        """A module by its name; this one as a whole if the name is not written out."""
        arguments = self.reference.arguments or ()
        if arguments and isinstance(arguments[0], ast.Constant):
            named = self.walk.module(str(arguments[0].value))
            if named is not None:
                self.walk.whole(named)
        else:
            self.walk.whole(self.user)

    def reach(self, module: Module, name: str, attributes: tuple[str, ...]) -> None:
        """A name of a module: its definition, what it imports under it, or a module below."""
        below = self.walk.module(f"{module.name}.{name}")
        targets = [t for t in module.imports.get(name, ()) if t != Import(module.name, name)]
        if name in module.definitions:
            self.define(module, name)
        for target in targets:
            self.imported(target, attributes)
        if name in module.definitions or targets:
            self.walk.run(module)
        elif below and attributes:
            self.reach(below, attributes[0], attributes[1:])
        elif below:
            self.walk.whole(below)
        elif module.name != self.user.name and not name.startswith("__"):
            self.walk.whole(module)  # made when it is asked for, by a __getattr__ perhaps

    def define(self, module: Module, name: str) -> None:
        walk = self.walk
        if walk.is_machinery(module) and not walk.is_machinery(self.user):
            if name in READERS:
                walk.experiment(self.experiment_read())
            elif name == "REGISTRY":
                walk.experiment(None)
        walk.add(module, name, module.definitions[name])

    def experiment_read(self) -> str | None:
        """The name given to ``load`` and the like: as text, or as ``task.EXPERIMENT.name``."""
        if not self.reference.arguments:
            return None
        argument = self.reference.arguments[0]
        if isinstance(argument, ast.Constant):
            return str(argument.value)
        *module, experiment, name = ["", "", *ast.unparse(argument).split(".")]
        if (experiment, name) != ("EXPERIMENT", "name"):
            return None
        target = self.user.imports.get(module[-1], [Import(self.user.name)])[0]
        return target.name or target.module.rpartition(".")[2]


def _shown(statement: ast.stmt) -> list[ast.stmt]:
    """What a report of an experiment shows: all that it is made of but for its run."""
    value = getattr(statement, "value", None)
    if not isinstance(value, ast.Call):
        return [statement]
    said = [*value.args, *(k.value for k in value.keywords if k.arg not in RUN_ONLY)]
    return [ast.Expr(argument) for argument in said]


def _files(root: Path) -> Iterator[tuple[str, Path]]:
    """Names of the modules below ``root``, with their files."""
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


@lru_cache(maxsize=4096)
def _module(name: str, path: Path, *stamp: int) -> Module:
    """A module, read once as long as its file stays the same."""
    return read(name, path, path.read_text(encoding="utf-8"))
