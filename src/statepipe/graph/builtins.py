"""Builtins of a config: found in the library, checked, built, and made functions of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from statepipe.config.attached import AttachedError, attached_text
from statepipe.config.tree import MapNode, Node, Spot, find
from statepipe.errors import ConfigError, Problem
from statepipe.functions.builtin import Builtin, Kind, Made, Nested, Origin, ParamError
from statepipe.functions.expressions import written
from statepipe.functions.function import Function
from statepipe.functions.library.registry import UnknownBuiltinError, library
from statepipe.functions.signature import is_async
from statepipe.graph.params import HIDDEN, checked_params, secret_fields
from statepipe.graph.resources import Rows

MAX_NESTING = 10
MEANT = {
    "transform": "it changes records; name it in `transforms`",
    "validator": "it judges records; name it in `validators`, `pre_validators` or a `condition`",
}


@dataclass(slots=True)
class Workbench:
    """Builds the builtins of one config, nested ones included.

    `folder` is what paths count from, and `bounded` whether they must stay in it. `files` holds
    the digest of each file that was read, by the name that the config gives it, and `rows` knows
    which resources can be asked for rows.
    """

    folder: str
    bounded: bool
    rows: Rows = field(default_factory=Rows)
    files: dict[str, str] = field(default_factory=dict)

    def functions(
        self, name: str, params: Mapping[str, Any], node: Node, kind: Kind
    ) -> list[Function]:
        """Return what the builtin at `node` stands for: of a chain, each of its functions.

        Raises ConfigError with all that is wrong with it.
        """
        return [function_of(made, kind) for made in self.build(name, params, node, kind)]

    def build(
        self, name: str, params: Mapping[str, Any], node: Node, kind: Kind, depth: int = 0
    ) -> tuple[Made, ...]:
        at = part(node, "name").at
        builtin = self._found(name, at, kind)
        if depth > MAX_NESTING:
            message = f"builtin functions nested deeper than {MAX_NESTING}"
            raise ConfigError([Problem(at.place, message, "name one of the inner ones alone")])
        own = find(node, ("params",))
        checked = checked_params(builtin, params, own)
        try:
            made = builtin.build(checked, Site(self, builtin, own, depth))
        except ParamError as error:
            raise ConfigError([told(builtin, error, own)]) from error
        origin = Origin(name, at.place, node.at.place.keys)
        several = made if isinstance(made, tuple) else (made,)
        return tuple(each if each.origin else replace(each, origin=origin) for each in several)

    def _found(self, name: str, at: Spot, kind: Kind) -> Builtin[Any]:
        try:
            builtin: Builtin[Any] = library().get(name)
        except UnknownBuiltinError as error:
            raise ConfigError([Problem(at.place, str(error), error.advice, at.span)]) from error
        if builtin.kind != kind:
            message = f"builtin function {name!r} is a {builtin.kind}, not a {kind}"
            raise ConfigError([Problem(at.place, message, MEANT[builtin.kind], at.span)])
        return builtin


@dataclass(frozen=True, slots=True)
class Site:
    """The bench at which one builtin is built. Its parameters stand at `node`."""

    bench: Workbench
    builtin: Builtin[Any]
    node: Node
    depth: int

    def text_of(self, path: str, param: str) -> str:
        try:
            text = attached_text(path, self.bench.folder, bounded=self.bench.bounded)
        except AttachedError as error:
            raise ParamError(param, error.message, error.advice) from error
        self.bench.files[path] = hashlib.sha256(text.encode()).hexdigest()[:16]
        return text

    def check_rows(self, resource: str, param: str) -> None:
        fault = self.bench.rows.fault(resource)
        if fault is not None:
            raise ParamError(param, *fault)

    def validator(self, nested: Nested, *path: str | int) -> Made:
        """As `Bench`. One that has to be awaited could only be asked by one that awaits it."""
        [made] = self._made(nested, "validator", path)
        if is_async(made.call):
            message = f"{nested.name!r} is async, and {self.builtin.name!r} cannot wait for it"
            raise ParamError((*path, "name"), message, "name it by itself, in `validators`")
        return made

    def transforms(self, nested: Nested, *path: str | int) -> tuple[Made, ...]:
        return self._made(nested, "transform", path)

    def _made(self, nested: Nested, kind: Kind, path: tuple[str | int, ...]) -> tuple[Made, ...]:
        node = find(self.node, path)
        return self.bench.build(nested.name, nested.params, node, kind, self.depth + 1)


def told(builtin: Builtin[Any], error: ParamError, node: Node) -> Problem:
    """Return the problem of a parameter, underlined where it stands."""
    found = find(node, error.path)
    name = ".".join(map(str, error.path))
    what = f"parameter {name!r} of builtin" if name else "builtin"
    message = f"{what} function {builtin.name!r}: {error.message}"
    hidden = bool(error.path) and error.path[0] in secret_fields(builtin.params)
    return Problem(found.at.place, message, error.advice, None if hidden else found.at.span)


def function_of(made: Made, kind: Kind) -> Function:
    """Return the function that a builtin has become."""
    origin = made.origin
    assert origin is not None
    waits = is_async(made.call)
    inline = written(made, kind, origin.keys) if made.pure and not waits else None
    return Function(
        label=f"builtin {origin.name!r}",
        call=inline.call if inline is not None else made.call,
        style=made.style,
        is_async=waits,
        place=origin.place,
        asks=made.asks,
        pure=made.pure,
        expression=inline.code if inline is not None else None,
        memory=made.memory,
    )


def part(node: Node, key: str) -> Node:
    found = node.get(key) if isinstance(node, MapNode) else None
    return found if found is not None else node


def without_secrets(value: Any) -> Any:  # what a config may hold
    """Return a dumped config with the secret parameters of its builtins hidden."""
    if isinstance(value, list | tuple):
        return type(value)(without_secrets(item) for item in value)
    if not isinstance(value, Mapping):
        return value
    shown = {key: without_secrets(item) for key, item in value.items()}
    name, params = value.get("name"), value.get("params")
    if value.get("type", "builtin") != "builtin" or not isinstance(params, Mapping) or not params:
        return shown
    if isinstance(name, str) and name in library().entries:
        hidden = secret_fields(library().get(name).params)
        shown["params"] |= {key: HIDDEN for key in params if key in hidden}
    return shown
