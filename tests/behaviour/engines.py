"""Every way to run a record, each as one short class: what it gives is the same for all.

A new way is a class with `run`, added to `EVERY`. Each is asked for what became of one record.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Protocol

from statepipe import (
    AdvancedFSM,
    AsyncSimpleFSM,
    ExecutionContext,
    ExecutionHook,
    FSMDebugger,
    RecordError,
    SimpleFSM,
    StreamConfig,
    StreamResult,
)
from statepipe.api.inspecting import state_names
from statepipe.api.resources import resources_of
from statepipe.cli.debug import debugging
from statepipe.cli.main import main
from statepipe.config.load import load_config
from statepipe.connectors.filesystem import SystemClock
from statepipe.graph.build import build_machine
from statepipe.graph.model import Machine
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


def of_outcome(outcome: Outcome) -> Seen:
    if outcome.error is not None:
        return of_error(outcome.error)
    return Seen(outcome.final_state, outcome.data, list(outcome.path))


def of_context(context: ExecutionContext) -> Seen:
    assert context.is_complete()
    if context.error is not None:
        return of_error(context.error)
    return Seen(context.current_state, context.data, context.path)


def of_letter(letter: Letter) -> Seen:
    error = (letter["error_type"], letter["message"])
    return Seen(letter["state"], None, letter["path"], error, letter)


class Interpreted:
    """The reference engine, which every other has to agree with."""

    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        machine = machine_of(config)
        plan = lower(machine, resources=resources_of(machine, {}, SystemClock()))
        return of_outcome(wait(self.outcome(plan, record)))

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


class Stepped:
    """By AdvancedFSM, one step at a time."""

    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        with AdvancedFSM(config) as fsm:
            context = fsm.create_context(record)
            while not context.is_complete():
                fsm.execute_step_sync(context)
            return of_context(context)


class SteppedAsync:
    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        return wait(self.seen(config, record))

    async def seen(self, config: Config, record: Any) -> Seen:
        fsm = AdvancedFSM(config)
        async with fsm, fsm.execution_context(record) as context:
            while not context.is_complete():
                await fsm.step(context)
            return of_context(context)


class FromStop:
    """From one breakpoint to the next, with one before every state of every network."""

    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        with stopping_everywhere(config) as fsm:
            context = fsm.create_context(record)
            while fsm.run_until_breakpoint_sync(context):
                pass
            return of_context(context)


class FromStopAsync:
    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        return wait(self.seen(config, record))

    async def seen(self, config: Config, record: Any) -> Seen:
        async with stopping_everywhere(config) as fsm:
            context = fsm.create_context(record)
            while await fsm.run_until_breakpoint(context):
                pass
            return of_context(context)


class Traced:
    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        heard = Heard()
        with heard.machine(config) as fsm:
            return self.seen(fsm.trace_execution_sync(record), heard)

    def seen(self, trace: list[dict[str, Any]], heard: Heard) -> Seen:
        last = trace[-1]
        path = [entry["from_state"] for entry in trace]
        path += [last["to_state"]] if last["transition"] is not None else []
        return Seen(last["to_state"], last["data"], path, heard.error_of(last))


class TracedAsync(Traced):
    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        return wait(self.traced(config, record))

    async def traced(self, config: Config, record: Any) -> Seen:
        heard = Heard()
        async with heard.machine(config) as fsm:
            return self.seen(await fsm.trace_execution(record), heard)


class Profiled:
    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        heard = Heard()
        with heard.machine(config) as fsm:
            return self.seen(fsm.profile_execution_sync(record), heard)

    def seen(self, profile: dict[str, Any], heard: Heard) -> Seen:
        error = heard.error_of(profile)
        return Seen(profile["final_state"], profile["final_data"], heard.path, error)


class ProfiledAsync(Profiled):
    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        return wait(self.profiled(config, record))

    async def profiled(self, config: Config, record: Any) -> Seen:
        heard = Heard()
        async with heard.machine(config) as fsm:
            return self.seen(await fsm.profile_execution(record), heard)


class Debugged:
    """By FSMDebugger, on the machine of another FSM."""

    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        with SimpleFSM(config) as machine, AdvancedFSM(machine) as fsm:
            debugger = FSMDebugger(fsm)
            debugger.start(record)
            debugger.continue_to_breakpoint()
            return of_context(debugger.context)


class DebuggedInTerminal:
    """By the commands of `statepipe debug`."""

    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        with debugging(config, record, None, True) as session:
            while not session.timeline.is_done:
                session.obey("step")
            outcome = session.timeline.stepper.outcome
            assert outcome is not None
            return of_outcome(outcome)


class Explained:
    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        with SimpleFSM(config) as fsm:
            return of_result(fsm.why(record))


class ExplainedAsync:
    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        return of_result(wait(AsyncSimpleFSM(config).why(record)))


class ExplainedOnCommandLine:
    def run(self, config: Config, record: Any, folder: Path) -> Seen:
        flow = folder / "flow.json"
        flow.write_text(json.dumps(config), encoding="utf-8")
        with redirect_stdout(StringIO()) as said:
            main(["why", str(flow), "--data", json.dumps(record), "--trust", "--json"])
        told = json.loads(said.getvalue())
        error = (told["error_type"], told["error"]) if told["error_type"] else None
        return Seen(told["final_state"], told["data"], told["path"], error)


class Heard:
    """What hooks tell of a record: the states that it came to, and what failed there."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.failures: list[str] = []

    def machine(self, config: Config) -> AdvancedFSM:
        fsm = AdvancedFSM(config)
        fsm.set_hooks(ExecutionHook(on_state_enter=self.enter, on_error=self.fail))
        return fsm

    def enter(self, state: Any) -> None:
        self.path.append(state.name)

    def fail(self, state: Any) -> None:
        self.failures.append(state.error["type"])

    def error_of(self, told: dict[str, Any]) -> tuple[str, str] | None:
        """Return what a record failed of, if `told` says that it did."""
        return (self.failures[-1], told["error"]) if "error" in told else None


