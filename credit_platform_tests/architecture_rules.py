"""The rules of the architecture as functions from one module's source to the sentences that it breaks.

Which rule holds for which package, and planted sources that break each, stand in test_architecture.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "credit_platform"
MAX_LINES = 300
HEAVY = frozenset({"lightgbm", "sklearn", "scipy", "plotly", "evidently", "pandas", "kaleido"})
MAX_MODULES = 15
# The rooms in their order. A part may import only what stands before it, and itself.
ROOMS = (
    "previous_release",
    "errors",
    "months",
    "texts",
    "statistics",
    "schemas",
    "policy",
    "portfolios",
    "scoring",
    "monitoring",
    "lake",
    "reports",
    "lab",
    "partitions",
    "settings",
    "instance",
    "assets",
    "checks",
    "automation",
    "code_location",
    "definitions",
    "books",
    "serving",
    "cli",
    "facades",
)
# What computes and neither reads nor writes.
PURE = frozenset(
    {"errors", "months", "statistics", "schemas", "policy", "portfolios", "scoring", "monitoring", "reports"}
)
# Without Dagster: everything before the monthly axis, and the settings.
WITHOUT_DAGSTER = frozenset(ROOMS[: ROOMS.index("partitions")]) | {"settings"}
_IO_CALLS = frozenset({"open", "print", "input", "getenv"})
_IO_METHODS = frozenset(
    {"read_text", "read_bytes", "write_text", "write_bytes", "unlink", "mkdir", "rmdir", "touch", "iterdir"}
    | {"glob", "rglob", "is_file", "is_dir", "exists", "stat", "urlopen", "getenv"}
    | {"read_csv", "read_parquet", "scan_csv", "scan_parquet", "write_csv", "write_parquet", "sink_parquet"}
)
_IO_MODULES = frozenset({"duckdb", "requests", "urllib", "socket", "subprocess", "shutil", "tempfile", "sqlite3"})
_CLOCK_CALLS = frozenset({"datetime.now", "datetime.utcnow", "datetime.today", "date.today"})


@dataclass(frozen=True)
class Module:
    """One module: where it stands in the package, and its text."""

    name: str
    text: str

    @property
    def part(self) -> str:
        """The first name below the package: `lending`, `lake`, `settings`."""
        return self.name.split(".")[0]

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)


def modules(package: Path) -> list[Module]:
    """Every module of the package, named without the package."""
    found = []
    for file in sorted(package.rglob("*.py")):
        parts = list(file.relative_to(package).with_suffix("").parts)
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(name or "__init__", file.read_text(encoding="utf-8")))
    return found


def _imports(nodes: Iterator[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _runs_at_import(tree: ast.Module) -> Iterator[ast.AST]:
    """Every node but those in functions and in `if TYPE_CHECKING` blocks."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
        else:
            waiting.extend(ast.iter_child_nodes(node))


def _breaks_of_imports(module: Module, forbidden: Collection[str], *, anywhere: bool) -> list[str]:
    nodes = ast.walk(module.tree) if anywhere else _runs_at_import(module.tree)
    roots = {name.split(".")[0] for name in _imports(nodes)}
    return sorted(f"{module.name} imports {root}" for root in roots & set(forbidden))


def imports_a_later_room(module: Module) -> list[str]:
    """Imports of rooms that stand after this one, deferred ones and those for types counted."""
    before = ROOMS[: ROOMS.index(module.part) + 1] if module.part in ROOMS else ()
    reached = {name.split(".")[1] for name in _imports(ast.walk(module.tree)) if name.startswith(f"{PACKAGE}.")}
    return sorted(f"{module.name} imports {part}" for part in reached if part not in before)


def import_graph(found: Collection[Module]) -> dict[str, set[str]]:
    """Every module to the modules of the package that it imports, deferred imports and those for types counted."""
    names = {module.name for module in found}
    graph = {}
    for module in found:
        imported = {name.removeprefix(f"{PACKAGE}.") for name in _imports(ast.walk(module.tree))}
        graph[module.name] = (imported & names) - {module.name}
    return graph


