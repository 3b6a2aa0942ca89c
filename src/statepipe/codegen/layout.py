"""Layout: which states begin a block of the generated function, and what the limits mean there.

A state that is reached by one arc is written where that arc is taken. A state that is reached by
several, or by a loop, begins a *block* that arcs jump to. So do those where records enter another
network, and where they come back from one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from statepipe.plan.model import Plan, PlannedArc, PlannedPush, PlannedState
from statepipe.plan.subflow import MAX_NETWORKS

MAX_DEPTH = 8
"""Conditions nested in one block; deeper states begin blocks of their own. Python allows 100
levels of indentation."""

MAX_CHAIN = 60
"""States one behind the other in one block: the emitter goes as deep as they do."""


@dataclass(frozen=True, slots=True)
class Layout:
    """`blocks` are state indices, the start first. `limited`: transitions have to be counted.

    `pushes` are the push arcs that can be taken. `deep`: they may lead too many networks deep.
    """

    blocks: tuple[int, ...]
    limited: bool
    pushes: tuple[PushArc, ...] = ()
    deep: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PushArc:
    """A push arc, and the state that it leaves."""

    state: PlannedState
    arc: PlannedArc
    push: PlannedPush


def lay_out(plan: Plan) -> Layout:
    """Return the layout of what `plan` reaches from its start."""
    order = list(reachable(plan))
    arrivals = Counter(target for index in order for target in taken_arcs(plan, plan.states[index]))
    pushes = tuple(push for index in order for push in pushes_of(plan, plan.states[index]))
    landings = {index for push in pushes for index in (push.arc.target, push.arc.next)}
    blocks = [plan.start]
    for index in order:
        begins = index in landings or begins_block(plan.states[index], arrivals[index])
        if index != plan.start and begins:
            blocks.append(index)
    cut_deep_blocks(plan, blocks)
    return Layout(tuple(blocks), needs_counting(plan), pushes, nests_too_deep(plan, pushes))


def pushes_of(plan: Plan, state: PlannedState) -> list[PushArc]:
    arcs = taken(plan, state)
    return [PushArc(state, arc, arc.push) for arc in arcs if arc.push is not None]


def nests_too_deep(plan: Plan, pushes: Iterable[PushArc]) -> bool:
    """Tell whether `pushes` can lead a record more networks deep than it may go."""
    into: dict[str, set[str]] = {}
    for each in pushes:
        into.setdefault(each.state.network, set()).add(each.push.network)
    level = {plan.network}
    for _ in range(MAX_NETWORKS + 1):
        level = {inner for network in level for inner in into.get(network, ())}
    return bool(level)


def begins_block(state: PlannedState, arrivals: int) -> bool:
    return state.timeout_s is not None or (arrivals > 1 and not is_bare_end(state))


def is_interpreted(plan: Plan, state: PlannedState) -> bool:
    """Tell whether records are handed over to the interpreter when they come to `state`.

    It has the limits of time: they would need a call around parts of the generated function.
    """
    return plan.timeout_s is not None or state.timeout_s is not None


def is_bare_end(state: PlannedState) -> bool:
    """Tell whether a state is only a place to end, cheap to write wherever it is reached."""
    return state.is_end and not state.entry and state.timeout_s is None


def taken(plan: Plan, state: PlannedState) -> Iterator[PlannedArc]:
    """Yield the arcs that the generated function takes.

    Those up to the first without condition can be taken; none where it hands over.
    """
    if state.is_end or is_interpreted(plan, state):
        return
    for arc in state.arcs:
        yield arc
        if arc.condition is None:
            return


def taken_arcs(plan: Plan, state: PlannedState) -> Iterator[int]:
    """Yield where the arcs lead that the generated function takes; of push arcs, also back."""
    for arc in taken(plan, state):
        yield arc.target
        if arc.push is not None:
            yield arc.next


def reachable(plan: Plan) -> Iterator[int]:
    """Yield the indices of the states that a record can get to, each once, the start first."""
    seen, waiting = {plan.start}, [plan.start]
    while waiting:
        index = waiting.pop(0)
        yield index
        for target in taken_arcs(plan, plan.states[index]):
            if target not in seen:
                seen.add(target)
                waiting.append(target)


def cut_deep_blocks(plan: Plan, blocks: list[int]) -> None:
    """Add to `blocks` the states that would stand too deep or too far in the block they are in."""
    for block in blocks:  # grows while it is walked, so that new blocks are looked at too
        waiting = [(block, 0, 0)]
        while waiting:
            index, depth, taken = waiting.pop()
            for target in dict.fromkeys(taken_arcs(plan, plan.states[index])):
                if target in blocks:
                    continue
                if depth >= MAX_DEPTH or taken >= MAX_CHAIN:
                    blocks.append(target)
                else:
                    waiting.append((target, depth + nesting(plan.states[index]), taken + 1))


def nesting(state: PlannedState) -> int:
    """Return by how much a state's arcs are indented: not at all behind a sole open arc."""
    return 0 if not state.arcs or state.arcs[0].condition is None else 1


def needs_counting(plan: Plan) -> bool:
    """Tell whether a record could make more transitions than `max_transitions`."""
    longest: dict[int, int] = {}
    open_states: set[int] = set()
    waiting = [(plan.start, False)]
    while waiting:
        index, leaving = waiting.pop()
        state = plan.states[index]
        targets = list(taken_arcs(plan, state))
        if leaving:
            open_states.discard(index)
            lengths = (length_by(arc, longest) for arc in taken(plan, state))
            longest[index] = max(lengths, default=0)
        elif index in open_states:
            return True
        elif index not in longest:
            open_states.add(index)
            waiting.append((index, True))
            if any(target in open_states for target in targets):
                return True
            waiting.extend((target, False) for target in targets)
    return longest[plan.start] > plan.max_transitions


def length_by(arc: PlannedArc, longest: Mapping[int, int]) -> int:
    """Return the most transitions by way of `arc`; coming back from a network is one, too."""
    if arc.push is None:
        return longest[arc.target] + 1
    return longest[arc.target] + longest[arc.next] + 2


def longest_in_block(plan: Plan, blocks: tuple[int, ...], index: int) -> int:
    """Return the most transitions from `index` until the block is left for another."""
    most, waiting = 0, [(index, 0)]
    while waiting:
        state, taken = waiting.pop()
        most = max(most, taken)
        if plan.states[state].is_end and may_return(plan, plan.states[state]):
            most = max(most, taken + 1)
        for target in set(taken_arcs(plan, plan.states[state])):
            if target in blocks:
                most = max(most, taken + 1)
            else:
                waiting.append((target, taken + 1))
    return most


def may_return(plan: Plan, state: PlannedState) -> bool:
    """Tell whether an end state may lead back from a network that a record was pushed into."""
    arcs = (arc for each in plan.states for arc in each.arcs)
    return any(arc.push is not None and arc.push.network == state.network for arc in arcs)
