"""Machine, Network, State, Arc, Retry and Catch: what a config means. Nothing here runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from statepipe.config.model import Isolation
from statepipe.config.resource_config import ResourceConfig
from statepipe.errors import Place
from statepipe.functions.function import Function
from statepipe.functions.library.fields import FieldPath
from statepipe.record import DataHandlingMode

FieldPairs: TypeAlias = tuple[tuple[FieldPath, FieldPath], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Arc:
    """A way from one state to another. Without `condition` it accepts every record.

    `resources` are those that its functions see; None for those that the state sees. With `push`
    it leads through another network on its way, and `target` is where the record goes on.
    """

    name: str
    target: str
    condition: Function | None = None
    transforms: tuple[Function, ...] = ()
    priority: int = 0
    resources: tuple[str, ...] | None = None
    place: Place = field(default_factory=Place)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    push: Push | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Push:
    """A way through another network, from `state` or its start to one of its ends.

    The mappings are pairs of paths, from and to; None for the record as a whole.
    """

    network: str
    state: str | None
    isolation: Isolation
    data_mapping: FieldPairs | None = None
    result_mapping: FieldPairs | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Retry:
    """How often a state is run for a record that fails at it, the first time included.

    Attempt n is followed by a wait of `min(max_backoff_s, backoff_s * backoff_rate ** (n - 1))`
    seconds; with `jitter`, by any part of it. `errors` are names of types, `*` for all.
    """

    max_attempts: int
    backoff_s: float
    backoff_rate: float
    max_backoff_s: float
    jitter: bool
    errors: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Catch:
    """The state where a record goes on that has failed with one of `errors`, `*` for all."""

    errors: frozenset[str]
    target: str
    place: Place = field(default_factory=Place)


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A state with its functions in the order they run, and its arcs in the order they are tried.

    Arcs stand priority high to low, then as written. `data_mode` None means the machine's.
    A record that fails here is retried first, then caught by the first clause that fits.
    `timeout_s` holds for each attempt. `resources` are opened for it; None if it sees all there
    are, each opened when it is first taken.
    """

    name: str
    is_start: bool = False
    is_end: bool = False
    schema: Function | None = None
    pre_validators: tuple[Function, ...] = ()
    transforms: tuple[Function, ...] = ()
    validators: tuple[Function, ...] = ()
    arcs: tuple[Arc, ...] = ()
    data_mode: DataHandlingMode | None = None
    emit_output: bool = True
    sink: str | None = None
    retry: Retry | None = None
    catch: tuple[Catch, ...] = ()
    timeout_s: float | None = None
    run_on_failure: bool = False
    resources: tuple[str, ...] | None = None
    place: Place = field(default_factory=Place)
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class DeclaredResource:
    """A resource as the config declares it. `path`: where its file or folder is, if it has one."""

    config: ResourceConfig
    place: Place
    path: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """States by name, in written order; `start` names the one start state."""

    name: str
    states: Mapping[str, State]
    start: str
    place: Place = field(default_factory=Place)


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """A whole config: its networks by name, the one that records enter, and its limits.

    `config_hash` is a hex SHA-256 of the canonical config, callables by their qualified names;
    `fingerprint` holds a digest of each of its parts that changes what becomes of records.
    `timeout_s` is for one record from its start to its end.
    """

    name: str
    networks: Mapping[str, Network]
    main: str
    data_mode: DataHandlingMode | None = None
    max_transitions: int = 1000
    timeout_s: float | None = None
    resources: tuple[DeclaredResource, ...] = ()
    version: str | None = None
    description: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    config_hash: str = ""
    fingerprint: Mapping[str, str] = field(default_factory=dict)

    @property
    def main_network(self) -> Network:
        return self.networks[self.main]

    @property
    def inner_networks(self) -> list[Network]:
        """The networks that records are pushed into on their way, main aside, each once."""
        found = [self.main_network]
        for network in found:  # grows while it is walked
            for arc in (arc for state in network.states.values() for arc in state.arcs):
                if arc.push is not None and self.networks[arc.push.network] not in found:
                    found.append(self.networks[arc.push.network])
        return found[1:]
