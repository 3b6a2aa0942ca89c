"""Ownership: which steps may add their fields to the record itself, as nobody else has it.

Nobody else has a record that a step has just made, until it is given to something that may keep
it. What `{**record, key: value}` copies there is thrown away by the same line.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from statepipe.codegen.layout import Layout, lay_out, taken
from statepipe.plan.model import TRANSFORMS, Plan, PlannedState, Step


class Entrants(Enum):
    """Whose the records are that enter a plan: somebody else may have them, or nobody has."""

    SHARED = "shared"
    OWN = "own"


def adding_steps(plan: Plan, layout: Layout, entrants: Entrants) -> frozenset[int]:
    """Return the numbers of the steps that may put what they add into the record itself."""
    owned = owned_blocks(plan, layout, entrants)
    return frozenset(
        place.number
        for block in layout.blocks
        for place, is_owned in way_through(plan, layout, block, block in owned)
        if isinstance(place, Step) and place.facts.additions and is_owned
    )


def entrants_matter(plan: Plan) -> bool:
    """Tell whether some step may change the records that enter, if nobody else has them."""
    layout = lay_out(plan)
    shared, own = (adding_steps(plan, layout, entrants) for entrants in Entrants)
    return shared != own


def owned_blocks(plan: Plan, layout: Layout, entrants: Entrants) -> frozenset[int]:
    """Return the blocks that are only ever reached by records that nobody else has.

    What was outside of a push is kept for the way back, and what comes back may be kept, too.
    """
    landings = {index for way in layout.pushes for index in (way.arc.target, way.arc.next)}
    owned = set(layout.blocks) - landings
    if entrants is Entrants.SHARED:
        owned.discard(plan.start)
    waiting = list(layout.blocks)
    while waiting:
        block = waiting.pop()
        ways = way_through(plan, layout, block, block in owned)
        lost = owned & {place for place, is_owned in ways if not is_owned}
        owned -= lost
        waiting += lost
    return frozenset(owned)


def way_through(
    plan: Plan, layout: Layout, block: int, owned: bool
) -> Iterator[tuple[Step | int, bool]]:
    """Yield the steps of a block, and the blocks that follow on it, in the order of the text.

    Each with whether nobody else has the record there, if `owned` tells it of the block's start.
    """
    yield from _way_from(plan, layout, plan.states[block], owned)


def _way_from(
    plan: Plan, layout: Layout, state: PlannedState, owned: bool
) -> Iterator[tuple[Step | int, bool]]:
    if state.recovery is not None and not state.recovery.keeps:
        owned = False  # as it is, the record is what the state would be run with again
    for step in state.entry:
        yield step, owned
        owned = owned_after(step, owned)
    for arc in taken(plan, state):
        if arc.condition is not None:
            yield arc.condition, owned
            owned = owned_after(arc.condition, owned)
        handed_on = owned
        for step in arc.transforms:
            yield step, handed_on
            handed_on = owned_after(step, handed_on)
        if arc.target in layout.blocks:
            yield arc.target, handed_on
        else:
            yield from _way_from(plan, layout, plan.states[arc.target], handed_on)


def owned_after(step: Step, owned: bool) -> bool:
    """Tell whether nobody else has the record behind `step`, if `owned` tells it of before."""
    if step.role in TRANSFORMS and not step.in_place:
        return step.facts.fresh or step.copies_out
    return owned and (step.copies_in or not (step.facts.mutates or step.facts.leaks))
