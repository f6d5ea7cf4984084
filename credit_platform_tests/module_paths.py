"""How many modules a row, a threshold and a version pass: counted in the call graph of the package.

`python -m credit_platform_tests.module_paths [FOLDER OF A PACKAGE]` prints the lists, `--write` writes them into
ARCHITECTURE.md. Functions are named without their modules, so that releases whose modules have other names can be
compared.

Counted are the distinct modules of the functions that are reached from the named ones by the rules of `call_graph`:

- of a row, from the asset that reads it and from the I/O manager that Dagster gives it to
- of a version, from its training
- of a threshold, from the settings, which read its file, from the definitions, as far as they lead to the action, and
  from the asset of the action; of these only the functions that are given the value, return it or are methods of what
  contains it: the thresholds or one of their sections, the policy, the settings, a document of the file, and while the
  file is read a mapping of plain values
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import credit_platform
from credit_platform_tests.call_graph import Function, Named, Package
from credit_platform_tests.calls import Body

PACKAGE = Path(credit_platform.__file__).parent
PAGE = PACKAGE / "ARCHITECTURE.md"


@dataclass(frozen=True)
class Life:
    """What passes through the platform, and the functions between which it does.

    Attributes:
        begins: functions from which every call is followed.
        leads: a function, and the one to which its calls lead; both and what lies between count.
        carried_in: classes that contain what passes, and those that contain them; empty where every function counts.
        written_as: annotations under which it passes as plain data, on the way from the first of `begins`.
    """

    begins: tuple[str, ...]
    leads: tuple[str, str] | None = None
    carried_in: tuple[str, ...] = ()
    written_as: tuple[str, ...] = ()


ROW = Life(begins=("rows_as_delivered", "MonthlyParquetIOManager.handle_output"))
THRESHOLD = Life(
    begins=("load_settings", "what_to_do"),
    leads=("build_definitions", "_action_asset"),
    carried_in=("MonitoringThresholds", "MetricThreshold", "Document"),
    written_as=("dict[str, object]", "Mapping[str, object]"),
)
VERSION = Life(begins=("train_as_of",))
LIVES = {"one row": ROW, "one threshold": THRESHOLD, "one version": VERSION}


@dataclass
class CallGraph:
    """The functions of a package and what each calls."""

    package: Package
    _known: dict[Named, list[Named]] = field(default_factory=dict)

    @cached_property
    def functions(self) -> dict[Named, tuple[ast.stmt, ...]]:
        """Every function and method, with those it is written in, outermost first."""
        found: dict[Named, tuple[ast.stmt, ...]] = {}

        def look(module: str, node: ast.AST, around: tuple[ast.stmt, ...]) -> None:
            for child in ast.iter_child_nodes(node):
                if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    continue
                way = (*around, child)
                if not isinstance(child, ast.ClassDef):
                    found[Named(module, ".".join(str(getattr(one, "name", "")) for one in way))] = way
                look(module, child, way)

        for source in self.package.sources.values():
            look(source.name, source.tree, ())
        return found

    def named(self, name: str) -> Named:
        """The one function of a name, or of a name inside another function.

        Raises:
            LookupError: there is none, or more than one.
        """
        exact = [function for function in self.functions if function.name == name]
        inner = [function for function in self.functions if function.name.endswith(f".{name}")]
        found = exact or inner
        if len(found) != 1:
            message = f"{name} is the name of {len(found)} functions"
            raise LookupError(message)
        return found[0]

    def calls(self, function: Named) -> list[Named]:
        """What a function calls; of a class, what making one calls."""
        if function not in self._known:
            self._known[function] = self._calls(function)
        return self._known[function]

    def _calls(self, function: Named) -> list[Named]:
        if isinstance(self.package.node(function), ast.ClassDef):
            made_by = (self.package.member(function, name) for name in ("__init__", "__post_init__"))
            return [found for found in made_by if found is not None]
        *around, node = self.functions[function]
        owner = around[0] if around and isinstance(around[0], ast.ClassDef) else None
        body = Body(self.package, function.module, Named(function.module, owner.name) if owner else None)
        for outer in around:
            if isinstance(outer, Function):
                body.learn(outer)
        assert isinstance(node, Function)
        return body.calls(node)

    def reached(self, begins: Iterable[Named]) -> dict[Named, None]:
        """What is called from some functions by whatever way, in the order of the calls."""
        found: dict[Named, None] = {}
        waiting = list(begins)[::-1]
        while waiting:
            function = waiting.pop()
            if function not in found:
                found[function] = None
                waiting += self.calls(function)[::-1]
        return found

    def between(self, first: Named, last: Named) -> dict[Named, None]:
        """The functions through which calls of the first one lead to the last one, both included."""
        reached = self.reached([first])
        callers: dict[Named, list[Named]] = {}
        for function in reached:
            for called in self.calls(function):
                callers.setdefault(called, []).append(function)
        leading, waiting = {last}, [last]
        while waiting:
            for caller in callers.get(waiting.pop(), []):
                if caller not in leading:
                    leading.add(caller)
                    waiting.append(caller)
        return {function: None for function in reached if function in leading}

    def carriers(self, classes: tuple[str, ...]) -> set[Named]:
        """The classes of some names, and every class of the package with a field of one of them."""
        all_classes = [
            Named(source.name, name)
            for source in self.package.sources.values()
            for name, node in source.defined.items()
            if isinstance(node, ast.ClassDef)
        ]
        found = {cls for cls in all_classes if cls.name in classes}
        while more := {cls for cls in all_classes if cls not in found and found & set(self._fields(cls))}:
            found |= more
        return found

    def _fields(self, cls: Named) -> Iterator[Named]:
        node = self.package.node(cls)
        for part in getattr(node, "body", []):
            if isinstance(part, ast.AnnAssign):
                yield from self._classes_in(part.annotation, cls.module)

    def _classes_in(self, annotation: ast.expr, module: str) -> Iterator[Named]:
        for part in ast.walk(annotation):
            kind = self.package.kind(part, module) if isinstance(part, ast.Name) else None
            if kind is not None and kind.cls is not None:
                yield kind.cls

    def handles(self, function: Named, carriers: set[Named], written_as: tuple[str, ...]) -> bool:
        """Whether a function is given what passes, returns it, or is a method of what contains it."""
        if function not in self.functions:
            return function in carriers
        node = self.functions[function][-1]
        assert isinstance(node, Function)
        arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        annotations = (*(argument.annotation for argument in arguments), node.returns)
        given = [annotation for annotation in annotations if annotation is not None]
        return (
            Named(function.module, function.name.partition(".")[0]) in carriers
            or any(ast.unparse(annotation) in written_as for annotation in given)
            or any(cls in carriers for one in given for cls in self._classes_in(one, function.module))
        )


def modules_of(life: Life, package: Package) -> list[str]:
    """The modules on the way, in the order of the calls."""
    graph = CallGraph(package)
    first, *others = (graph.named(name) for name in life.begins)
    read = graph.reached([first])
    led = graph.between(*(graph.named(name) for name in life.leads)) if life.leads else {}
    used = graph.reached(others)
    if not life.carried_in:
        return list(dict.fromkeys(function.module for function in (*read, *led, *used)))
    carriers = graph.carriers(life.carried_in)
    kept = [function for function in read if graph.handles(function, carriers, life.written_as)]
    kept += [function for function in (*led, *used) if graph.handles(function, carriers, ())]
    return list(dict.fromkeys(function.module for function in kept))


def told(package: Package, modules: Iterable[str]) -> str:
    """One line per module: its file and the first sentence of its docstring."""
    return "".join(
        f"{n}. `{name.replace('.', '/')}.py`: {_subject(package, name)}\n" for n, name in enumerate(modules, 1)
    )


def _subject(package: Package, module: str) -> str:
    text = ast.get_docstring(package.sources[module].tree) or ""
    return " ".join(text.partition("\n\n")[0].split())


def with_lists(page: str, lists: Mapping[str, list[str]], package: Package) -> str:
    """The page with the modules of every life and their number between its marks."""
    for name, modules in lists.items():
        marks = (f"<!-- {name} -->\n", f"<!-- end of {name} -->")
        before, _, rest = page.partition(marks[0])
        after = rest.partition(marks[1])[2]
        page = f"{before}{marks[0]}\n{len(modules)} modules:\n\n{told(package, modules)}\n{marks[1]}{after}"
    return page


def main() -> None:
    """Print the modules on the way of each life, or write them into the page."""
    is_written = sys.argv[1:] == ["--write"]
    package = Package(Path(sys.argv[1]) if sys.argv[1:] and not is_written else PACKAGE)
    lists = {name: modules_of(life, package) for name, life in LIVES.items()}
    if is_written:
        PAGE.write_text(with_lists(PAGE.read_text(encoding="utf-8"), lists, package), encoding="utf-8")
    for name, modules in lists.items():
        print(f"{name}: {len(modules)}", *modules, sep="\n  ")  # noqa: T201 - what the program is for


if __name__ == "__main__":
    main()
