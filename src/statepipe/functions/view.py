"""StateView and Context: what the author's functions get."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from dataclasses import dataclass
from datetime import datetime
from random import Random
from types import MappingProxyType
from typing import Any, NoReturn, TypeAlias

from statepipe.functions.moment import NO_PROMISE, Promise, moment_of
from statepipe.record import Record, Run
from statepipe.short import Brief

EMPTY: Mapping[str, Any] = MappingProxyType({})


Caught: TypeAlias = dict[str, str]
"""What is known of the error that brought a record where it is: its `type`, `message`, `state`."""


class RunBound:
    """What a run that is resumed gives again for this record and step.

    Time, ids and chance, and the error that was caught on the way.
    """

    __slots__ = ("_caught", "_moment", "_step")

    _moment: Promise
    _step: int
    _caught: Caught | None

    @property
    def error(self) -> Caught | None:
        """The error that was caught on the way here, as a dict of one's own; None without one."""
        return None if self._caught is None else dict(self._caught)

    def __deepcopy__(self, memo: dict[int, Any]) -> NoReturn:  # as `copy` calls it
        raise TypeError(f"{self!r} cannot be copied or kept in a record; take its data")

    def now(self) -> datetime:
        """Return when the run began, in UTC: the same for all its records."""
        return moment_of(self._moment).now()

    def uuid(self) -> str:
        """Return an id that is given only once; the next call gives another."""
        return moment_of(self._moment).uuid(self._step)

    @property
    def rng(self) -> Random:
        """A random number generator of this record's and this step's own."""
        return moment_of(self._moment).rng(self._step)


class StateView(RunBound, Brief):
    """A record at a state, as a function of one parameter gets it.

    `data` is the record itself, not a copy; assigning it replaces the record. `state[...]`,
    `get`, `in`, `len`, iteration and `{**state}` all go to `data`. `resources` are the state's.
    """

    __slots__ = ("data", "name", "resources")

    def __init__(
        self,
        data: Record,
        name: str,
        resources: Mapping[str, Any] = EMPTY,
        moment: Promise = NO_PROMISE,
        step: int = 0,
        caught: Caught | None = None,
    ) -> None:
        self.data = data
        self.name = name
        self.resources = resources
        self._moment = moment
        self._step = step
        self._caught = caught

    def __getitem__(self, field: str) -> Any:
        return self.data[field]

    def __setitem__(self, field: str, value: Any) -> None:
        self.data[field] = value

    def __contains__(self, field: object) -> bool:
        return field in self.data

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def __bool__(self) -> bool:
        # A view of an empty record is still a view; `len` alone would make it false.
        return True

    def get(self, field: str, default: Any = None) -> Any:
        return self.data.get(field, default)

    def keys(self) -> KeysView[str]:
        return self.data.keys()

    def values(self) -> ValuesView[Any]:
        return self.data.values()

    def items(self) -> ItemsView[str, Any]:
        return self.data.items()

    def __repr__(self) -> str:
        count = len(self.data)
        return f"<state {self.name!r}, {count} {'field' if count == 1 else 'fields'}>"


class Context(RunBound, Brief):
    """What a function of two parameters gets beside the data: where it runs, and with what."""

    __slots__ = ("network", "resources", "state")

    def __init__(
        self,
        state: str,
        network: str,
        resources: Mapping[str, Any] = EMPTY,
        moment: Promise = NO_PROMISE,
        step: int = 0,
        caught: Caught | None = None,
    ) -> None:
        self.state = state
        self.network = network
        self.resources = resources
        self._moment = moment
        self._step = step
        self._caught = caught

    def __repr__(self) -> str:
        return f"<context of state {self.state!r} in network {self.network!r}>"


def view_in(context: Context, data: Record) -> StateView:
    """Return `data` as a function of one parameter would get it where `context` is."""
    moment, step = context._moment, context._step
    caught = context._caught
    return StateView(data, context.state, context.resources, moment, step, caught)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a record is: its run, the machine's place in a pipeline, its position."""

    run: Run
    stage: int
    position: int


def whereabouts(context: Context) -> Whereabouts:
    """Return where the record is that a function gets with `context`. NoRunError without a run."""
    moments, index = context._moment[:2]
    moments.now()  # there has to be a run
    return Whereabouts(moments.run, moments.stage, moments.position(index))


def drawn(context: Context, kind: str) -> int:
    """Return a number of 128 bits by chance, the same whenever this step draws for this record."""
    moments, index = context._moment[:2]
    return int.from_bytes(moments.key(kind, index, context._step))
