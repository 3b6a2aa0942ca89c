"""Explaining: one record through the interpreter, with what was tried kept and told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from statepipe.api.assemble import Core, check_timeout, checked_record
from statepipe.api.explained import (
    ExplainedArc,
    ExplainedCall,
    ExplainedStep,
    ExplainedValue,
    Verdict,
)
from statepipe.api.explanation import Explanation
from statepipe.api.single import limited, moments_of
from statepipe.errors import RecordError, Span, UsageError
from statepipe.functions.moment import Promise
from statepipe.functions.view import Caught
from statepipe.plan.changes import changes
from statepipe.plan.interpret import conclude, conclude_async, finish, finish_async
from statepipe.plan.model import Plan, PlannedArc
from statepipe.plan.seen import SeenPiece
from statepipe.plan.values import deep_copy
from statepipe.plan.witness import Attended, Visit, Witness, WitnessWalk
from statepipe.record import Outcome, Record
from statepipe.run.lives import alive, alive_async
from statepipe.short import Short


def why(
    core: Core, data: Record, state: str | None, timeout_s: float | None, limit: int | None
) -> Explanation:
    """Explain the way of one record through a plan without async functions."""
    plan, witness = prepared(core, data, state, timeout_s, limit)
    moments = moments_of(core)
    given = witness.short.copied(data)
    walk = WitnessWalk(plan, deep_copy(data), witness, moment=moments.promise(0))
    with alive(core.lives):
        outcome = finish(walk, core.timing)
        conclude(plan, outcome, moments.promise(0), core.timing)
    return explanation(core, plan, given, outcome, witness)


async def why_async(
    core: Core, data: Record, state: str | None, timeout_s: float | None, limit: int | None
) -> Explanation:
    """As `why`, awaiting what has to be awaited; what waits or has limits blocks a thread."""
    if not core.plan.is_async:
        if timeout_s is None and not core.plan.needs_timing and not core.plan.waits:
            return why(core, data, state, None, limit)
        return await asyncio.to_thread(why, core, data, state, timeout_s, limit)
    plan, witness = prepared(core, data, state, timeout_s, limit)
    moments = moments_of(core)
    given = witness.short.copied(data)
    walk = WitnessWalk(plan, deep_copy(data), witness, moment=moments.promise(0))
    async with alive_async(core.lives):
        outcome = await finish_async(walk, core.timing)
        await conclude_async(plan, outcome, moments.promise(0), core.timing)
    return explanation(core, plan, given, outcome, witness)


def prepared(
    core: Core, data: Record, state: str | None, timeout_s: float | None, limit: int | None
) -> tuple[Plan, Witness]:
    """Return the plan to walk and who keeps what happens; UsageError for what is no option."""
    core.check_open()
    checked_record(data)
    check_limit(limit)
    plan = core.plan_from(state)
    if timeout_s is not None:
        check_timeout(timeout_s)
        plan = limited(core, state, timeout_s)
    return plan, Witness(Short(plan.hide), limit)


def check_limit(limit: object) -> None:
    whole = isinstance(limit, int) and not isinstance(limit, bool) and limit > 0
    if limit is not None and not whole:
        message = f"limit must be a whole number of steps of at least 1, or None, not {limit!r}"
        raise UsageError(message)


# -- one choice ----------------------------------------------------------------------------


def chooser(
    plan: Plan, record: Record, at: int, moment: Promise, caught: Caught | None
) -> WitnessWalk:
    """Return a walk that stands at the state with the index `at`, in whatever network that is.

    Its `choice` chooses an arc, and does nothing else of the state; `record` is not changed.
    """
    witness = Witness(Short(plan.hide))
    return WitnessWalk(plan, deep_copy(record), witness, at=at, moment=moment, caught=caught)


# -- from what was kept to what is told ----------------------------------------------------


def explanation(
    core: Core, plan: Plan, given: Record, outcome: Outcome, witness: Witness
) -> Explanation:
    error = outcome.error
    return Explanation(
        record=given,
        data=witness.short.copied(outcome.data),
        final_state=outcome.final_state,
        path=list(outcome.path),
        success=error is None,
        steps=tuple(explained(visit, plan, outcome.path) for visit in witness.visits),
        left_out=witness.left_out,
        error=error.message if error else None,
        error_type=error.error_type if error else None,
        error_state=error.state if error else None,
        metadata=core.metadata(),
        record_error=error,
    )


def explained(visit: Visit, plan: Plan, path: tuple[str, ...]) -> ExplainedStep:
    """Return a visit as users see it. `path` is that of the whole way."""
    calls = [each for each in visit.calls if each.step.role != "condition"]
    calls = [each for each in calls if each.step.role != "resources" or not each.done]
    return ExplainedStep(
        state=visit.name,
        number=visit.number,
        attempt=visit.attempt,
        is_end=visit.state.is_end,
        before=visit.before,
        after=visit.after,
        functions=tuple(explained_call(each, visit.error) for each in calls if each.arc is None),
        arcs=tuple(explained_arcs(visit, plan)),
        on_the_way=tuple(
            explained_call(each, visit.error) for each in calls if each.arc is not None
        ),
        taken=visit.way.name if visit.way is not None else None,
        next=next_of(visit, path),
        retried=visit.retried,
        error=visit.error.message if visit.error is not None else None,
    )


def next_of(visit: Visit, path: tuple[str, ...]) -> str | None:
    """Return where the record went on after a visit; None at its end, or if it did not."""
    if visit.error is not None:
        return visit.caught_at
    return path[visit.number] if visit.number < len(path) else None


def explained_call(call: Attended, error: RecordError | None) -> ExplainedCall:
    function = call.step.function
    told = told_by(call, error)
    if call.after is not None:
        told["verdict"] = "done"
    came = call.before is not None and call.after is not None
    made = tuple(map(str, changes(call.before, call.after))) if came else ()
    return ExplainedCall(
        call.step.role, source_of(call), place=function.place, changes=made, **told
    )


def explained_arcs(visit: Visit, plan: Plan) -> Iterator[ExplainedArc]:
    """Yield all arcs of a state, in the order of trying, as far as it came to choosing."""
    verdicts = {id(way): accepted for way, accepted in visit.tried}
    conditions = {id(each.arc): each for each in visit.calls if each.step.role == "condition"}
    if not verdicts and not conditions:
        return
    for arc in visit.state.arcs:
        call = conditions.get(id(arc))
        way: dict[str, Any] = {
            "arc": arc.name,
            "target": plan.states[arc.next].name,
            "through": None if arc.push is None else arc.push.network,
        }
        if call is not None and arc.condition is not None:
            code = source_of(call)
            place = arc.condition.function.place
            yield ExplainedArc(**way, place=place, condition=code, **told_by(call, visit.error))
        else:
            yield ExplainedArc(**way, verdict=without_call(arc, verdicts), place=arc.place)


def without_call(arc: PlannedArc, verdicts: dict[int, bool]) -> Verdict:
    return "accepted" if id(arc) in verdicts else "not tried"


def told_by(
    call: Attended, error: RecordError | None
) -> dict[str, Any]:  # the fields that calls and arcs share
    seen = call.pieces()
    failing = error.span if error is not None and not call.done else None
    verdict: Verdict = "failed"
    if call.verdict is not None:
        verdict = "accepted" if call.verdict else "refused"
    return {
        "verdict": verdict,
        "reason": call.reason,
        "decided_by": None if seen is None else decided_by(seen),
        "pieces": None if seen is None else explained_value(seen, failing),
        "given": call.given,
        "gave": call.value,
    }


def decided_by(seen: SeenPiece) -> str | None:
    if seen.decided:
        return seen.piece.text
    found = (decided_by(each) for each in seen.inside)
    return next((text for text in found if text is not None), None)


def explained_value(seen: SeenPiece, failing: Span | None) -> ExplainedValue:
    """Return a piece as users see it. `failing` is the place of the error that ended the call."""
    inside = tuple(explained_value(each, failing) for each in seen.inside)
    span, evaluated = seen.piece.span, seen.value is not None
    here = span is not None and failing is not None and is_within(failing, span)
    return ExplainedValue(
        code=seen.piece.text,
        value=seen.value,
        evaluated=evaluated,
        times=seen.times,
        decided=seen.decided,
        raised=not evaluated and (here or any(each.raised for each in inside)),
        inside=inside,
        span=span,
    )


def is_within(inner: Span, outer: Span) -> bool:
    """Tell whether `inner` is a part of `outer`: what raises may be less than a piece.

    As the generator in `sum(x for x in 3)`, which is no piece of its own.
    """
    same_line = (inner.text, inner.place.line) == (outer.text, outer.place.line)
    return same_line and outer.start <= inner.start and inner.end <= outer.end


def source_of(call: Attended) -> str:
    """Return the source of inline code on one line, without `lambda`; of others, the label."""
    function = call.step.function
    if function.code is None:
        return function.label
    if call.watched is not None:
        return call.watched.root.text
    return " ".join(function.code.source.text.split())
