"""Real engines and runners of small machines, for tests of what drives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from statepipe.codegen.engine import Engine
from statepipe.config.load import load_config
from statepipe.connectors.json_codec import JsonDecoder, JsonEncoder
from statepipe.graph.build import build_machine
from statepipe.plan.lower import lower
from statepipe.ports.formats import Framing
from statepipe.record import DataHandlingMode
from statepipe.run.compute import ChunkRunner
from statepipe.run.routing import Relay, Routing, Slot

JSON_LINES = Slot(JsonEncoder(), Framing(between=b"", end_if_any=b""))


def divider() -> dict[str, Any]:
    """Return a machine that fails on zero, and sends what is negative to its own end state."""
    return {
        "name": "Divider",
        "states": {
            "input": {
                "start": True,
                "transform": "lambda s: {**s.data, 'share': 12 / s.data['n']}",
                "arcs": [
                    {"target": "negative", "condition": "lambda s: s.data['n'] < 0"},
                    {"target": "output"},
                ],
            },
            "output": {"end": True},
            "negative": {"end": True},
        },
    }


def one_state(transform: Any = None, name: str = "One") -> dict[str, Any]:
    """Return a machine of one transform, given as a config may give it."""
    start: dict[str, Any] = {"start": True, "arcs": [{"target": "output"}]}
    if transform is not None:
        start["transform"] = transform
    return {"name": name, "states": {"input": start, "output": {"end": True}}}


def engine_of(
    config: dict[str, Any],
    mode: DataHandlingMode = DataHandlingMode.COPY,
    functions: Mapping[str, Callable[..., Any]] | None = None,
) -> Engine:
    registered = dict(functions or {})
    machine = build_machine(load_config(config), registered=registered, trusted=None)
    return Engine(lower(machine, mode=mode, resources={}))


def runner_of(
    *engines: Engine,
    slots: Sequence[Slot] = (JSON_LINES,),
    sinks: Mapping[str, int] | None = None,
    passing: Sequence[frozenset[str]] = (),
    **options: Any,
) -> ChunkRunner:
    """Return a runner that reads and writes JSON lines; all end at `output` goes to sink 0."""
    names = [engine.plan.name for engine in engines]
    relay = Relay(JsonEncoder(), JsonDecoder()) if passing else None
    routing = Routing(slots, {"output": 0} if sinks is None else sinks, passing, names, relay)
    return ChunkRunner(engines, JsonDecoder(), routing, **options)
