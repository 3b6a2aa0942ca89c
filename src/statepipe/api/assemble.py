"""Assembling: from a config to the engines that run it. The core of every kind of FSM."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from statepipe.api.modes import check_member
from statepipe.api.outside import Outside
from statepipe.api.resources import resources_of
from statepipe.codegen.engine import Engine
from statepipe.config.load import Config, LoadedConfig, load_config
from statepipe.errors import UsageError, named_type
from statepipe.graph.build import build_machine
from statepipe.graph.builtins import without_secrets
from statepipe.graph.model import Machine
from statepipe.plan.lower import lower, starting_at
from statepipe.plan.model import Plan
from statepipe.ports.clock import Clock, begin_run
from statepipe.ports.timing import Timing
from statepipe.record import DataHandlingMode, Record, Run
from statepipe.run.deadline import SystemTiming
from statepipe.run.options import StreamConfig

Functions = Mapping[str, Callable[..., Any]]


class Core:
    """A machine with its plan and its engines, one for each state that records have entered at."""

    def __init__(
        self,
        config: Config | LoadedConfig,
        data_mode: DataHandlingMode,
        resources: Mapping[str, Any] | None,
        custom_functions: Functions | None,
        stream_config: StreamConfig | None,
        trusted: bool | None,
    ) -> None:
        check_options(data_mode, resources, custom_functions, trusted)
        if stream_config is not None:
            check_stream_config(stream_config)
        loaded = config if isinstance(config, LoadedConfig) else load_config(config)
        registered = dict(custom_functions or {})
        given = dict(resources or {})
        self.machine: Machine = build_machine(
            loaded, registered=registered, trusted=trusted, given=given
        )
        dumped = loaded.model.model_dump(by_alias=True, exclude_none=True)
        self.config: dict[str, Any] = without_secrets(dumped)
        self.outside = Outside()
        self.resources = resources_of(self.machine, given, self.outside.clock)
        weakref.finalize(self, self.resources.close_here)  # of a machine that nobody closes
        self.timing: Timing = SystemTiming()
        self.stream_config = stream_config or StreamConfig()
        self.plan: Plan = lower(self.machine, mode=data_mode, resources=self.resources)
        self.asks = self.plan.asks
        self.lives = self.plan.lives
        self._engines: dict[str, Engine] = {}
        self._entry_engine: Engine | None = None
        self._closed = False

    @property
    def clock(self) -> Clock:
        return self.outside.clock

    @property
    def engine(self) -> Engine:
        return self.engine_from(None)

    def engine_from(self, state: str | None) -> Engine:
        """Return the engine for records that enter at `state`, or at the start for None."""
        self.check_open()
        name = state or self.plan.states[self.plan.start].name
        if name not in self._engines:
            self._engines[name] = Engine(self.plan_from(name), self.timing)
        return self._engines[name]

    def plan_from(self, state: str | None) -> Plan:
        """Return the plan with records entering at `state`; UsageError if there is none."""
        if state is None:
            return self.plan
        try:
            return starting_at(self.plan, state)
        except KeyError as exc:
            known = ", ".join(self.state_names())
            raise UsageError(f"there is no state {state!r}; the states are {known}") from exc

    def entry_engine(self) -> Engine:
        """Return an engine that runs only what the start state does on entry."""
        self.check_open()
        if self._entry_engine is None:
            self._entry_engine = self._new_entry_engine()
        return self._entry_engine

    def _new_entry_engine(self) -> Engine:
        start = self.plan.states[self.plan.start]
        alone = replace(start, index=0, arcs=(), is_end=True)
        if start.recovery is not None:
            alone = replace(alone, recovery=replace(start.recovery, catches=()))
        return Engine(replace(self.plan, states=(alone,), start=0, on_failure=()), self.timing)

    def begin_run(self) -> Run:
        """Return a new run, which begins now."""
        return begin_run(self.clock, self.outside.randomness)

    def state_names(self) -> list[str]:
        return [state.name for state in self.plan.own_states]

    def metadata(self) -> dict[str, Any]:
        return {"machine": self.machine.name, "network": self.plan.network}

    def check_open(self) -> None:
        if self._closed:
            raise UsageError(f"{self.machine.name!r} is closed")

    def refuse_work(self) -> None:
        """Have `check_open` raise from now on."""
        self._closed = True

    def close(self) -> None:
        self._closed = True
        self.resources.close()

    async def aclose(self) -> None:
        self._closed = True
        await self.resources.aclose()


def checked_record(data: object) -> Record:
    """Return `data` if it is a record; UsageError names what it is instead."""
    if not isinstance(data, dict):
        raise UsageError(f"a record must be a dict, not {named_type(data)}")
    return data


def check_options(
    data_mode: object, resources: object, custom_functions: object, trusted: object
) -> None:
    """Raise UsageError for an option that is none: `trusted="no"` would count as true."""
    check_member("data_mode", data_mode, DataHandlingMode)
    if trusted is not None and not isinstance(trusted, bool):
        raise UsageError(f"trusted must be True, False or None, not {trusted!r}")
    for name, value in (("resources", resources), ("custom_functions", custom_functions)):
        if value is not None and not isinstance(value, Mapping):
            raise UsageError(f"{name} must be a mapping from names, not {named_type(value)}")


def check_stream_config(config: object) -> None:
    """Raise UsageError where a caller gave something else."""
    if not isinstance(config, StreamConfig):
        raise UsageError(f"stream_config must be a StreamConfig, not {named_type(config)}")


def check_callback(on_progress: object) -> None:
    """Raise UsageError for what cannot be called."""
    if on_progress is not None and not callable(on_progress):
        raise UsageError(f"on_progress must be callable, which {named_type(on_progress)} is not")


def check_truth(name: str, value: object) -> None:
    """Raise UsageError for an argument that is neither: `"no"` would count as true."""
    if not isinstance(value, bool):
        raise UsageError(f"{name} must be True or False, not {value!r}")


def check_timeout(timeout_s: object) -> None:
    """Raise UsageError unless `timeout_s` is a number of seconds."""
    number = isinstance(timeout_s, int | float) and not isinstance(timeout_s, bool)
    if not number or not timeout_s >= 0:  # type: ignore[operator]  # a number, as was just seen
        raise UsageError(f"timeout must be a number of seconds of at least 0, not {timeout_s!r}")
