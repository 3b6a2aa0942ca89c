"""Layout: which states begin a block of the generated function, and what the limits mean there.

A state that is reached by one arc is written where that arc is taken. A state that is reached by
several, or by a loop, begins a *block* that arcs jump to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from statepipe.plan.model import Plan, PlannedState

MAX_DEPTH = 8
"""Conditions nested in one block; deeper states begin blocks of their own. Python allows 100
levels of indentation."""

MAX_CHAIN = 60
"""States one behind the other in one block: the emitter goes as deep as they do."""


@dataclass(frozen=True, slots=True)
class Layout:
    """`blocks` are state indices, the start first. `limited`: transitions have to be counted."""

    blocks: tuple[int, ...]
    limited: bool


def lay_out(plan: Plan) -> Layout:
    """Return the layout of what `plan` reaches from its start."""
    order = list(reachable(plan))
    arrivals = Counter(target for index in order for target in taken_arcs(plan, plan.states[index]))
    blocks = [plan.start]
    for index in order:
        if index != plan.start and begins_block(plan.states[index], arrivals[index]):
            blocks.append(index)
    cut_deep_blocks(plan, blocks)
    return Layout(tuple(blocks), limited=needs_counting(plan))


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


def taken_arcs(plan: Plan, state: PlannedState) -> Iterator[int]:
    """Yield the targets of the arcs that the generated function takes.

    Those up to the first without condition can be taken; none where it hands over.
    """
    if state.is_end or is_interpreted(plan, state):
        return
    for arc in state.arcs:
        yield arc.target
        if arc.condition is None:
            return


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
    """Tell whether a record could take more arcs than `max_transitions`."""
    longest: dict[int, int] = {}
    open_states: set[int] = set()
    waiting = [(plan.start, False)]
    while waiting:
        index, leaving = waiting.pop()
        targets = list(taken_arcs(plan, plan.states[index]))
        if leaving:
            open_states.discard(index)
            longest[index] = max((longest[target] + 1 for target in targets), default=0)
        elif index in open_states:
            return True
        elif index not in longest:
            open_states.add(index)
            waiting.append((index, True))
            if any(target in open_states for target in targets):
                return True
            waiting.extend((target, False) for target in targets)
    return longest[plan.start] > plan.max_transitions


def longest_in_block(plan: Plan, blocks: tuple[int, ...], index: int) -> int:
    """Return the most arcs that can be taken from `index` until the block is left for another."""
    most, waiting = 0, [(index, 0)]
    while waiting:
        state, taken = waiting.pop()
        most = max(most, taken)
        for target in set(taken_arcs(plan, plan.states[state])):
            if target in blocks:
                most = max(most, taken + 1)
            else:
                waiting.append((target, taken + 1))
    return most
