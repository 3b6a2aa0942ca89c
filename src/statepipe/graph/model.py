"""Machine, Network, State and Arc: what a config means. Frozen; nothing here runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from statepipe.errors import Place
from statepipe.functions.function import Function
from statepipe.record import DataHandlingMode


@dataclass(frozen=True, slots=True, eq=False)
class Arc:
    """A way from one state to another. Without `condition` it accepts every record."""

    name: str
    target: str
    condition: Function | None = None
    transforms: tuple[Function, ...] = ()
    priority: int = 0
    place: Place = field(default_factory=Place)
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A state with its functions in the order they run, and its arcs in the order they are tried.

    Arcs stand priority high to low, then as written. `data_mode` None means the machine's.
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
    place: Place = field(default_factory=Place)
    metadata: Mapping[str, Any] = field(default_factory=dict)


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
    """

    name: str
    networks: Mapping[str, Network]
    main: str
    data_mode: DataHandlingMode | None = None
    max_transitions: int = 1000
    version: str | None = None
    description: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    config_hash: str = ""
    fingerprint: Mapping[str, str] = field(default_factory=dict)

    @property
    def main_network(self) -> Network:
        return self.networks[self.main]
