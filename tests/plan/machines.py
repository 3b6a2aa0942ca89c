"""Machines, written down quickly: texts are inline code, callables are registered functions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, TypeAlias

from statepipe.config.model import Isolation
from statepipe.errors import Place
from statepipe.functions.function import Function
from statepipe.functions.library.fields import path_of
from statepipe.functions.reference import Reference, resolve
from statepipe.functions.view import EMPTY
from statepipe.graph.build import by_priority
from statepipe.graph.model import Arc, Catch, FieldPairs, Machine, Network, Push, Retry, State
from statepipe.plan.facts import UNKNOWN
from statepipe.plan.lower import lower
from statepipe.plan.model import TRANSFORMS, Plan, PlannedState, Step, changes_in_place
from statepipe.record import DataHandlingMode
from statepipe.source_text import SourceText

Code: TypeAlias = str | Callable[..., Any] | Function
Codes: TypeAlias = Code | Iterable[Code]


@cache
def inline(text: str, keys: str = "code", *, trusted: bool = True) -> Function:
    code = SourceText.of_keys(text, keys)
    reference = Reference("inline", Place(keys), code=code)
    return resolve(reference, registered={}, trusted=trusted)


def registered(target: Callable[..., Any], name: str = "target") -> Function:
    reference = Reference("registered", Place("code"), name=name)
    return resolve(reference, registered={name: target}, trusted=True)


def function(code: Code) -> Function:
    if isinstance(code, Function):
        return code
    return inline(code) if isinstance(code, str) else registered(code)


def functions(codes: Codes) -> tuple[Function, ...]:
    if isinstance(codes, Iterable) and not isinstance(codes, str):
        return tuple(map(function, codes))
    return (function(codes),)


def arc(
    target: str, condition: Code | None = None, *, transforms: Codes = (), priority: int = 0
) -> Arc:
    accepts = None if condition is None else function(condition)
    return Arc(f"to {target}", target, accepts, functions(transforms), priority)


def push(
    target: str,
    network: str,
    condition: Code | None = None,
    *,
    at: str | None = None,
    isolation: Isolation = "copy",
    give: Mapping[str, str] | None = None,
    take: Mapping[str, str] | None = None,
    **given: Any,
) -> Arc:
    """An arc through `network`, from its start or `at`; `give` and `take` are the mappings."""
    pairs = [None if each is None else field_pairs(each) for each in (give, take)]
    return replace(arc(target, condition, **given), push=Push(network, at, isolation, *pairs))


def field_pairs(mapping: Mapping[str, str]) -> FieldPairs:
    return tuple((path_of(here, ""), path_of(there, "")) for here, there in mapping.items())


def retry(max_attempts: int = 3, backoff_s: float = 0.0, **given: Any) -> Retry:
    """As a config without other keys would give it. `errors` may be any iterable of names."""
    given = {"backoff_rate": 2.0, "max_backoff_s": 60.0, "jitter": False, "errors": "*"} | given
    given["errors"] = frozenset(given["errors"])
    return Retry(max_attempts, backoff_s, **given)


def catch(target: str, *errors: str) -> Catch:
    """A clause for `errors`, or for all."""
    return Catch(frozenset(errors or "*"), target, Place(f"catch {target}"))


def state(
    name: str,
    *arcs: Arc,
    transforms: Codes = (),
    validators: Codes = (),
    pre_validators: Codes = (),
    schema: Function | None = None,
    data_mode: DataHandlingMode | None = None,
    **given: Any,
) -> State:
    """A state whose arcs are tried by priority; without arcs it is an end state."""
    return State(
        name,
        is_end=not arcs,
        schema=schema,
        pre_validators=functions(pre_validators),
        transforms=functions(transforms),
        validators=functions(validators),
        arcs=by_priority(arcs),
        data_mode=data_mode,
        **given,
    )


def dead_end(name: str, **given: Any) -> State:
    """A state without arcs that is no end state."""
    return replace(state(name, **given), is_end=False)


def machine(*states: State, **given: Any) -> Machine:
    """A machine with one network; records enter at the first state."""
    network = Network("main", {each.name: each for each in states}, states[0].name)
    return Machine("test", {"main": network}, "main", **given)


def nested(main: Iterable[State], *, given: Mapping[str, Any] = EMPTY, **inner: Any) -> Machine:
    """A machine with a network `main`, and others by name; records enter each at its first state.

    `given` are the machine's own keys.
    """
    networks = {
        name: Network(name, {each.name: each for each in states}, states[0].name)
        for name, states in {"main": tuple(main), **inner}.items()
    }
    return Machine("test", networks, "main", **given)


def plan_of(
    *states: State,
    mode: DataHandlingMode = DataHandlingMode.COPY,
    resources: Mapping[str, Any] | None = None,
    **given: Any,
) -> Plan:
    return lower(machine(*states, **given), mode=mode, resources=resources)


def one_transform(code: Code, **given: Any) -> Plan:
    """A plan that takes a record through one transform, in state `a`."""
    return plan_of(state("a", arc("end"), transforms=code), state("end"), **given)


def unproved(plan: Plan) -> Plan:
    """The same plan, with nothing known of its functions: all are called, with all copies made."""

    def of_state(old: PlannedState) -> PlannedState:
        copies = old.mode is DataHandlingMode.COPY

        def step(each: Step) -> Step:
            given_back = copies and each.role in TRANSFORMS
            return replace(each, facts=UNKNOWN, copies_in=copies, copies_out=given_back)

        arcs = tuple(
            replace(
                each,
                condition=each.condition and step(each.condition),
                transforms=tuple(map(step, each.transforms)),
            )
            for each in old.arcs
        )
        new = replace(old, entry=tuple(map(step, old.entry)), arcs=arcs)
        if old.recovery is None:
            return new
        pushes = any(each.push is not None for each in arcs)
        keeps = any(map(changes_in_place, new.steps())) or pushes
        return replace(new, recovery=replace(old.recovery, keeps=keeps))

    return replace(plan, states=tuple(map(of_state, plan.states)))
