"""Machine -> Plan: functions analysed, modes settled, arcs resolved to indices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from statepipe.errors import Place
from statepipe.functions.function import Function
from statepipe.graph.model import Arc, Machine, Network, Push, State
from statepipe.plan.analyse import analyse
from statepipe.plan.facts import HARMLESS
from statepipe.plan.model import (
    TRANSFORMS,
    Plan,
    PlannedArc,
    PlannedCatch,
    PlannedPush,
    PlannedState,
    Recovery,
    Role,
    Step,
    changes_in_place,
)
from statepipe.plan.resources import PlainResources, Sight
from statepipe.ports.providers import Names, ResourceSet
from statepipe.record import DataHandlingMode


def lower(
    machine: Machine,
    *,
    mode: DataHandlingMode = DataHandlingMode.COPY,
    resources: ResourceSet | Mapping[str, Any] | None = None,
) -> Plan:
    """Return the plan of `machine`'s main network, with those that records are pushed through.

    `mode` holds where neither the state nor the machine says otherwise.
    """
    main, inner = machine.main_network, machine.inner_networks
    if resources is None or isinstance(resources, Mapping):
        resources = PlainResources(resources or {})
    sight = Sight(resources, (main, *inner))
    lowering = Lowering((main, *inner), machine.data_mode or mode, sight)
    states = lowering.states()
    steps = [step for state in states for step in state.steps()]
    return Plan(
        name=machine.name,
        network=main.name,
        states=states,
        start=lowering.indices[main.name, main.start],
        mode=lowering.mode,
        max_transitions=machine.max_transitions,
        is_async=any(awaited(step.function) for step in steps),
        resources=sight.all,  # shared by all records
        timeout_s=machine.timeout_s,
        on_failure=tuple(
            lowering.indices[network.name, state.name]
            for network in (main, *inner)
            for state in network.states.values()
            if state.run_on_failure
        ),
        waits=sight.waits and not sight.is_async,
        hide=resources.hide,
    )


def awaited(function: Function) -> bool:
    """Tell whether a function is to be awaited, or its set-up or tear-down is."""
    return function.is_async or (function.life is not None and function.life.is_async)


def starting_at(plan: Plan, state: str) -> Plan:
    """Return `plan` with records entering at `state`; KeyError if it has no such state."""
    return replace(plan, start=plan.index_of(state))


class Lowering:
    """Numbers steps and resolves names while states are lowered one by one.

    `mixed`: some functions share objects. Then what leaves a COPY state has to be a copy even of
    what was only read, or it would depend on our proofs what the others change.
    """

    def __init__(self, networks: tuple[Network, ...], mode: DataHandlingMode, sight: Sight) -> None:
        self.sight = sight
        self.networks = {network.name: network for network in networks}
        every = [(each.name, state) for each in networks for state in each.states.values()]
        self.indices = {(name, state.name): index for index, (name, state) in enumerate(every)}
        self.mode = mode
        modes = {mode, *(state.data_mode or mode for _, state in every)}
        self.mixed = modes != {DataHandlingMode.COPY}
        self.numbers = count()
        self.pushes = count()
        self.network = ""

    def states(self) -> tuple[PlannedState, ...]:
        planned: list[PlannedState] = []
        for name, network in self.networks.items():
            self.network = name
            planned += [self.state(state) for state in network.states.values()]
        return tuple(planned)

    def index(self, state: str) -> int:
        return self.indices[self.network, state]

    def state(self, state: State) -> PlannedState:
        mode = state.data_mode or self.mode
        by = f"state {state.name!r}"
        named: list[tuple[Role, tuple[Function, ...]]] = [
            ("resources", self.acquiring(state.resources, state.place)),
            ("schema", () if state.schema is None else (state.schema,)),
            ("pre_validator", state.pre_validators),
            ("transform", state.transforms),
            ("validator", state.validators),
        ]
        entry = [
            self.step(role, function, state.name, mode, state.resources, by)
            for role, functions in named
            for function in functions
        ]
        arcs = tuple(self.arc(arc, state, mode) for arc in state.arcs)
        planned = PlannedState(
            self.index(state.name),
            state.name,
            state.is_end,
            mode,
            tuple(entry),
            arcs,
            state.place,
            timeout_s=state.timeout_s,
            network=self.network,
        )
        if state.retry is None and not state.catch:
            return planned
        return replace(planned, recovery=self.recovery(state, planned))

    def recovery(self, state: State, planned: PlannedState) -> Recovery:
        clauses = tuple(
            PlannedCatch(
                f"{state.name}->{clause.target} (catch)",
                clause.errors,
                self.index(clause.target),
                clause.place,
            )
            for clause in state.catch
        )
        pushes = any(arc.push is not None for arc in planned.arcs)
        changes = any(map(changes_in_place, planned.steps())) or (pushes and self.mixed)
        return Recovery(state.retry, clauses, changes)

    def acquiring(self, names: Names, place: Place) -> tuple[Function, ...]:
        return (self.sight.acquiring(names, place),) if names else ()

    def arc(self, arc: Arc, state: State, mode: DataHandlingMode) -> PlannedArc:
        """Plan an arc. It opens what it names when it is taken; its condition, what it takes."""
        names, by = state.resources, f"state {state.name!r}"
        if arc.resources is not None:
            names, by = arc.resources, f"arc {arc.name!r}"
        condition = None
        if arc.condition is not None:
            condition = self.step("condition", arc.condition, state.name, mode, names, by)
        opening: list[tuple[Role, Function]] = [
            ("resources", function) for function in self.acquiring(arc.resources, arc.place)
        ]
        transforms = tuple(
            self.step(role, function, state.name, mode, names, by)
            for role, function in [*opening, *(("arc transform", each) for each in arc.transforms)]
        )
        if arc.push is None:
            return PlannedArc(arc.name, self.index(arc.target), condition, transforms, arc.place)
        push = self.push(arc.push, self.index(arc.target), mode)
        entered = (push.network, arc.push.state or self.networks[push.network].start)
        target = self.indices[entered]
        return PlannedArc(arc.name, target, condition, transforms, arc.place, push)

    def push(self, push: Push, back: int, mode: DataHandlingMode) -> PlannedPush:
        """Plan a way through another network. Where all is COPY, nobody can change a record."""
        return PlannedPush(
            next(self.pushes),
            push.network,
            back,
            push.isolation,
            push.data_mapping,
            push.result_mapping,
            copies=push.isolation == "copy" and self.mixed,
            in_place=mode is DataHandlingMode.DIRECT,
        )

    def step(
        self,
        role: Role,
        function: Function,
        state: str,
        mode: DataHandlingMode,
        names: Names,
        by: str,
    ) -> Step:
        facts = HARMLESS if role in ("schema", "resources") else analyse(function)
        resources = self.sight.seen(names, by, awaits=function.is_async)
        function = self.sight.off_the_loop(function, facts, names)
        copies = mode is DataHandlingMode.COPY
        transforms = role in TRANSFORMS
        return Step(
            number=next(self.numbers),
            role=role,
            function=function,
            facts=facts,
            state=state,
            copies_in=copies and (facts.mutates or facts.leaks or (self.mixed and transforms)),
            copies_out=copies and transforms and (facts.leaks or self.mixed),
            in_place=mode is DataHandlingMode.DIRECT and transforms,
            resources=resources,
            network=self.network,
        )
