"""Resumption: where a stream begins, and what it takes to be left at any time and gone on with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from statepipe.api.assemble import Core
from statepipe.api.checkpointing import OUTPUTS
from statepipe.connectors.format_options import FormatOptions
from statepipe.errors import UsageError
from statepipe.ports.byte_sink import ByteSink, DurableSink
from statepipe.ports.byte_source import ByteSource, ResumableSource
from statepipe.ports.checkpoint_store import DeliveryLog
from statepipe.run.options import StreamConfig
from statepipe.saved import Point, Saved, SavedOutput


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
