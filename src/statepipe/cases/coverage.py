"""Coverage: which states, arcs and conditions the tests of a config have reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from statepipe.plan.interpret import Walk, Way
from statepipe.plan.model import Plan, PlannedArc
from statepipe.record import Outcome


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often each state was entered and each arc taken, and what each condition said.

    All in the order of the config; a clause of `catch` counts as an arc. `conditions` holds, by
    the arc's name, how often it accepted and how often it did not.
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
        self.states.update(outcome.path)
        if outcome.error is not None:
            plan = walk.plan
            self.states.update(plan.states[index].name for index in plan.on_failure)
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
            states={state.name: self.states[state.name] for state in plan.states},
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
            name, number = way.name, 1
            while name in named:
                number += 1
                name = f"{way.name} {number}"
            named[name] = way
    return named
