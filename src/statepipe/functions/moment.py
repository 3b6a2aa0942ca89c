"""Moments: the time, the ids and the chance that code asks for, bound to the run and the record.

Each value follows from the run, the stage, the record's position, the step that asks, and how
often that step has asked for this record: so that a run that is resumed, cut into other chunks or
spread over other workers gives the same ones.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from random import Random
from typing import Any, TypeAlias

from statepipe.record import Run

KEY_BYTES = 16


class NoRunError(Exception):
    """Code asked for what is bound to a run where there is none."""


NO_RUN = Run("", 0.0)
"""In place of a run: whoever asks for what is bound to it gets a NoRunError."""


class Moments:
    """What the records of one chunk are given, at one stage of a pipeline.

    `positions` gives the position of each record in the source: the offset of its first byte,
    or its number where there are no bytes. It is called when the first record asks, if any does.
    """

    __slots__ = ("_began", "_given", "_positions", "run", "stage")

    def __init__(self, run: Run, positions: Callable[[], Sequence[int]], stage: int = 0) -> None:
        self.run = run
        self.stage = stage
        self._given = positions
        self._positions: Sequence[int] | None = None
        self._began: datetime | None = None

    def only(self, index: int) -> Moments:
        """Return what a chunk is given that holds record `index` alone."""
        return Moments(self.run, lambda: [self.position(index)], self.stage)

    def position(self, index: int) -> int:
        if self._positions is None:
            self._positions = self._given()
        return self._positions[index]

    def now(self) -> datetime:
        """Return when the run began, in UTC."""
        self._require_run()
        if self._began is None:
            self._began = datetime.fromtimestamp(self.run.began_s, UTC)
        return self._began

    def promise(self, index: int) -> Promise:
        """Return what record `index` takes along on its way."""
        return [self, index]

    def key(self, kind: str, index: int, step: int, count: int = 0) -> bytes:
        """Return 16 bytes that nothing else in this run or in another is given."""
        self._require_run()
        text = f"{kind} {self.stage} {self.position(index)} {step} {count} {self.run.id}"
        return blake2b(text.encode(errors="surrogatepass"), digest_size=KEY_BYTES).digest()

    def _require_run(self) -> None:
        if self.run is NO_RUN:
            message = "there is no run here to take `now`, `uuid` and `rng` from"
            advice = "a test can give one with `statepipe.testing.view_of` or `context_of`"
            raise NoRunError(f"{message}; {advice}")


NOWHERE = Moments(NO_RUN, lambda: ())


class Moment:
    """What one record is given on its way: values in the order in which its steps ask for them."""

    __slots__ = ("_counts", "_index", "_moments", "_rngs")

    def __init__(self, moments: Moments, index: int) -> None:
        self._moments = moments
        self._index = index
        self._counts: dict[int, int] | None = None
        self._rngs: dict[int, Random] | None = None

    def now(self) -> datetime:
        return self._moments.now()

    def uuid(self, step: int) -> str:
        """Return the next id of a step: a UUID of version 8. Source: RFC 9562, section 5.8."""
        if self._counts is None:
            self._counts = {}
        count = self._counts.get(step, 0)
        self._counts[step] = count + 1
        key = self._moments.key("uuid", self._index, step, count)
        text, variant = key.hex(), "89ab"[key[8] & 3]
        return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"

    def rng(self, step: int) -> Random:
        """Return the generator of a step. Asked again, it goes on where it was."""
        if self._rngs is None:
            self._rngs = {}
        if step not in self._rngs:
            seed = self._moments.key("rng", self._index, step)
            self._rngs[step] = Random(int.from_bytes(seed))
        return self._rngs[step]

    def copy(self) -> Moment:
        """Return one that goes on alone from where this one is."""
        copied = Moment(self._moments, self._index)
        copied._counts = None if self._counts is None else dict(self._counts)
        copied._rngs = copy.deepcopy(self._rngs)
        return copied


Promise: TypeAlias = "list[Any]"
"""`[moments, index]`, and the record's Moment behind them once it has been asked for anything.

Every record of a plan that may ask has one, and few ask: a list costs a fourth of an object.
"""

NO_PROMISE: Promise = [NOWHERE, 0]


def moment_of(promise: Promise) -> Moment:
    """Return the moment that was promised, always the same."""
    if len(promise) == 2:
        promise.append(Moment(*promise))
    moment: Moment = promise[2]
    return moment


def promised_again(promise: Promise) -> Promise:
    """Return a promise of the same, which goes on alone from where `promise` is."""
    return [*promise[:2], *(moment.copy() for moment in promise[2:])]
