"""What an explanation consists of: steps, their functions and arcs, and the values in these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from statepipe.api.fields import Fields
from statepipe.errors import Place, Span
from statepipe.record import Record

Verdict: TypeAlias = Literal["accepted", "refused", "failed", "not tried", "done"]
"""`failed`: it raised, or its time was up. `not tried`: an arc behind one that accepted. `done`:
a transform, which judges nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class ExplainedValue(Fields):
    """A piece of inline code, and its value as text, as it was at that time.

    `value` is None where the piece was not `evaluated`. `times` is more than 1 for what `any` or
    `all` asked of several elements; then the value is the last. `decided`: this piece made the
    whole accept or refuse. `raised`: an error came out of it. `inside` are its own pieces, in the
    order of evaluation.
    """

    code: str
    value: str | None
    evaluated: bool
    times: int
    decided: bool
    raised: bool = False
    inside: tuple[ExplainedValue, ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ExplainedCall(Fields):
    """A function of a state that ran: a schema, a validator, a transform.

    `function` is its source on one line, or its name. Of functions that are no expression,
    `given` is the record that they got and `pieces` None. `gave` is what came back, None where
    nothing did. `changes` are what a transform made of the record, field by field.
    """

    role: str
    function: str
    verdict: Verdict
    place: Place
    reason: str | None = None
    decided_by: str | None = None
    pieces: ExplainedValue | None = None
    given: str | None = None
    gave: str | None = None
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ExplainedArc(Fields):
    """An arc of a state, tried or not. Without a `condition` it accepts every record.

    `through` is the network that a push arc leads through on its way to `target`. The other fields
    are those of its condition, as in `ExplainedCall`.
    """

    arc: str
    target: str
    verdict: Verdict
    place: Place
    condition: str | None = None
    reason: str | None = None
    decided_by: str | None = None
    pieces: ExplainedValue | None = None
    given: str | None = None
    gave: str | None = None
    through: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ExplainedStep(Fields):
    """One attempt at one state of the path.

    `number` is its place in the path, from 1, `attempt` more than 1 where the state was tried
    again. `functions` are what ran on entry, `arcs` all that lead out, in the order of trying,
    and `on_the_way` the transforms of the arc `taken`. `next` is the state that the record went
    on to, by an arc or by a `catch`. `before` and `after` are the record, shortened where it is
    very large.
    """

    state: str
    number: int
    attempt: int
    is_end: bool
    before: Record
    after: Record
    functions: tuple[ExplainedCall, ...]
    arcs: tuple[ExplainedArc, ...]
    on_the_way: tuple[ExplainedCall, ...] = ()
    taken: str | None = None
    next: str | None = None
    retried: bool = False
    error: str | None = None