def circles(graph: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Groups of modules that import each other, directly or by way of others."""
    reached = {name: _reached(graph, name) for name in graph}
    groups = {frozenset(o for o in reached[name] if name in reached[o]) for name in graph if name in reached[name]}
    return sorted(sorted(group) for group in groups)


def _reached(graph: Mapping[str, Collection[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph.get(start, ()))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(graph.get(name, ()))
    return found


def crowded_folders(found: Collection[Module]) -> list[str]:
    """Folders that hold more modules than a reader takes in, folders inside them counted on their own."""
    packages = {module.name for module in found if any(o.name.startswith(f"{module.name}.") for o in found)}
    count = Counter(m.name.rpartition(".")[0] for m in found if m.name not in packages and "." in m.name)
    return sorted(f"{name} holds {n} modules" for name, n in count.items() if n > MAX_MODULES)


def imports_dagster(module: Module) -> list[str]:
    """Imports of Dagster anywhere in the module."""
    return _breaks_of_imports(module, {"dagster", "dagster_duckdb"}, anywhere=True)


def imports_private_parts_of_dagster(module: Module) -> list[str]:
    """Names of `dagster._...` outside `instance`, the one door to them; texts that name one are found too."""
    if module.part == "instance":
        return []
    found = [name for name in _imports(ast.walk(module.tree)) if name.startswith("dagster._")]
    constants = (node.value for node in ast.walk(module.tree) if isinstance(node, ast.Constant))
    found += [text for text in constants if isinstance(text, str) and text.startswith("dagster._")]
    return sorted({f"{module.name} names {name}" for name in found})


def imports_heavy_libraries_at_load(module: Module) -> list[str]:
    """Libraries that cost seconds, imported when the module is loaded and not in the step that needs them."""
    return _breaks_of_imports(module, HEAVY, anywhere=False)


def unpickles(module: Module) -> list[str]:
    """Imports of formats that run code when they are read."""
    return _breaks_of_imports(module, {"pickle", "joblib", "cloudpickle", "dill", "shelve"}, anywhere=True)


def does_input_or_output(module: Module, *, may_read_files: bool = False) -> list[str]:
    """Calls that read or write files, and modules that talk to the outside; reading alone may be allowed."""
    reads = {"read_text", "is_file", "is_dir", "exists"} if may_read_files else set()
    found = _breaks_of_imports(module, _IO_MODULES, anywhere=True)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "os.environ":
            found.append(f"{module.name} reads os.environ")
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id in _IO_CALLS:
            found.append(f"{module.name} calls {called.id}")
        if isinstance(called, ast.Attribute) and called.attr in _IO_METHODS - reads:
            found.append(f"{module.name} calls {called.attr}")
    return found


def reads_a_clock(module: Module) -> list[str]:
    """Calls that ask for the time of day."""
    found = _breaks_of_imports(module, {"time"}, anywhere=True)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and ".".join(ast.unparse(node.func).split(".")[-2:]) in _CLOCK_CALLS:
            found.append(f"{module.name} calls {ast.unparse(node.func)}")
    return found


def reads_the_environment(module: Module) -> list[str]:
    """Uses of environment variables, directly or by pydantic-settings."""
    names = {node.id for node in ast.walk(module.tree) if isinstance(node, ast.Name)}
    attributes = {ast.unparse(node) for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)}
    imported = set(_imports(ast.walk(module.tree)))
    used = {"os.environ", "os.getenv", "BaseSettings", "os.environb"} & (names | attributes | imported)
    return sorted(f"{module.name} uses {name}" for name in used)


def builds_table_paths(module: Module) -> list[str]:
    """Paths joined from a folder of the lake, or the name of a month's file, made outside the layout."""
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            left = ast.unparse(node.left)
            if left.endswith(("data_dir", "raw_dir", ".table")):
                found.append(f"{module.name} joins {ast.unparse(node)}")
        if isinstance(node, ast.JoinedStr) and ast.unparse(node).rstrip("'\"").endswith("}.parquet"):
            found.append(f"{module.name} names {ast.unparse(node)}")
    return found


def postpones_annotations(module: Module) -> list[str]:
    """The future import under which Dagster cannot read the types of its functions."""
    imported = set(_imports(ast.walk(module.tree)))
    return [f"{module.name} postpones annotations"] if "__future__.annotations" in imported else []


def is_too_long(module: Module) -> list[str]:
    """More lines than a reader takes in."""
    lines = len(module.text.splitlines())
    return [f"{module.name} has {lines} lines, more than {MAX_LINES}"] if lines > MAX_LINES else []


def is_not_explained(module: Module, *, is_package: bool) -> list[str]:
    """No docstring, or one that does not say in a second paragraph what does not belong here."""
    said = ast.get_docstring(module.tree)
    if not said:
        return [f"{module.name} has no docstring"]
    return (
        []
        if is_package or "\n\n" in said or len(said.split()) < 16
        else [f"{module.name} does not say what is outside"]
    )


def exports_names(module: Module) -> list[str]:
    """Lists of exported names; a name is imported from where it stands."""
    names = {node.id for node in ast.walk(module.tree) if isinstance(node, ast.Name)}
    return [f"{module.name} defines __all__"] if "__all__" in names else []
