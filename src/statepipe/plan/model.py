"""Plan: the steps that a record takes, with every choice made that needs no record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from statepipe.errors import Place
from statepipe.functions.function import Function
from statepipe.plan.facts import Facts
from statepipe.record import DataHandlingMode

Role: TypeAlias = Literal[
    "schema", "pre_validator", "transform", "validator", "condition", "arc transform"
]

CHECKS: frozenset[Role] = frozenset({"schema", "pre_validator", "validator"})
TRANSFORMS: frozenset[Role] = frozenset({"transform", "arc transform"})


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One call of a function for a record.

    `number` is unique in the plan. `copies_in`: the function gets a copy of its own.
    `copies_out`: what it gives is copied. `in_place`: what it gives is put into the object that
    the record already is. `state` is the state whose name the function sees.
    """

    number: int
    role: Role
    function: Function
    facts: Facts
    state: str
    copies_in: bool
    copies_out: bool
    in_place: bool


@dataclass(frozen=True, slots=True, eq=False)
class PlannedArc:
    """An arc with its target as an index into `Plan.states`."""

    name: str
    target: int
    condition: Step | None
    transforms: tuple[Step, ...]
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class PlannedState:
    """A state: the steps on entry in order, then its arcs in the order they are tried."""

    index: int
    name: str
    is_end: bool
    mode: DataHandlingMode
    entry: tuple[Step, ...]
    arcs: tuple[PlannedArc, ...]
    place: Place

    def steps(self) -> Iterator[Step]:
        yield from self.entry
        for arc in self.arcs:
            if arc.condition is not None:
                yield arc.condition
            yield from arc.transforms


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What happens to a record, from `start` to an end state.

    `is_async`: some step has to be awaited. `resources` are what views show to functions.
    """

    name: str
    network: str
    states: tuple[PlannedState, ...]
    start: int
    mode: DataHandlingMode
    max_transitions: int
    is_async: bool
    resources: Mapping[str, Any] = field(default_factory=dict)

    @property
    def harmless(self) -> bool:
        """Whether every function leaves its record alone, so that no copy is ever needed."""
        steps = [step for state in self.states for step in state.steps()]
        return not any(step.facts.mutates or step.facts.leaks for step in steps)

    @property
    def asks(self) -> bool:
        """Whether some function may take what is bound to the run, such as `now()`."""
        return any(step.function.asks for state in self.states for step in state.steps())

    def index_of(self, name: str) -> int:
        """Return the index of the state called `name`; KeyError if there is none."""
        for state in self.states:
            if state.name == name:
                return state.index
        raise KeyError(name)
