"""Memory: what builtins keep of earlier records: of one run, of one machine in it, bounded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from hashlib import blake2b
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from pydantic import Field

from statepipe.functions.builtin import Params
from statepipe.functions.function import Memory
from statepipe.functions.library.fields import MISSING, FieldPath, value_at
from statepipe.functions.library.validators import canonical
from statepipe.functions.view import Context, whereabouts
from statepipe.record import Record, Run

Kept = TypeVar("Kept")


class Remembering(Params):
    """What all builtins with a memory have in common."""

    per_worker: bool = Field(
        default=False,
        description="Whether each worker of a stream with parallelism may remember on its own. "
        "Else such a stream is refused.",
    )

    @property
    def memory(self) -> Memory:
        return "worker" if self.per_worker else "run"


class PerRun(Generic[Kept]):
    """One `Kept` for each run and place in a pipeline, made at first use, gone with the run."""

    def __init__(self, new: Callable[[], Kept]) -> None:
        self._new = new
        self._kept: WeakKeyDictionary[Run, dict[int, Kept]] = WeakKeyDictionary()
        self._lock = Lock()  # two streams of one machine may run in two threads

    def of(self, context: Context) -> tuple[Kept, int]:
        """Return what is kept for the run of `context`, and the record's position."""
        here = whereabouts(context)
        with self._lock:
            stages = self._kept.setdefault(here.run, {})
            if here.stage not in stages:
                stages[here.stage] = self._new()
            return stages[here.stage], here.position


class Bounded(OrderedDict[Hashable, Kept]):
    """A mapping that forgets what was put in first when it holds more than `most`."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def remember(self, key: Hashable, value: Kept) -> None:
        self[key] = value
        if len(self) > self.most:
            self.popitem(last=False)


def digest(record: Record, paths: tuple[FieldPath, ...] | None) -> bytes:
    """Return 16 bytes that stand for the values at `paths`, or for the whole record."""
    value: Any = record
    if paths is not None:
        values = [value_at(record, path) for path in paths]
        value = [[] if each is MISSING else [each] for each in values]
    return blake2b(canonical(value).encode(errors="surrogatepass"), digest_size=16).digest()
