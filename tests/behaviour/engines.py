"""Every way to run a record, each as one short class: what it gives is the same for all.

A new way is a class with `run`, added to `EVERY`. Each is asked for what became of one record.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from statepipe import AsyncSimpleFSM, RecordError, SimpleFSM, StreamConfig, StreamResult
from statepipe.api.resources import resources_of
from statepipe.cli.main import main
from statepipe.config.load import load_config
from statepipe.connectors.filesystem import SystemClock
from statepipe.graph.build import build_machine
from statepipe.plan.interpret import interpret_async, own
from statepipe.plan.lower import lower
from statepipe.plan.model import Plan
from statepipe.record import Outcome
from statepipe.run.deadline import SystemTiming
from statepipe.run.lives import alive_async

Config = dict[str, Any]
Letter = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """What became of a record. `path` and `letter` are None where an engine tells of none.

    Of a record that failed, `data` is None where it is told as text only.
    """

    state: str
    data: Any
    path: list[str] | None = None
    error: tuple[str, str] | None = None  # type and message
    letter: Letter | None = None


class Engine(Protocol):
    def run(self, config: Config, record: Any, folder: Path) -> Seen: ...


def of_result(result: Any) -> Seen:
    error = (result.error_type, result.error) if result.error_type else None
    return Seen(result.final_state, result.data, result.path, error)


def of_error(error: RecordError, letter: Letter | None = None) -> Seen:
    assert error.state is not None
    return Seen(
        error.state, error.record, list(error.path), (error.error_type, error.message), letter
    )


def of_letter(letter: Letter) -> Seen:
    error = (letter["error_type"], letter["message"])
    return Seen(letter["state"], None, letter["path"], error, letter)


class Interpreted:
    """The reference engine, which every other has to agree with."""

    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        machine = build_machine(load_config(config), registered={}, trusted=True)
        plan = lower(machine, resources=resources_of(machine, {}, SystemClock()))
        outcome = wait(self.outcome(plan, record))
        if outcome.error is not None:
            return of_error(outcome.error)
        return Seen(outcome.final_state, outcome.data, list(outcome.path))

    async def outcome(self, plan: Plan, record: Any) -> Outcome:
        async with alive_async(plan.lives):
            return await interpret_async(plan, own(plan, record), timing=SystemTiming())


class One:
    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        with SimpleFSM(config) as fsm:
            return of_result(fsm.process(record))


class OneAsync:
    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        return of_result(wait(AsyncSimpleFSM(config).process(record)))


class OneInTime:
    """With a limit of time, which takes another road inside."""

    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        with SimpleFSM(config) as fsm:
            return of_result(fsm.process(record, timeout=60))


class Many:
    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        with SimpleFSM(config) as fsm:
            return of_result(fsm.process_batch([record])[0])


class ManyAsync:
    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        return of_result(wait(AsyncSimpleFSM(config).process_batch([record]))[0])


class FromIterable:
    """A stream of records as they are, to functions as sinks."""

    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        kept: list[Seen] = []
        sinks = {name: keeper(kept, name) for name in ends_of(config)}
        letters = folder / "letters.jsonl"
        result = self.stream(config, [record], sinks, dead_letters=letters)
        return kept[0] if kept else of_error(result.errors[0], letter_in(letters))

    def stream(self, config: Config, *given: Any, **options: Any) -> StreamResult:
        return SimpleFSM(config).process_stream(*given, **options)


class FromAsyncIterable(FromIterable):
    def stream(self, config: Config, source: Any, sink: Any, **options: Any) -> StreamResult:
        return wait(AsyncSimpleFSM(config).process_stream(one_by_one(source), sink, **options))


class FromFile:
    """A stream from a file to a file for each end state, in this process."""

    workers = 1

    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        source = folder / "in.jsonl"
        source.write_text(json.dumps(record) + "\n", encoding="utf-8")
        self.stream(config, source, folder)
        return found_in(folder, config)

    def stream(self, config: Config, source: Path, folder: Path) -> None:
        sinks = {name: folder / f"out-{name}.jsonl" for name in ends_of(config)}
        options = StreamConfig(parallelism=self.workers)
        letters = folder / "letters.jsonl"
        SimpleFSM(config).process_stream(source, sinks, stream_config=options, dead_letters=letters)


class FromFileByWorkers(FromFile):
    workers = 2


class CommandLine(FromFile):
    def stream(self, config: Config, source: Path, folder: Path) -> None:
        flow = folder / "flow.json"
        flow.write_text(json.dumps(config), encoding="utf-8")
        outputs = [f"--sink={name}={folder}/out-{name}.jsonl" for name in ends_of(config)]
        letters = f"--dead-letters={folder / 'letters.jsonl'}"
        code = main(["run", str(flow), str(source), "--trust", "--quiet", letters, *outputs])
        assert code in (0, 1)


IN_MEMORY: dict[str, Engine] = {
    "interpreter": Interpreted(),
    "process": One(),
    "process, async": OneAsync(),
    "process, with a timeout": OneInTime(),
    "process_batch": Many(),
    "process_batch, async": ManyAsync(),
    "stream of an iterable": FromIterable(),
    "stream of an async iterable": FromAsyncIterable(),
}
OF_FILES: dict[str, Engine] = {
    "stream of a file": FromFile(),
    "stream of a file, two workers": FromFileByWorkers(),
    "command line": CommandLine(),
}
EVERY = IN_MEMORY | OF_FILES


def wait(work: Coroutine[Any, Any, Any]) -> Any:  # what it gives
    return asyncio.run(work)


async def one_by_one(records: list[Any]) -> Any:  # an async generator
    for record in records:
        yield record


def keeper(kept: list[Seen], state: str) -> Any:  # a sink
    return lambda record: kept.append(Seen(state, record))


def ends_of(config: Config) -> list[str]:
    return [state.name for state in states_of(config) if state.is_end]


def states_of(config: Config) -> Any:  # frozen states
    machine = build_machine(load_config(config), registered={}, trusted=True)
    return machine.main_network.states.values()


def letter_in(path: Path) -> Letter | None:
    """Return the only letter of a file of them."""
    if not path.exists():
        return None
    letter: Letter = json.loads(path.read_text(encoding="utf-8"))
    return letter


def found_in(folder: Path, config: Config) -> Seen:
    """Return what the files of a stream tell of its only record."""
    for name in ends_of(config):
        output = folder / f"out-{name}.jsonl"
        if output.exists() and (text := output.read_text(encoding="utf-8")):
            return Seen(name, json.loads(text))
    letter = letter_in(folder / "letters.jsonl")
    assert letter is not None
    return of_letter(letter)
