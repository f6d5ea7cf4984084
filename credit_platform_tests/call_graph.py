"""The call graph of a package, read from its source without importing it.

A call is followed when its target is plain:

- a function, or a class, that is defined in the module or imported from the package; imports inside functions count
- an attribute of an imported module of the package
- a method or property of a value whose class is plain: from an annotation (of a parameter, field, variable, returned
  value or of the elements of a collection), from a constructor, or because it is `self` or `cls`; inherited ones too
- a function that is named without being called, since it is handed on to be called

A class that is instantiated counts as called, with its `__init__` and `__post_init__`. A function inside a function is
part of it.

Not followed: decorators; calls in `raise` and `except`, which are off the way; operators such as `a[b]`; a callable in
a field or behind a protocol, and methods that a subclass replaces; whatever runs when a module is imported. A class
that is only named, or whose fields are only read, is not called. Which functions to begin with, and what the numbers
mean, belong to `module_paths`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
_MANY = {"Sequence", "Iterable", "Iterator", "Collection", "Generator", "list", "set", "frozenset", "Set"}
_BY_KEY = {"Mapping", "dict", "MutableMapping", "defaultdict"}
_WRAPPERS = {"Annotated", "Optional", "ResourceDependency", "ResourceParam", "Final", "ClassVar"}
# Functions that give back what they are given, and those that give back one of its elements.
_SAME = {"sorted", "list", "tuple", "reversed", "set", "frozenset", "dict", "replace", "iter", "filter"}
_ONE = {"next", "max", "min"}


@dataclass(frozen=True)
class Named:
    """A class or function of the package: its module, and its name within the module."""

    module: str
    name: str


@dataclass(frozen=True)
class Kind:
    """What is known of a value: its class, or the kind of its elements; `is_type` where it is the class itself."""

    cls: Named | None = None
    parts: tuple[Kind | None, ...] = ()
    is_type: bool = False

    @property
    def element(self) -> Kind | None:
        """The kind of one element, of a mapping one value."""
        return self.parts[-1] if self.parts else None


@dataclass
class Source:
    """One module: its definitions by name, and what its imports mean."""

    name: str
    tree: ast.Module
    defined: dict[str, ast.stmt] = field(default_factory=dict)
    imports: dict[str, Named] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in self.tree.body:
            self._define(node)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    self.imports[alias.asname or alias.name] = Named(node.module, alias.name)

    def _define(self, node: ast.stmt) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self.defined[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            self.defined[node.targets[0].id] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            self.defined[node.target.id] = node


@dataclass
class Package:
    """Every module of a package, by its name within the package."""

    folder: Path

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The modules, without the package's own name in front."""
        found = {}
        for file in sorted(self.folder.rglob("*.py")):
            parts = file.relative_to(self.folder).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = Source(name, ast.parse(file.read_text(encoding="utf-8")))
        return found

    def resolve(self, module: str, name: str) -> Named | str | None:
        """What a name means in a module: a definition, the name of a module of the package, or None for neither."""
        source = self.sources[module]
        if name in source.defined:
            return Named(module, name)
        given = source.imports.get(name)
        home = self._inner(given.module) if given else None
        if given is None or home is None:
            return None
        inner = f"{home}.{given.name}".lstrip(".")
        if inner in self.sources:
            return inner
        return self.resolve(home, given.name) if home in self.sources else None

    def _inner(self, module: str) -> str | None:
        own = self.folder.name
        return module.removeprefix(own).lstrip(".") if module == own or module.startswith(f"{own}.") else None

    def node(self, named: Named) -> ast.stmt | None:
        """The definition of a name; `A.b` is the member `b` of the class `A`."""
        owner, _, member = named.name.partition(".")
        found = self.sources[named.module].defined.get(owner)
        if not member:
            return found
        return next((n for n in getattr(found, "body", []) if _name_of(n) == member), None)

    def bases(self, cls: Named) -> Iterator[Named]:
        """A class and those of the package it inherits from, nearest first."""
        yield cls
        node = self.node(cls)
        for base in node.bases if isinstance(node, ast.ClassDef) else []:
            kind = self.kind(base, cls.module)
            if kind is not None and kind.cls is not None:
                yield from self.bases(kind.cls)

    def member(self, cls: Named, name: str) -> Named | None:
        """A field, method or property of a class, its own or inherited."""
        members = (Named(base.module, f"{base.name}.{name}") for base in self.bases(cls))
        return next((member for member in members if self.node(member) is not None), None)

    def kind(self, annotation: ast.expr | None, module: str, own: Named | None = None) -> Kind | None:
        """What an annotation says of a value."""
        match annotation:
            case ast.Constant(value=str(text)):
                return self.kind(ast.parse(text, mode="eval").body, module, own)
            case ast.BinOp(left=left, right=right):
                return self.kind(left, module, own) or self.kind(right, module, own)
            case ast.Subscript(value=value, slice=inner):
                parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                return self._kind_of_parts(ast.unparse(value).rsplit(".", 1)[-1], value, parts, module, own)
            case ast.Name(id="Self"):
                return Kind(own) if own else None
            case ast.Name() | ast.Attribute():
                return self._kind_named(self._meaning(annotation, module))
        return None

    def _meaning(self, name: ast.Name | ast.Attribute, module: str) -> Named | str | None:
        if isinstance(name, ast.Name):
            return self.resolve(module, name.id)
        home = self.resolve(module, name.value.id) if isinstance(name.value, ast.Name) else None
        return self.resolve(home, name.attr) if isinstance(home, str) else None

    def _kind_named(self, found: Named | str | None) -> Kind | None:
        if not isinstance(found, Named):
            return None
        node = self.node(found)
        if isinstance(node, ast.ClassDef):
            return Kind(found)
        return self.kind(node.value, found.module) if isinstance(node, ast.Assign) else None

    def _kind_of_parts(
        self, name: str, value: ast.expr, parts: list[ast.expr], module: str, own: Named | None
    ) -> Kind | None:
        if name in _WRAPPERS:
            return self.kind(parts[0], module, own)
        if name not in {*_MANY, *_BY_KEY, "type", "tuple"}:
            return self.kind(value, module, own) if isinstance(value, ast.Name) else None
        kinds = tuple(self.kind(part, module, own) for part in parts)
        if name == "type":
            return Kind(kinds[0].cls, is_type=True) if kinds[0] else None
        if name in _MANY:
            return Kind(parts=kinds[:1])
        if name in _BY_KEY:
            return Kind(parts=kinds[:2])
        is_open = len(parts) == 2 and isinstance(parts[1], ast.Constant) and parts[1].value is ...
        return Kind(parts=kinds[:1] if is_open else kinds)


def _name_of(node: ast.stmt) -> str | None:
    if isinstance(node, ast.AnnAssign):
        return node.target.id if isinstance(node.target, ast.Name) else None
    if isinstance(node, ast.Assign):
        return node.targets[0].id if isinstance(node.targets[0], ast.Name) else None
    return getattr(node, "name", None)


def is_property(node: ast.stmt | None) -> bool:
    """Whether a member is read like a field and runs like a function."""
    return isinstance(node, ast.FunctionDef) and any(
        ast.unparse(decorator).rsplit(".", 1)[-1] in {"property", "cached_property"}
        for decorator in node.decorator_list
    )


def same_kind(name: str) -> bool:
    """Whether a function of Python gives back the kind it is given."""
    return name in _SAME


def one_of_kind(name: str) -> bool:
    """Whether a function of Python gives back one element of what it is given."""
    return name in _ONE
