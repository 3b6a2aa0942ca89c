"""From a loaded config and the program's functions to a machine; all problems at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any, TypeVar

from statepipe.config.files import lies_in
from statepipe.config.load import LoadedConfig
from statepipe.config.model import (
    ArcConfig,
    BuiltinFunction,
    CatchConfig,
    CustomFunction,
    FunctionConfig,
    InlineFunction,
    MachineConfig,
    NetworkConfig,
    RegisteredFunction,
    RetryConfig,
    StateConfig,
)
from statepipe.config.tree import MapNode, Node, Path, Scalar, Spot
from statepipe.errors import ConfigError, Place, Problem
from statepipe.functions.builtin import Kind
from statepipe.functions.function import Function
from statepipe.functions.reference import Reference, resolve
from statepipe.functions.schema import schema_function
from statepipe.graph.builtins import Workbench
from statepipe.graph.fingerprint import fingerprint
from statepipe.graph.model import Arc, Catch, Machine, Network, Retry, State
from statepipe.graph.names import arc_names, named
from statepipe.graph.pushes import push_of
from statepipe.graph.resources import declared_resources, resource_problems, rows_of
from statepipe.source_text import SourceText

Found = TypeVar("Found")


def build_machine(
    loaded: LoadedConfig,
    *,
    registered: Mapping[str, Callable[..., Any]],
    trusted: bool | None,
    given: Collection[str] = (),
) -> Machine:
    """Return the machine that a config means.

    `registered` holds the program's functions by name, `given` are the names of the resources
    that it gives. `trusted` None trusts a dict config and
    no file. Raises ConfigError with all problems: those of `loaded` and those of the functions.
    """
    is_trusted = not loaded.from_file if trusted is None else trusted
    bench = Workbench(loaded.folder, bounded=not is_trusted, rows=rows_of(loaded, given))
    builder = _Builder(loaded, registered, is_trusted, bench)
    model = loaded.model
    networks = [
        builder.network(network, ("networks", index))
        for index, network in enumerate(model.networks)
    ]
    builder.problems += resource_problems(loaded, given, trusted=is_trusted)
    if loaded.problems or builder.problems:
        raise loaded.error(builder.problems)
    return Machine(
        name=model.name,
        networks={network.name: network for network in networks},
        main=model.main_network or networks[0].name,
        data_mode=model.data_mode.default,
        max_transitions=model.max_transitions,
        timeout_s=model.timeout_seconds,
        resources=declared_resources(loaded),
        version=model.version,
        description=model.description,
        metadata=model.metadata,
        config_hash=config_hash(model),
        fingerprint=fingerprint(model)
        | {f"file {name!r}": digest for name, digest in bench.files.items()},
    )


def config_hash(model: MachineConfig) -> str:
    """Return the hex SHA-256 of the canonical config, defaults written out and tests left out.

    A callable counts by its module and qualified name: its body is not part of the hash.
    """
    values = model.model_dump(by_alias=True, exclude={"tests"})
    text = json.dumps(values, sort_keys=True, default=named, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True)
class _Builder:
    """Builds parts of a machine; functions that do not resolve are left out and told."""

    loaded: LoadedConfig
    registered: Mapping[str, Callable[..., Any]]  # user code: any signature
    trusted: bool
    bench: Workbench
    problems: list[Problem] = field(default_factory=list)

    def network(self, network: NetworkConfig, path: Path) -> Network:
        names = arc_names(network.arcs)
        arcs = [
            (arc.from_, self.arc(arc, names[index], (*path, "arcs", index)))
            for index, arc in enumerate(network.arcs)
        ]
        states = [
            self.state(
                state,
                network.name,
                by_priority(arc for source, arc in arcs if source == state.name),
                (*path, "states", index),
            )
            for index, state in enumerate(network.states)
        ]
        start = next((state.name for state in states if state.is_start), "")
        place = self.loaded.node(*path).at.place
        return Network(network.name, {state.name: state for state in states}, start, place)

    def state(self, state: StateConfig, network: str, arcs: tuple[Arc, ...], path: Path) -> State:
        self.check_sink(state.sink, (*path, "sink"))
        overrides = self.loaded.model.data_mode.state_overrides
        override = overrides.get(f"{network}:{state.name}", overrides.get(state.name))
        return State(
            name=state.name,
            is_start=state.is_start,
            is_end=state.is_end,
            schema=self.schema(state, (*path, "schema")),
            pre_validators=self.functions(state.pre_validators, (*path, "pre_validators")),
            transforms=self.functions(state.transforms, (*path, "transforms")),
            validators=self.functions(state.validators, (*path, "validators")),
            arcs=arcs,
            data_mode=state.data_mode or override,
            emit_output=state.emit_output,
            sink=state.sink,
            retry=None if state.retry is None else retry_of(state.retry),
            catch=tuple(
                self.catch(clause, (*path, "catch", index))
                for index, clause in enumerate(state.catch)
            ),
            timeout_s=state.timeout_s,
            run_on_failure=state.run_on_failure,
            resources=state.resources,
            place=self.loaded.node(*path).at.place,
            metadata=state.metadata,
        )

    def catch(self, clause: CatchConfig, path: Path) -> Catch:
        return Catch(frozenset(clause.errors), clause.to, self.loaded.node(*path).at.place)

    def check_sink(self, sink: str | None, path: Path) -> None:
        """Note a problem if an untrusted config would write outside the working folder."""
        at = self.loaded.node(*path).at
        if sink is not None and "\0" in sink:
            message = "no path holds a NUL character"
            self.problems.append(Problem(at.place, message, "remove it", at.span))
        elif sink is not None and not self.trusted and not stays_inside(sink):
            message = "the sink of an untrusted config must be a relative path below the working"
            advice = "links count for where they lead; pass trusted=True or --trust if you wrote it"
            self.problems.append(Problem(at.place, f"{message} folder", advice, at.span))

    def arc(self, arc: ArcConfig, name: str, path: Path) -> Arc:
        condition = None
        if arc.condition is not None:
            found = self.function(arc.condition, (*path, "condition"), "validator")
            condition = found[0] if found else None
        return Arc(
            name=name,
            target=arc.to,
            condition=condition,
            transforms=self.functions(arc.transforms, (*path, "transforms")),
            priority=arc.priority,
            resources=arc.resources,
            place=self.loaded.node(*path).at.place,
            metadata=arc.metadata,
            push=push_of(arc, self.loaded, path, self.problems),
        )

    def schema(self, state: StateConfig, path: Path) -> Function | None:
        if state.schema_ is None:
            return None
        at, schema = self.loaded.node(*path).at, state.schema_
        label = f"schema of state '{state.name}'"
        return self.resolved(at, lambda: schema_function(schema, label, at.place))

    def functions(self, configs: Sequence[FunctionConfig], path: Path) -> tuple[Function, ...]:
        kind: Kind = "transform" if path[-1] == "transforms" else "validator"
        found = (self.function(item, (*path, index), kind) for index, item in enumerate(configs))
        return tuple(function for functions in found for function in functions)

    def function(self, config: FunctionConfig, path: Path, kind: Kind) -> list[Function]:
        """Return the function, or of a chain its functions; none if there is something wrong."""
        node, bench = self.loaded.node(*path), self.bench
        if isinstance(config, BuiltinFunction):
            name, params = config.name, config.params
            built = self.resolved(node.at, lambda: bench.functions(name, params, node, kind))
            return built or []
        reference, at = reference_of(config, node, self.registered)
        found = self.resolved(
            at, lambda: resolve(reference, registered=self.registered, trusted=self.trusted)
        )
        return [] if found is None else [found]

    def resolved(self, at: Spot, resolve_it: Callable[[], Found]) -> Found | None:
        """Return what is found; if there is none, keep its problems, underlined."""
        try:
            return resolve_it()
        except ConfigError as error:
            for problem in error.problems:
                bare = problem.span is None and problem.place == at.place
                self.problems.append(replace(problem, span=at.span) if bare else problem)
            return None


def retry_of(config: RetryConfig) -> Retry:
    return Retry(
        config.max_attempts,
        config.backoff_s,
        config.backoff_rate,
        config.max_backoff_s,
        jitter=config.jitter == "full",
        errors=frozenset(config.errors),
    )


def stays_inside(path: str) -> bool:
    """Tell whether a path is relative and leads nowhere but down from the working folder."""
    pure = PurePath(path)
    return not pure.is_absolute() and ".." not in pure.parts and lies_in(path, "")


def by_priority(arcs: Iterable[Arc]) -> tuple[Arc, ...]:
    """Return the arcs in the order they are tried: priority high to low, then as given."""
    return tuple(sorted(arcs, key=lambda arc: -arc.priority))


def reference_of(
    config: FunctionConfig, node: Node, registered: Mapping[str, Callable[..., Any]]
) -> tuple[Reference, Spot]:
    """Return the reference that a function's config makes, and the spot that messages point at.

    A bare text names a registered function if there is one of that name, else it is inline code.
    """
    match config:
        case InlineFunction(code=code):
            return _inline(code, _part(node, "code"))
        case RegisteredFunction(name=name):
            at = _part(node, "name").at
            return Reference("registered", at.place, name=name), at
        case CustomFunction(module=module, name=name, params=params):
            at = _part(node, "name").at
            return _custom(at.place, module, name, params, _part(node, "params")), at
        case str() if config in registered:
            return Reference("registered", node.at.place, name=config), node.at
        case str():
            return _inline(config, node)
        case BuiltinFunction():
            raise ValueError("a builtin function is no reference")
    return Reference("callable", node.at.place, target=config), node.at


def _custom(
    place: Place, module: str, name: str, params: Mapping[str, Any], node: Node
) -> Reference:
    entries = node.entries if isinstance(node, MapNode) else ()
    places = {entry.key: entry.at.place for entry in entries}
    return Reference("custom", place, module=module, name=name, params=params, places=places)


def _inline(code: str, node: Node) -> tuple[Reference, Spot]:
    source = node.source if isinstance(node, Scalar) else None
    if source is None:
        source = SourceText.of_keys(code, node.at.place.keys)
    return Reference("inline", node.at.place, code=source), node.at


def _part(node: Node, key: str) -> Node:
    part = node.get(key) if isinstance(node, MapNode) else None
    return part if part is not None else node
