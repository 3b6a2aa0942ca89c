"""Request: the options of `statepipe run`, and what they mean for the stream."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from statepipe.api.request import BESIDE
from statepipe.cli.flow import SUFFIXES, check_path
from statepipe.cli.words import did_you_mean
from statepipe.connectors.format_options import FormatOptions
from statepipe.connectors.formats import input_format, output_format, same_file
from statepipe.connectors.standard_streams import StandardInput, StandardOutput
from statepipe.errors import UsageError
from statepipe.run.memory import resident_mb
from statepipe.run.options import StreamConfig, record_limit

STANDARD = "-"
NONE = "none"
Target: TypeAlias = str | StandardOutput


@dataclass(frozen=True, slots=True)
class Options:
    """The command line of `statepipe run`, word for word. `again` is the whole of it."""

    flow: str
    source: str
    output: str | None = None
    sinks: tuple[str, ...] = ()
    chunk_size: int = 100
    parallelism: int = 1
    max_deliveries: int = 3
    timeout: float | None = None
    memory_limit: float | None = None
    max_compression_ratio: float = 500
    dead_letters: str | None = None
    max_errors: int = 0
    input_format: str = "auto"
    output_format: str = "auto"
    csv_delimiter: str = ","
    csv_header: bool = True
    text_field: str = "text"
    skip_empty_lines: bool = True
    as_json: bool = False
    quiet: bool = False
    trust: bool = False
    checkpoint: str | None = None
    accept_changes: bool = False
    take_over: bool = False
    again: str = "statepipe run"

    @property
    def delimiter(self) -> str:
        """The CSV delimiter: a shell passes on a tab more easily as `\\t`."""
        return "\t" if self.csv_delimiter == "\\t" else self.csv_delimiter


@dataclass(frozen=True, slots=True)
class EndState:
    """What a run has to know of an end state: its name, and what the config says of its output."""

    name: str
    emit_output: bool
    sink: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """What to move where. `targets` has an entry for each end state that is written."""

    options: Options
    source: str | StandardInput
    targets: Mapping[str, Target]
    ends: tuple[str, ...]
    dead_letters: str | None = field(default=BESIDE)

    @property
    def records_on_stdout(self) -> bool:
        return any(isinstance(target, StandardOutput) for target in self.targets.values())

    @property
    def source_name(self) -> str:
        return name_of(self.source)

    @property
    def source_bytes(self) -> int | None:
        """How large the source is, if it is a file."""
        source = self.source
        if isinstance(source, str) and os.path.isfile(source):
            return os.path.getsize(source)
        return None

    @property
    def outputs(self) -> list[str]:
        """The names of what is written, each once."""
        return list(dict.fromkeys(name_of(target) for target in self.targets.values()))

    def output_of(self, end: str) -> str:
        """Return the name of what the records of an end state are written to."""
        return name_of(self.targets[end])

    @property
    def files(self) -> list[str]:
        """The output files, each once."""
        paths = [target for target in self.targets.values() if isinstance(target, str)]
        return list(dict.fromkeys(paths))


def name_of(stream: str | StandardInput | StandardOutput) -> str:
    return stream if isinstance(stream, str) else stream.name


def check_order(options: Options) -> None:
    """Raise UsageError if the flow cannot be found, or flow and source seem to be exchanged."""
    flow, source = options.flow, options.source
    if not flow.endswith(SUFFIXES) and source.endswith(SUFFIXES):
        raise UsageError(f"the flow comes first: statepipe run {source} {flow}")
    check_path(flow)


def check_memory_limit(options: Options) -> None:
    """Raise UsageError for a limit that the command passes before it has read anything."""
    limit, own = options.memory_limit, resident_mb(os.getpid())
    if limit is not None and limit <= own:
        raise UsageError(
            f"--memory-limit: {limit:g} MB is less than the {own:.0f} MB that the command takes "
            "without any records; give it room for these"
        )


def request_of(options: Options, ends: list[EndState]) -> Request:
    """Return what `options` ask for of a flow with these end states; raises UsageError."""
    formats = FormatOptions(
        options.text_field,
        options.delimiter,
        options.csv_header,
        options.skip_empty_lines,
        record_limit(StreamConfig(memory_limit_mb=options.memory_limit)),
    )
    source: str | StandardInput = options.source
    if source == STANDARD:
        name = "jsonl" if options.input_format == "auto" else options.input_format
        source = StandardInput(input_format(name, formats))
    name = "jsonl" if options.output_format == "auto" else options.output_format
    standard_output = StandardOutput(output_format(name, formats))
    targets = {
        state: standard_output if path == STANDARD else path
        for state, path in paths_of(options, ends).items()
    }
    letters = dead_letters_of(options)
    for path in [*targets.values(), letters]:
        if isinstance(path, str) and same_file(path, options.flow):
            raise UsageError(f"the flow would be overwritten: {path}")
    return Request(options, source, targets, tuple(end.name for end in ends), letters)


def paths_of(options: Options, ends: list[EndState]) -> dict[str, str]:
    """Return where each end state's records go.

    `--sink` comes before the config's own `sink`, and that before `--output`.
    """
    names = [end.name for end in ends]
    chosen: dict[str, str] = {}
    for state, path in [sink_pair(text, names) for text in options.sinks]:
        if state in chosen:
            raise UsageError(f"--sink: {state!r} is given twice; one state has one sink")
        chosen[state] = path
    main = None if options.output == NONE else options.output
    found: dict[str, str] = {}
    for end in ends:
        sink = chosen.get(end.name) or end.sink or (main if end.emit_output else None)
        if sink is not None:
            found[end.name] = sink
    if not found and options.output is None:
        raise UsageError(
            "there is nowhere to write: give -o PATH, -o - for standard output, "
            "--sink STATE=PATH, or -o none to only count"
        )
    return found


def sink_pair(text: str, names: list[str]) -> tuple[str, str]:
    """Return the state and the path of a `--sink`. Either may hold `=` itself."""
    cuts = [at for at, char in enumerate(text) if char == "="]
    if not cuts:
        raise UsageError(f"--sink needs STATE=PATH, not {text!r}")
    at = next((at for at in cuts if text[:at] in names), cuts[0])
    state, path = text[:at], text[at + 1 :]
    if state not in names:
        hint = did_you_mean(state, names) or f"; the end states are {', '.join(names)}"
        raise UsageError(f"--sink: there is no end state {state!r}{hint}")
    if not path:
        raise UsageError(f"--sink {text}: the path is missing")
    return state, path


def dead_letters_of(options: Options) -> str | None:
    if options.dead_letters == STANDARD:
        raise UsageError("--dead-letters needs a path, or none: standard output is for records")
    if options.dead_letters == NONE:
        return None
    return options.dead_letters or BESIDE


def end_states(
    config: Mapping[str, Any],
) -> list[EndState]:  # the canonical config; keys without a value are left out
    """Return the end states of the main network, in written order."""
    networks = {network["name"]: network for network in config["networks"]}
    main = networks[config.get("main_network") or next(iter(networks))]
    return [
        EndState(state["name"], state["emit_output"], state.get("sink"))
        for state in main["states"]
        if state["is_end"]
    ]