IN_MEMORY: dict[str, Engine] = {
    "interpreter": Interpreted(),
    "process": One(),
    "process, async": OneAsync(),
    "process, with a timeout": OneInTime(),
    "process_batch": Many(),
    "process_batch, async": ManyAsync(),
    "stream of an iterable": FromIterable(),
    "stream of an async iterable": FromAsyncIterable(),
    "steps": Stepped(),
    "steps, async": SteppedAsync(),
    "run_until_breakpoint": FromStop(),
    "run_until_breakpoint, async": FromStopAsync(),
    "trace_execution": Traced(),
    "trace_execution, async": TracedAsync(),
    "profile_execution": Profiled(),
    "profile_execution, async": ProfiledAsync(),
    "debugger": Debugged(),
    "debugger of the terminal": DebuggedInTerminal(),
}
OF_COPIES: dict[str, Engine] = {
    "why": Explained(),
    "why, async": ExplainedAsync(),
    "why, command line": ExplainedOnCommandLine(),
}
OF_FILES: dict[str, Engine] = {
    "stream of a file": FromFile(),
    "stream of a file, two workers": FromFileByWorkers(),
    "command line": CommandLine(),
}
EVERY = IN_MEMORY | OF_COPIES | OF_FILES


def wait(work: Coroutine[Any, Any, Any]) -> Any:  # what it gives
    return asyncio.run(work)


async def one_by_one(records: list[Any]) -> Any:  # an async generator
    for record in records:
        yield record


def keeper(kept: list[Seen], state: str) -> Any:  # a sink
    return lambda record: kept.append(Seen(state, record))


def stopping_everywhere(config: Config) -> AdvancedFSM:
    fsm = AdvancedFSM(config)
    for name in state_names(machine_of(config)):
        fsm.add_breakpoint(name)
    return fsm


def ends_of(config: Config) -> list[str]:
    return [state.name for state in states_of(config) if state.is_end]


def states_of(config: Config) -> Any:  # frozen states
    return machine_of(config).main_network.states.values()


def machine_of(config: Config) -> Machine:
    return build_machine(load_config(config), registered={}, trusted=True)


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
