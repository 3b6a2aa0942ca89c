"""Checkpointing: what a stream needs to be left at any time and gone on with."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from statepipe.api.assemble import Core
from statepipe.api.outside import OpenStore
from statepipe.connectors.format_options import FormatOptions
from statepipe.errors import UsageError
from statepipe.ports import (
    ByteSink,
    ByteSource,
    CheckpointStore,
    DeliveryLog,
    DurableSink,
    ResumableSource,
)
from statepipe.run.checkpoint import check_same
from statepipe.run.options import StreamConfig
from statepipe.saved import Phase, Point, Saved, SavedOutput


@dataclass(frozen=True, slots=True)
class Checkpointing:
    """The arguments of `process_stream` about its checkpoint.

    `accept_changes`: go on although config or source are not what they were. `take_over`: from a
    process that hangs.
    """

    directory: str
    accept_changes: bool = False
    take_over: bool = False

    def opened(self, open_store: OpenStore) -> CheckpointStore:
        """Open the checkpoint, which locks it. Raises CheckpointError."""
        return open_store(self.directory, take_over=self.take_over)

    def check(self, saved: Saved, source: Mapping[str, str], settings: Mapping[str, str]) -> None:
        """Raise UsageError where a run cannot go on from `saved`, or should not unasked."""
        check_outputs(saved.settings, settings, self.directory)
        if self.accept_changes and saved.phase is Phase.RUNNING:
            return
        check_same(saved.settings, settings, what="flow", directory=self.directory)
        check_same(saved.source, source, what="source", directory=self.directory)


def check_outputs(saved: Mapping[str, str], now: Mapping[str, str], directory: str) -> None:
    """Raise UsageError if the outputs are others: what was written cannot be moved."""
    if saved.get(OUTPUTS) != now.get(OUTPUTS):
        raise UsageError(
            f"the checkpoint {directory} is of a run with other outputs: {saved.get(OUTPUTS)}, "
            f"not {now.get(OUTPUTS)}. Give the same ones, or another checkpoint directory"
        )


OUTPUTS = "outputs"


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where a stream begins: at an earlier run's `saved`, or for None at the source's begin.

    `log` tells of records that workers died of, in an earlier run too.
    """

    saved: Saved | None
    log: DeliveryLog | None = None

    @property
    def point(self) -> Point | None:
        return self.saved.point if self.saved is not None else None

    @property
    def records(self) -> int:
        return self.saved.counts.total if self.saved is not None else 0

    def output(self, number: int) -> SavedOutput | None:
        """Return how sink `number` was left."""
        return self.saved.outputs[number] if self.saved is not None else None


def check_checkpoint(
    given: object, accept_changes: object, take_over: object
) -> Checkpointing | None:
    """Return the arguments about the checkpoint, resolved; raises UsageError."""
    for name, value in (("accept_changes", accept_changes), ("take_over", take_over)):
        if not isinstance(value, bool):
            raise UsageError(f"{name} must be True or False, not {value!r}")
        if value and given is None:
            raise UsageError(f"{name} is for a stream with a checkpoint")
    if given is None:
        return None
    if not isinstance(given, str | os.PathLike):
        raise UsageError(f"checkpoint must be the path of a directory, not {given!r}")
    return Checkpointing(os.fspath(given), bool(accept_changes), bool(take_over))


def check_able(source: object, sinks: Sequence[object], config: StreamConfig) -> None:
    """Raise UsageError where source, sinks or options cannot be gone on with after a crash."""
    if isinstance(source, ByteSource) and (source.live or not isinstance(source, ResumableSource)):
        raise UsageError(
            f"{source.name} cannot be read again, which a checkpoint needs; give a file"
        )
    for sink in sinks:
        if not isinstance(sink, DurableSink):
            name = sink.name if isinstance(sink, ByteSink) else type(sink).__name__
            raise UsageError(
                f"with a checkpoint every sink must be a file, which {name} is not: "
                "what it was given cannot be taken back"
            )
    if not config.ordered:
        raise UsageError("a checkpoint needs the order of the input; leave out ordered=False")


def source_facts(source: object) -> dict[str, str]:
    """Return what a source is known by: of an iterator only its kind."""
    if isinstance(source, ResumableSource):
        return dict(source.identity())
    return {"kind": type(source).__name__}


def settings_of(
    stages: Sequence[Core], outputs: Mapping[str, str], formats: Mapping[str, Any]
) -> dict[str, str]:
    """Return by name all that decides what is written, but the source.

    `outputs` holds the path that each end state is written to, the dead letters last.
    """
    found = {OUTPUTS: ", ".join(dict.fromkeys(outputs.values()))}
    found |= {f"sink of {state}": path for state, path in outputs.items()}
    for number, stage in enumerate(stages):
        machine = stage.machine
        where = f" of machine {machine.name!r}" if len(stages) > 1 else ""
        found |= {f"{part}{where}": text for part, text in machine.fingerprint.items()}
        found[f"data mode{where}"] = stage.plan.mode.value
        found[f"stage {number + 1}"] = machine.name
    return found | {name: str(value) for name, value in formats.items()}


def format_facts(
    options: FormatOptions, input_format: str, output_format: str, config: StreamConfig
) -> dict[str, Any]:
    return {
        "input_format": input_format,
        "output_format": output_format,
        "text_field_name": options.text_field_name,
        "csv_delimiter": options.csv_delimiter,
        "csv_has_header": options.csv_has_header,
        "skip_empty_lines": options.skip_empty_lines,
        "max_record_bytes": options.max_record_bytes,
        "memory_limit_mb": config.memory_limit_mb,
        "retries": config.max_retries if config.retry_on_error else 0,
    }


def durable(sinks: Iterable[object]) -> list[DurableSink]:
    """Return the sinks, which `check_able` has found to be durable."""
    return [sink for sink in sinks if isinstance(sink, DurableSink)]
