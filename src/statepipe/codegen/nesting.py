"""Nesting: what the generated function keeps of a push, as the interpreter goes on with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from statepipe.codegen.layout import PushArc
from statepipe.codegen.program import Behind
from statepipe.plan.frames import Entered, Frame
from statepipe.plan.model import Plan
from statepipe.plan.recover import Kept
from statepipe.record import Record

RawFrame: TypeAlias = "tuple[RawFrame | None, Record, Record | Kept | None, int]"
"""The frame around, the record as it was, what was kept of it, and the number of the push."""


def pushes_by_number(plan: Plan) -> dict[int, PushArc]:
    """Return the push arcs of all states."""
    ways = ((state, arc, arc.push) for state in plan.states for arc in state.arcs)
    return {push.number: PushArc(state, arc, push) for state, arc, push in ways if push}


def frames_of(
    raw: RawFrame | None, behind: Behind, pushes: Mapping[int, PushArc]
) -> tuple[Frame, ...]:
    """Return the frames of a record with that road behind it, outermost first.

    Before they recover, records make a transition for each state on their path but the first.
    """
    chain: list[RawFrame] = []
    while raw is not None:
        chain.append(raw)
        raw = raw[0]
    frames: list[Frame] = []
    for (_, record, kept, number), mark in zip(reversed(chain), behind.marks, strict=False):
        around = tuple(frame.push.network for frame in frames)
        entered = Entered(record if kept is None else kept, mark - 1, mark, around)
        way = pushes[number]
        frames.append(Frame(way.state, way.arc, way.push, record, entered))
    return tuple(frames)
