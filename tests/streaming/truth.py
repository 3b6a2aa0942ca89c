"""What a stream has to give: each record read by Python's own means, and interpreted alone."""

from __future__ import annotations

import asyncio
import copy
import csv
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from statepipe import Record, SimpleFSM, StreamConfig
from statepipe.connectors.filesystem import LocalFiles, SystemClock
from statepipe.connectors.formats import file_sink
from statepipe.functions.moment import Moments
from statepipe.plan.interpret import interpret_async, own
from statepipe.plan.model import Plan
from statepipe.ports.byte_sink import ByteSink
from statepipe.ports.clock import begin_run
from statepipe.ports.formats import UnwritableError
from statepipe.record import Outcome
from statepipe.testing import CountingRandomness, ManualTiming, outside
from tests.codegen.authors import CALLS
from tests.streaming.chaos import LIMIT_BYTES, Input, Target

MALFORMED_AS = ("MalformedRecord", None, [])


class StandingClock(SystemClock):
    """A clock by which every run begins at the same moment."""

    def now_s(self) -> float:
        return 1_700_000_000.5


def same_run(fsm: SimpleFSM) -> None:
    """Let the next stream of `fsm` be the run that `truths` tells of."""
    CALLS.clear()
    outside(fsm, clock=StandingClock(), randomness=CountingRandomness())


# -- reading -----------------------------------------------------------------------------------


def decoded(form: str, piece: bytes) -> Record | None:
    """Return the record of a piece of a source, None where it is malformed."""
    if len(piece) > LIMIT_BYTES:
        return None
    try:
        text = piece.decode()
        if form == "text":
            return {"text": text.removesuffix("\r")}
        if form == "csv":
            (row,) = csv.reader([text])
            return dict(zip(("id", "text", "n"), row, strict=True))
        value = json.loads(text, parse_constant=finite, parse_float=finite)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number")
    return number


def records_of(given: Input) -> list[Record | None]:
    """Return every record of an input, None for those that are malformed."""
    if given.name is None:
        return [each if isinstance(each, dict) else None for each in copy.deepcopy(given.records)]
    form = given.form
    return [None if piece is None else decoded(form, piece) for piece in given.pieces]


# -- running -----------------------------------------------------------------------------------


def truths(fsm: SimpleFSM, given: Input, config: StreamConfig) -> list[Outcome | None]:
    """Return what becomes of each record alone; None for what is no record."""
    (stage,) = fsm._stages
    CALLS.clear()
    run = begin_run(StandingClock(), CountingRandomness())
    moments = Moments(run, lambda: given.offsets)
    retries = config.max_retries if config.retry_on_error else 0

    async def all_of_them() -> list[Outcome | None]:
        return [
            None if record is None else await last_of(stage.plan, record, moments, at, retries)
            for at, record in enumerate(records_of(given))
        ]

    return asyncio.run(all_of_them())


async def last_of(plan: Plan, record: Record, moments: Moments, at: int, retries: int) -> Outcome:
    """Return how a record ends that is run again, from the start, until it succeeds."""
    for left in range(retries, -1, -1):
        mine = own(plan, copy.deepcopy(record))
        outcome = await interpret_async(plan, mine, moments.promise(at), ManualTiming())
        if outcome.success or not left:
            return outcome
    raise AssertionError("there is always a last attempt")


# -- writing -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expected:
    """What each target has to hold, bytes or records, which are so many; and the letters."""

    contents: list[bytes | list[Record]]
    written: int
    letters: list[tuple[int, str, str | None, list[str]]]


def expected(
    outcomes: Sequence[Outcome | None], sinks: Sequence[Target], at: dict[str, int]
) -> Expected:
    """Write outcomes one by one. `at` tells which of the `sinks` an end state writes to."""
    pages = [page_of(target) for target in sinks]
    letters = []
    for number, outcome in enumerate(outcomes):
        fault = MALFORMED_AS if outcome is None else fault_of(outcome, pages, at)
        if fault is not None:
            letters.append((number, *fault))
    return Expected([page.content for page in pages], sum(map(len, pages)), letters)


def fault_of(
    outcome: Outcome, pages: list[Page], at: dict[str, int]
) -> tuple[str, str | None, list[str]] | None:
    """Write a record where it belongs; return why that is nowhere."""
    path = list(outcome.path)
    if outcome.error is not None:
        return outcome.error.error_type, outcome.error.state, list(outcome.error.path)
    if outcome.final_state not in at:
        return None
    try:
        pages[at[outcome.final_state]].add(outcome.data)
    except UnwritableError:
        return "UnwritableError", outcome.final_state, path
    return None


class Page:
    """What one sink has to hold."""

    def __init__(self, sink: ByteSink | None) -> None:
        self._sink = sink
        self._texts: list[bytes] = []
        self._records: list[Record] = []

    def add(self, record: Record) -> None:
        if self._sink is None:
            self._records.append(record)
        else:
            self._texts.append(self._sink.encoder.encode_one(record))

    def __len__(self) -> int:
        return len(self._texts) + len(self._records)

    @property
    def content(self) -> bytes | list[Record]:
        if self._sink is None:
            return self._records
        framing = self._sink.framing
        end = (framing.end_if_any if self._texts else b"") + framing.end
        return framing.begin + framing.between.join(self._texts) + end


def page_of(target: Target) -> Page:
    return Page(None if target.path is None else file_sink(str(target.path), files=LocalFiles()))


def told(letters: Sequence[dict[str, Any]]) -> Iterator[tuple[int, str, str | None, list[str]]]:
    """Yield of each dead letter what `expected` tells of it."""
    for letter in letters:
        path = list(letter["path"])
        yield letter["position"]["record"], letter["error_type"], letter["state"], path
