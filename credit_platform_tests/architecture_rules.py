"""The rules of the architecture as functions from one module's source to the sentences that it breaks.

Which rule holds for which package, and planted sources that break each, stand in test_architecture.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "credit_platform"
MAX_LINES = 300
HEAVY = frozenset({"lightgbm", "sklearn", "scipy", "plotly", "evidently", "pandas", "kaleido"})
PURE = frozenset(
    {"lending", "features", "scoring", "monitoring", "schemas", "reports", "synthetic", "policy", "errors"}
)
# What each part may import of the others; the arrow points one way.
MAY_IMPORT = {
    **dict.fromkeys(PURE, PURE),
    "settings": PURE,
    "lake": PURE | {"lake"},
    "partitions": PURE | {"settings"},
    "assets": PURE | {"lake", "settings", "partitions", "assets"},
    "checks": PURE | {"lake", "settings", "partitions", "assets", "checks"},
    "automation": PURE | {"lake", "settings", "partitions", "assets", "checks", "automation"},
    "definitions": PURE | {"lake", "settings", "partitions", "assets", "checks", "automation", "quick_start"},
    "quick_start": frozenset(),
    "run_history": frozenset(),
    # The platform from Python stands beside the command line and runs what it runs.
    "checkers": PURE | {"lake", "settings", "partitions", "assets", "checks", "automation", "cli"},
    "orchestrator": PURE | {"lake", "settings", "partitions", "assets", "checks", "automation", "cli"},
    "cli": PURE | {"lake", "settings", "partitions", "assets", "checks", "automation", "definitions", "cli"},
}
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


def points_against_the_arrow(module: Module) -> list[str]:
    """Imports of parts that lie above this one."""
    allowed = MAY_IMPORT.get(module.part, frozenset())
    reached = {name.split(".")[1] for name in _imports(ast.walk(module.tree)) if name.startswith(f"{PACKAGE}.")}
    return sorted(f"{module.name} imports {part}" for part in reached - allowed)


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
