"""The calls that one function makes, with the kinds of its values.

What is followed and what is not is written in `call_graph`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from credit_platform_tests.call_graph import Function, Kind, Named, Package, is_property, one_of_kind, same_kind

_OFF_THE_WAY = (ast.Raise, ast.ExceptHandler)


@dataclass
class Body:
    """One function while its calls are read.

    Attributes:
        package: where names are looked up.
        module: the function's module.
        own: the class it is a method of.
        kinds: what is known of its variables.
    """

    package: Package
    module: str
    own: Named | None = None
    kinds: dict[str, Kind | None] = field(default_factory=dict)

    def calls(self, node: Function) -> list[Named]:
        """What the function calls, in the order of its text, each once."""
        self.learn(node)
        return list(dict.fromkeys(target for part in _on_the_way(node) for target in self._targets(part)))

    def learn(self, node: Function) -> None:
        """Note what parameters and assignments say of the function's variables."""
        for part in [node, *(inner for inner in ast.walk(node) if isinstance(inner, (ast.FunctionDef, ast.Lambda)))]:
            for argument in (*part.args.posonlyargs, *part.args.args, *part.args.kwonlyargs):
                if argument.annotation is not None:
                    self.kinds[argument.arg] = self.package.kind(argument.annotation, self.module, self.own)
        if self.own is not None and node.args.args:
            is_type = any(ast.unparse(decorator) == "classmethod" for decorator in node.decorator_list)
            self.kinds[node.args.args[0].arg] = Kind(self.own, is_type=is_type)
        # Twice, because a comprehension names its variable after it has used it.
        for _ in range(2):
            for part in ast.walk(node):
                self._learn_from(part)

    def _learn_from(self, part: ast.AST) -> None:
        match part:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind(target, self.kind_of(value), value)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                self.kinds[name] = self.package.kind(annotation, self.module, self.own)
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                self.kinds[name] = self.kind_of(value)
            case ast.For(target=target, iter=many) | ast.comprehension(target=target, iter=many):
                found = self.kind_of(many)
                is_bare_mapping = found is not None and len(found.parts) > 1 and not _is_items(many)
                self._bind(target, None if is_bare_mapping or found is None else self._element(many, found), None)
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                found = self.kind_of(value)
                self._bind(target, found.element if found and found.parts else found, None)

    def _element(self, many: ast.expr, found: Kind) -> Kind | None:
        return Kind(parts=found.parts) if _is_items(many) else found.element

    def _bind(self, target: ast.expr, kind: Kind | None, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            if kind is not None or target.id not in self.kinds:
                self.kinds[target.id] = kind
        elif isinstance(target, ast.Tuple):
            values = value.elts if isinstance(value, ast.Tuple) else [None] * len(target.elts)
            parts = kind.parts if kind else ()
            for n, inner in enumerate(target.elts):
                given = self.kind_of(values[n]) if n < len(values) and values[n] is not None else None
                part = parts[n] if len(parts) == len(target.elts) else (kind.element if kind else None)
                self._bind(inner, given or part, None)

    def kind_of(self, value: ast.expr | None) -> Kind | None:
        """What is known of an expression."""
        match value:
            case ast.Name(id=name):
                return self.kinds[name] if name in self.kinds else self._kind_of_constant(name)
            case ast.Attribute(value=base, attr=attr):
                return self._kind_of_member(self.kind_of(base), attr)
            case ast.Call():
                return self._kind_of_call(value)
            case ast.Subscript(value=base, slice=part):
                found = self.kind_of(base)
                return found if isinstance(part, ast.Slice) else _element_of(found)
        return self._kind_of_choice(value) or self._kind_of_collection(value)

    def _kind_of_choice(self, value: ast.expr | None) -> Kind | None:
        match value:
            case ast.IfExp(body=one, orelse=other):
                return self.kind_of(one) or self.kind_of(other)
            case ast.BoolOp(values=values):
                return next((kind for kind in map(self.kind_of, values) if kind), None)
        return None

    def _kind_of_collection(self, value: ast.expr | None) -> Kind | None:
        match value:
            case ast.ListComp(elt=inner) | ast.GeneratorExp(elt=inner) | ast.SetComp(elt=inner):
                return Kind(parts=(self.kind_of(inner),))
            case ast.DictComp(key=key, value=inner):
                return Kind(parts=(self.kind_of(key), self.kind_of(inner)))
            case ast.List(elts=[first, *_]):
                return Kind(parts=(self.kind_of(first),))
            case ast.Tuple(elts=elts):
                return Kind(parts=tuple(self.kind_of(inner) for inner in elts))
        return None

    def _kind_of_constant(self, name: str) -> Kind | None:
        found = self.package.resolve(self.module, name)
        if not isinstance(found, Named):
            return None
        node, there = self.package.node(found), Body(self.package, found.module)
        if isinstance(node, ast.AnnAssign):
            return self.package.kind(node.annotation, found.module)
        if isinstance(node, ast.ClassDef):
            return Kind(found, is_type=True)
        return there.kind_of(node.value) if isinstance(node, ast.Assign) else None

    def _kind_of_member(self, base: Kind | None, attr: str) -> Kind | None:
        found = self.package.member(base.cls, attr) if base and base.cls else None
        node = self.package.node(found) if found else None
        if found is None or base is None:
            return None
        if isinstance(node, ast.AnnAssign):
            return self.package.kind(node.annotation, found.module, base.cls)
        if isinstance(node, ast.FunctionDef) and is_property(node):
            return self.package.kind(node.returns, found.module, base.cls)
        return None

    def _kind_of_call(self, call: ast.Call) -> Kind | None:
        target = self._called(call.func)
        node = self.package.node(target) if target else None
        if target is not None and isinstance(node, ast.ClassDef):
            return Kind(target)
        if target is None or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return self._kind_of_builtin(call)
        base = self.kind_of(call.func.value) if isinstance(call.func, ast.Attribute) else None
        owner = target.name.rpartition(".")[0]
        own = base.cls if base else None
        return self.package.kind(node.returns, target.module, own or (Named(target.module, owner) if owner else None))

    def _kind_of_builtin(self, call: ast.Call) -> Kind | None:
        match call.func:
            case ast.Name(id=name) if call.args and same_kind(name):
                return self.kind_of(call.args[0])
            case ast.Name(id=name) if call.args and one_of_kind(name):
                return _element_of(self.kind_of(call.args[0]))
            case ast.Attribute(value=base, attr="items" | "copy"):
                return self.kind_of(base)
            case ast.Attribute(value=base, attr="values"):
                return Kind(parts=(_element_of(self.kind_of(base)),))
            case ast.Attribute(value=base, attr="get" | "pop"):
                return _element_of(self.kind_of(base))
        return None

    def _called(self, func: ast.expr) -> Named | None:
        match func:
            case ast.Name(id=name):
                known = self.kinds.get(name)
                if known is not None:
                    return known.cls if known.is_type else None
                found = self.package.resolve(self.module, name)
                return found if isinstance(found, Named) and self._is_callable(found) else None
            case ast.Attribute(value=base, attr=attr):
                kind = self.kind_of(base)
                if kind is not None and kind.cls is not None:
                    member = self.package.member(kind.cls, attr)
                    return member if member and self._is_callable(member) else None
                home = self.package.resolve(self.module, base.id) if isinstance(base, ast.Name) else None
                found = self.package.resolve(home, attr) if isinstance(home, str) else None
                return found if isinstance(found, Named) and self._is_callable(found) else None
        return None

    def _is_callable(self, named: Named) -> bool:
        node = self.package.node(named)
        return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))

    def _targets(self, part: ast.AST) -> Iterator[Named]:
        if isinstance(part, ast.Call):
            found = self._called(part.func)
            if found is not None and isinstance(self.package.node(found), ast.ClassDef):
                yield found
        elif isinstance(part, (ast.Name, ast.Attribute)):
            found = self._called(part)
            if found is not None and not isinstance(self.package.node(found), ast.ClassDef):
                yield found


def _element_of(found: Kind | None) -> Kind | None:
    return found.element if found else None


def _is_items(many: ast.expr) -> bool:
    return isinstance(many, ast.Call) and isinstance(many.func, ast.Attribute) and many.func.attr == "items"


def _on_the_way(node: ast.AST) -> Iterator[ast.AST]:
    """Every node of a function's body but those off the way, in the order of the text."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _OFF_THE_WAY) or child in getattr(node, "decorator_list", []):
            continue
        yield child
        yield from _on_the_way(child)
