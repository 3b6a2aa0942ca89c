"""Program -> callable: compiled once, its text in `linecache` so that tracebacks show it."""

from __future__ import annotations

import linecache
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any

from statepipe import standard
from statepipe.codegen.emit import emit, one_line
from statepipe.codegen.layout import PushArc
from statepipe.codegen.nesting import RawFrame, pushes_by_number
from statepipe.codegen.ownership import Entrants
from statepipe.codegen.program import Program
from statepipe.functions.moment import NO_PROMISE, Promise
from statepipe.functions.view import Context, StateView
from statepipe.plan.failure import no_open_arc
from statepipe.plan.model import Plan
from statepipe.plan.recover import Kept
from statepipe.plan.refusals import cancelled_within
from statepipe.plan.subflow import check_nesting, hand_back, hand_in
from statepipe.plan.values import PLAIN, accepts, deep_copy, replace_in_place, require, settle

# What Python has to say of the author's code, it says when that is compiled on its own.
warnings.filterwarnings("ignore", module=r"<statepipe .+:.+ [0-9a-f]{12}>")


@dataclass(frozen=True, slots=True)
class HandOver:
    """In place of an error: the interpreter goes on with the record at `state`.

    `transitions` lie behind it: None where nobody has counted, and the path tells.
    """

    state: int
    transitions: int | None = None
    moment: Promise = field(default_factory=NO_PROMISE.copy)


@dataclass(frozen=True, slots=True, eq=False)
class CompiledPlan:
    """A plan with its generated function.

    `run_chunk(todo, records, ends, trails, failed)`; see `codegen.emit`. If the plan asks for
    what is bound to the run, `moments` comes last. It is a coroutine function if the plan is
    async. `filename` is what tracebacks call its text.
    """

    plan: Plan
    program: Program
    filename: str
    run_chunk: Callable[..., Any]  # None, or an awaitable of None


def compile_plan(plan: Plan, entrants: Entrants = Entrants.SHARED) -> CompiledPlan:
    """Return `plan` ready to run. `entrants` tells whose the records are that it is given."""
    program = emit(plan, entrants)
    digest = sha256(program.source.encode(errors="surrogatepass")).hexdigest()[:12]
    filename = f"<statepipe {one_line(plan.name)}:{one_line(plan.network)} {digest}>"
    source = program.source
    lines = [line + "\n" for line in source.split("\n")]
    linecache.cache[filename] = (len(source), None, lines, filename)
    names = namespace(plan, program)
    exec(compile(source, filename, "exec"), names)
    return CompiledPlan(plan, program, filename, names["run_chunk"])


def namespace(plan: Plan, program: Program) -> dict[str, Any]:
    """Return the globals of the generated function: ours, the user's functions, fused names."""
    names: dict[str, Any] = {
        "Context": Context,
        "HandOver": HandOver,
        "Kept": Kept,
        "StateView": StateView,
        "accepts": accepts,
        "cancelled_within": cancelled_within,
        "deep_copy": deep_copy,
        "network": plan.network,
        "no_error": None,  # a record whose error was caught is the interpreter's
        "no_open_arc": no_open_arc,
        "plain": PLAIN,
        "replace_in_place": replace_in_place,
        "require": require,
        "resources": plan.resources,
        "settle": settle,
        "states": plan.states,
    }
    if plan.is_async:
        names["CancelledError"] = standard.asyncio.CancelledError
    names.update(plan.scopes)
    names.update(handing(plan))
    names.update({name: function.call for name, function in program.functions.items()})
    names.update(program.fused_names)
    return names


def handing(plan: Plan) -> dict[str, Any]:
    """Return how the generated function takes records into other networks and back."""
    pushes = pushes_by_number(plan)
    names: dict[str, Any] = {}
    for number, way in pushes.items():
        names[f"hand_in_{number}"] = partial(hand_in, way.push)
        names[f"hand_back_{number}"] = partial(hand_back, way.push)
    if pushes:
        names["check_nesting"] = partial(check_frames, pushes)
    return names


def check_frames(pushes: Mapping[int, PushArc], frames: RawFrame | None, number: int) -> None:
    """Raise NestingLimitError if the push leads one network too deep, given those around it."""
    networks: list[str] = []
    while frames is not None:
        networks.append(pushes[frames[3]].push.network)
        frames = frames[0]
    check_nesting(tuple(reversed(networks)), pushes[number].push)
