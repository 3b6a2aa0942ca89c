"""Composite validators: all, any and not, of other validators of the library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import Field

from statepipe.functions.builtin import Bench, Builtin, Example, Fast, Made, Nested, Params, built
from statepipe.functions.expressions import renamed
from statepipe.functions.function import Memory
from statepipe.functions.view import Context
from statepipe.record import Record


class SeveralParams(Params):
    of: tuple[Nested, ...] = Field(
        min_length=1, description="Validators, each as {name, params}, asked in this order."
    )


class NotParams(Params):
    of: Nested = Field(description="One validator, as {name, params}.")


def composed(parts: Sequence[Made], judge: Callable[[list[Any]], Any], fast: Fast | None) -> Made:
    """Return a validator that gives what `judge` makes of how to ask each part.

    It wants a context if any part does.
    """
    order: list[Memory] = ["run", "worker", "none"]
    memory = min((part.memory for part in parts), key=order.index)
    pure = all(part.pure for part in parts)
    asks = any(part.asks for part in parts)
    if all(part.style == "record" for part in parts):

        def check(record: Record) -> Any:
            return judge([lambda part=part: part.call(record) for part in parts])

        return Made(check, pure=pure, fast=fast if pure else None, memory=memory, asks=asks)

    def check_in(record: Record, context: Context) -> Any:
        return judge([lambda part=part: asked(part, record, context) for part in parts])

    return Made(check_in, "data_context", pure=pure, memory=memory, asks=asks)


def asked(part: Made, record: Record, context: Context) -> Any:
    return part.call(record) if part.style == "record" else part.call(record, context)


def is_refusal(verdict: Any) -> bool:
    """Tell whether a verdict refuses, `(False, reason)` counted as its bool."""
    return not (verdict[0] if isinstance(verdict, tuple) else verdict)


def reason_of(verdict: Any) -> str:
    return str(verdict[1]) if isinstance(verdict, tuple) else "refused"


def joined_guard(parts: Sequence[Made], word: str) -> Fast | None:
    """Return the guards of all parts joined, each with names of its own; None if one has none."""
    guards: list[str] = []
    names: dict[str, object] = {}
    for number, part in enumerate(parts):
        if part.fast is None or part.style != "record":
            return None
        own = renamed(part.fast, str(number))
        guards.append(f"({own.guard})")
        names.update(own.names)
    return Fast(f" {word} ".join(guards), names=names)


def parts_of(params: SeveralParams, bench: Bench) -> list[Made]:
    return built(params.of, lambda each, index: bench.validator(each, "of", index))


def all_(params: SeveralParams, bench: Bench) -> Made:
    parts = parts_of(params, bench)

    def judge(ask: list[Callable[[], Any]]) -> Any:
        return next((verdict for each in ask if is_refusal(verdict := each())), True)

    return composed(parts, judge, joined_guard(parts, "and"))


def any_(params: SeveralParams, bench: Bench) -> Made:
    parts = parts_of(params, bench)

    def judge(ask: list[Callable[[], Any]]) -> Any:
        reasons = []
        for each in ask:
            if not is_refusal(verdict := each()):
                return True
            reasons.append(reason_of(verdict))
        return False, f"{'; '.join(reasons)} (rule 'any': one of these must hold)"

    return composed(parts, judge, joined_guard(parts, "or"))


def not_(params: NotParams, bench: Bench) -> Made:
    part = bench.validator(params.of, "of")

    def judge(ask: list[Callable[[], Any]]) -> Any:
        if is_refusal(ask[0]()):
            return True
        return False, f"{params.of.name!r} accepts the record (rule 'not')"

    return composed([part], judge, None)


_EXAMPLE = [
    {"name": "required", "params": {"fields": "email"}},
    {"name": "required", "params": {"fields": "phone"}},
]

ALL = Builtin(
    "all",
    "validator",
    "Accepts what every one of several validators accepts; the first refusal counts.",
    SeveralParams,
    all_,
    (Example({"of": _EXAMPLE}, ({"email": "a@example.org"},)),),
)
ANY = Builtin(
    "any",
    "validator",
    "Accepts what one of several validators accepts; those after it are not asked.",
    SeveralParams,
    any_,
    (Example({"of": _EXAMPLE}, ({"name": "Ada"},)),),
)
NOT = Builtin(
    "not",
    "validator",
    "Accepts what another validator refuses.",
    NotParams,
    not_,
    (Example({"of": _EXAMPLE[0]}, ({"email": "a@example.org"},)),),
)
