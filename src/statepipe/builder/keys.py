"""Keys: what may be said of a machine, a state and an arc, with the types that editors check.

Each is a key of the config under its own name, but for `when`, which is `condition`, `through`,
which is `target_network`, and the spellings `transform` and `validator`. A test compares them with
the config's model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias, TypedDict

from statepipe.config.model import Isolation
from statepipe.functions.view import Context, StateView
from statepipe.record import DataHandlingMode, Record

Function: TypeAlias = (
    Callable[[StateView], object] | Callable[[Record, Context], object] | str | Mapping[str, Any]
)
"""A function of the state or of `(data, context)`, inline code, a name, or `{type: ...}`."""

Functions: TypeAlias = Function | Sequence[Function]
Mode: TypeAlias = DataHandlingMode | Literal["copy", "reference", "direct"]
Metadata: TypeAlias = Mapping[str, Any]  # the author's


class MachineKeys(TypedDict, total=False):
    """Of a machine, beside its name and its networks."""

    version: str
    description: str
    data_mode: Mode | Mapping[str, Any]
    max_transitions: int
    timeout_seconds: float
    metadata: Metadata
    resources: Sequence[Mapping[str, Any]]
    tests: Sequence[Mapping[str, Any]]


class StateKeys(TypedDict, total=False):
    """Of a state, beside its name."""

    is_start: bool
    is_end: bool
    schema: Mapping[str, Any]
    pre_validators: Functions
    transform: Functions
    transforms: Functions
    validator: Functions
    validators: Functions
    data_mode: Mode
    emit_output: bool
    sink: str
    run_on_failure: bool
    retry: Mapping[str, Any]
    catch: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    on_error: str
    timeout_s: float
    resources: Sequence[str]
    metadata: Metadata


class Entrance(Protocol):
    """Where an arc may lead through: a network, or a state of it."""

    @property
    def entrance(self) -> str:
        """`network`, or `network:state`."""
        ...


class ArcKeys(TypedDict, total=False):
    """Of an arc, beside the states that it connects. `when` is its condition.

    `through` is the network that a push arc leads through, or the state where it enters it.
    """

    name: str
    when: Function
    through: Entrance
    data_isolation: Isolation
    data_mapping: Mapping[str, str]
    result_mapping: Mapping[str, str]
    transform: Functions
    transforms: Functions
    priority: int
    resources: Sequence[str]
    metadata: Metadata


CANONICAL = {"when": "condition", "through": "target_network"}
"""Keys of the builder that the config calls otherwise."""
