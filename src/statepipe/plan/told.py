"""ToldWalk: a walk that tells where its record is, before each call of user code."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from statepipe.functions.moment import NO_PROMISE, Promise
from statepipe.functions.view import StateView
from statepipe.plan.drive import Reply, Request
from statepipe.plan.model import Plan, PlannedArc, Step
from statepipe.plan.walk import Walk
from statepipe.record import Record

TellPath = Callable[[tuple[str, ...]], None]
"""Takes the states that a record has been in, in order, the one that it is at last."""


class ToldWalk(Walk):
    """Calls `tell` where it begins, and before it hands out a call."""

    def __init__(
        self, plan: Plan, record: Record, tell: TellPath, moment: Promise = NO_PROMISE
    ) -> None:
        super().__init__(plan, record, moment=moment)
        self._tell = tell
        tell((plan.states[plan.start].name,))

    def _call(
        self, step: Step, arc: PlannedArc | None, view: StateView | None = None
    ) -> Generator[Request, Reply, Any]:
        self._tell(tuple(self.path))
        return (yield from super()._call(step, arc, view))
