"""Coverage: which states, arcs and conditions the tests of a config have reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from statepipe.plan.model import Plan, PlannedArc, PlannedState
from statepipe.plan.walk import Walk, Way
from statepipe.record import Outcome


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often each state was entered and each arc taken, and what each condition said.

    All in the order of the config; a clause of `catch` counts as an arc. States and arcs of the
    networks that records are pushed into are called `network:state` and `network:arc`.
    `conditions` holds, by the arc's name, how often it accepted and how often it did not.
    """

    states: Mapping[str, int]
    arcs: Mapping[str, int]
    conditions: Mapping[str, tuple[int, int]]

    @property
    def missed_states(self) -> list[str]:
        """The states that no record entered."""
        return [name for name, count in self.states.items() if not count]

    @property
    def missed_arcs(self) -> list[str]:
        """The arcs that no record took."""
        return [name for name, count in self.arcs.items() if not count]

    @property
    def always_true(self) -> list[str]:
        """The arcs whose conditions accepted every record that they were asked about."""
        return [name for name, (yes, no) in self.conditions.items() if yes and not no]

    @property
    def always_false(self) -> list[str]:
        """The arcs whose conditions accepted no record that they were asked about."""
        return [name for name, (yes, no) in self.conditions.items() if no and not yes]

    @property
    def percent(self) -> float:
        """How many of the states and arcs were reached, of a hundred."""
        total = len(self.states) + len(self.arcs)
        missed = len(self.missed_states) + len(self.missed_arcs)
        return 100 * (total - missed) / total


@dataclass(slots=True)
class Tally:
    """A growing coverage."""

    states: Counter[str] = field(default_factory=Counter)
    taken: Counter[Way] = field(default_factory=Counter)
    refused: Counter[Way] = field(default_factory=Counter)

    def add(self, walk: Walk, outcome: Outcome) -> None:
        """Count a walk that has come to its end."""
        plan = walk.plan
        self.states.update(innermost(name, plan) for name in outcome.path)
        if outcome.error is not None:
            states = (plan.states[index] for index in plan.on_failure)
            self.states.update(label_in(plan, state, state.name) for state in states)
        for way, chosen in walk.tried:
            (self.taken if chosen else self.refused)[way] += 1

    def coverage(self, plan: Plan) -> Coverage:
        """Return what was counted, of all that there is in `plan`."""
        ways = named_ways(plan)
        conditions = {
            name: way
            for name, way in ways.items()
            if isinstance(way, PlannedArc) and way.condition is not None
        }
        return Coverage(
            states={label: self.states[label] for label in state_labels(plan)},
            arcs={name: self.taken[way] for name, way in ways.items()},
            conditions={
                name: (self.taken[way], self.refused[way]) for name, way in conditions.items()
            },
        )


def named_ways(plan: Plan) -> dict[str, Way]:
    """Return the arcs and the clauses of `catch`, each under a name of its own."""
    named: dict[str, Way] = {}
    for state in plan.states:
        ways: list[Way] = [*state.arcs]
        if state.recovery is not None:
            ways += state.recovery.catches
        for way in ways:
            plain, number = label_in(plan, state, way.name), 1
            name = plain
            while name in named:
                number += 1
                name = f"{plain} {number}"
            named[name] = way
    return named


def label_in(plan: Plan, state: PlannedState, name: str) -> str:
    """Return what a part of the state's network is called: by that network, unless it is main."""
    return name if state.network == plan.network else f"{state.network}:{name}"


def state_labels(plan: Plan) -> list[str]:
    return [label_in(plan, state, state.name) for state in plan.states]


def innermost(name: str, plan: Plan) -> str:
    """Return the label of a state on a path, where it has all networks around it in its name."""
    labels = {f"{state.network}:{state.name}": state for state in plan.states}
    while name not in labels and ":" in name:
        shorter = name.partition(":")[2]
        if shorter not in labels and ":" not in shorter:
            break
        name = shorter
    state = labels.get(name)
    return name if state is None else label_in(plan, state, state.name)
