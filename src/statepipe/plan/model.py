"""Plan: the steps that a record takes, with every choice made that needs no record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from statepipe.config.model import Isolation
from statepipe.errors import Place
from statepipe.functions.function import Function, Memory
from statepipe.functions.life import Life
from statepipe.functions.view import EMPTY
from statepipe.graph.model import FieldPairs, Retry
from statepipe.plan.facts import Facts
from statepipe.record import DataHandlingMode

Role: TypeAlias = Literal[
    "resources", "schema", "pre_validator", "transform", "validator", "condition", "arc transform"
]
HANDING_IN, HANDING_BACK = "data mapping", "result mapping"
"""What is done between networks, as failures tell it."""

CHECKS: frozenset[Role] = frozenset({"resources", "schema", "pre_validator", "validator"})
TRANSFORMS: frozenset[Role] = frozenset({"transform", "arc transform"})


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One call of a function for a record.

    `number` is unique in the plan. `copies_in`: the function gets a copy of its own.
    `copies_out`: what it gives is copied. `in_place`: what it gives is put into the object that
    the record already is. `state` and `network` are the names that the function sees, and
    `resources` the resources.
    """

    number: int
    role: Role
    function: Function
    facts: Facts
    state: str
    copies_in: bool
    copies_out: bool
    in_place: bool
    resources: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    network: str = "main"


@dataclass(frozen=True, slots=True, eq=False)
class PlannedPush:
    """A way through another network; `back` is the index of the state where it leads in the end.

    `number` is unique in the plan. `copies`: the record is copied on the way in and back.
    `in_place`: what comes back is put into the object that the record was. The mappings are
    as in `graph.model.Push`.
    """

    number: int
    network: str
    back: int
    isolation: Isolation
    data_mapping: FieldPairs | None
    result_mapping: FieldPairs | None
    copies: bool
    in_place: bool

    @property
    def hands_over(self) -> bool:
        """Whether the record goes in as it is."""
        return self.isolation != "serialize" and not self.copies and self.data_mapping is None

    @property
    def takes_over(self) -> bool:
        """Whether what the network gives goes on as it is."""
        return self.hands_over and self.result_mapping is None and not self.in_place


@dataclass(frozen=True, slots=True, eq=False)
class PlannedArc:
    """An arc with its target as an index into `Plan.states`.

    With `push`, the target is where the record enters the other network.
    """

    name: str
    target: int
    condition: Step | None
    transforms: tuple[Step, ...]
    place: Place
    push: PlannedPush | None = None

    @property
    def next(self) -> int:
        """The index of the state where the record is, in the same network, after this arc."""
        return self.target if self.push is None else self.push.back


@dataclass(frozen=True, slots=True, eq=False)
class PlannedCatch:
    """A way out of a state for records that have failed at it; `target` as in `PlannedArc`."""

    name: str
    errors: frozenset[str]
    target: int
    place: Place

    @property
    def next(self) -> int:
        """As `PlannedArc.next`."""
        return self.target


@dataclass(frozen=True, slots=True, eq=False)
class Recovery:
    """What becomes of a record that fails at a state.

    `keeps`: some function of the state may change in place what the record was on entry, so
    that it has to be kept.
    """

    retry: Retry | None
    catches: tuple[PlannedCatch, ...]
    keeps: bool


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
    recovery: Recovery | None = None
    timeout_s: float | None = None
    network: str = "main"

    def steps(self) -> Iterator[Step]:
        yield from self.entry
        for arc in self.arcs:
            if arc.condition is not None:
                yield arc.condition
            yield from arc.transforms


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What happens to a record, from `start` to an end state of `network`.

    `states` are those of `network`, then those of the networks that its arcs lead through.
    `is_async`: some step has to be awaited. `resources` are what views show to functions.
    `timeout_s` is for one record, from start to end. `on_failure` are the states whose transforms
    run for a record that has failed for good. `waits`: functions that are not async may wait for
    the outside through their resources. `hide` strikes out secrets of these.
    """

    name: str
    network: str
    states: tuple[PlannedState, ...]
    start: int
    mode: DataHandlingMode
    max_transitions: int
    is_async: bool
    resources: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float | None = None
    on_failure: tuple[int, ...] = ()
    waits: bool = False
    hide: Callable[[str], str] | None = None

    @property
    def recovers(self) -> bool:
        """Whether a record may go on after a failure."""
        return any(state.recovery is not None for state in self.states)

    @property
    def needs_timing(self) -> bool:
        """Whether records are waited for, or their time is limited."""
        return self.timeout_s is not None or any(map(needs_timing, self.states))

    @property
    def harmless(self) -> bool:
        """Whether every function leaves its record alone, so that no copy is ever needed."""
        steps = [step for state in self.states for step in state.steps()]
        return not any(step.facts.mutates or step.facts.leaks for step in steps)

    @property
    def changes_in_place(self) -> bool:
        """Whether some step or push may change the very object that came in, or what is in it."""
        arcs = (arc for state in self.states for arc in state.arcs)
        return any(
            changes_in_place(step) for state in self.states for step in state.steps()
        ) or any(arc.push is not None and arc.push.in_place for arc in arcs)

    @property
    def asks(self) -> bool:
        """Whether some function may take what is bound to the run, such as `now()`."""
        return any(step.function.asks for state in self.states for step in state.steps())

    @property
    def scopes(self) -> dict[str, Mapping[str, Any]]:
        """The resources that some steps see in place of all, by the names they have in code."""
        scopes: list[Mapping[str, Any]] = []
        for step in (step for state in self.states for step in state.steps()):
            if not any(step.resources is scope for scope in (self.resources, EMPTY, *scopes)):
                scopes.append(step.resources)
        return {f"resources_{number}": scope for number, scope in enumerate(scopes, 1)}

    @property
    def lives(self) -> list[Life]:
        """What has to be set up before a run, each object once, in the order of the steps."""
        functions = [step.function for state in self.states for step in state.steps()]
        found = {id(each.life.target): each.life for each in functions if each.life is not None}
        return list(found.values())

    @property
    def memory(self) -> Memory:
        """What the functions remember of the records before."""
        kept = {step.function.memory for state in self.states for step in state.steps()}
        return "run" if "run" in kept else "worker" if "worker" in kept else "none"

    def remembering(self) -> list[str]:
        """Return the labels of the functions that remember, each once."""
        steps = [step for state in self.states for step in state.steps()]
        return sorted({s.function.label for s in steps if s.function.memory != "none"})

    @property
    def own_states(self) -> tuple[PlannedState, ...]:
        """The states of `network`, where records enter and leave."""
        return tuple(state for state in self.states if state.network == self.network)

    def index_of(self, name: str) -> int:
        """Return the index of the state of `network` called `name`; KeyError if there is none."""
        for state in self.own_states:
            if state.name == name:
                return state.index
        raise KeyError(name)


def changes_in_place(step: Step) -> bool:
    """Tell whether a step may change the record that it is given, or what is in it."""
    changes = step.facts.mutates or step.facts.leaks
    return step.in_place or (changes and not step.copies_in)


def needs_timing(state: PlannedState) -> bool:
    retry = state.recovery.retry if state.recovery is not None else None
    return state.timeout_s is not None or (retry is not None and retry.backoff_s > 0)
