"""Runs one builtin over records, in the generated function and in the interpreter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from statepipe import SimpleFSM
from statepipe.functions.library.registry import library
from statepipe.functions.moment import Moments
from statepipe.plan.interpret import interpret, own
from statepipe.record import Record, Run
from statepipe.testing import TEST_RUN


def builtin(name: str, **params: Any) -> dict[str, Any]:
    return {"type": "builtin", "name": name, "params": params}


def config_of(*functions: Mapping[str, Any]) -> dict[str, Any]:
    """Return a machine of one state that has the functions where they belong."""
    state: dict[str, Any] = {"name": "a", "is_start": True, "is_end": True}
    for function in functions:
        kind = library().get(function["name"]).kind
        state.setdefault(f"{kind}s", []).append(function)
    return {"states": [state]}


def machine(name: str, resources: Mapping[str, Any] | None = None, **params: Any) -> SimpleFSM:
    return SimpleFSM(config_of(builtin(name, **params)), resources=resources)


def told(data: Record, error: Any) -> Any:
    return data if error is None else error.message


def outcomes(
    name: str, *records: Record, resources: Mapping[str, Any] | None = None, **params: Any
) -> list[Any]:
    """Return what becomes of the records of one run: the new record, or the error's message."""
    fsm = machine(name, resources, **params)
    results = fsm.process_batch(list(records))
    given = [told(dict(result.data), result.record_error) for result in results]
    assert given == interpreted(fsm, records)
    return given


def interpreted(fsm: SimpleFSM, records: tuple[Record, ...]) -> list[Any]:
    plan = fsm._core.plan
    run = Run(TEST_RUN.id, 1.0)  # an object of its own: memories go by it
    moments = Moments(run, lambda: range(len(records)))
    found = []
    for index, record in enumerate(records):
        outcome = interpret(plan, own(plan, record), moments.promise(index))
        found.append(told(outcome.data, outcome.error))
    return found


def outcome(name: str, record: Record, **params: Any) -> Any:
    [only] = outcomes(name, record, **params)
    return only


def is_fused(name: str, **params: Any) -> bool:
    return not machine(name, **params)._core.engine.compiled.program.functions
