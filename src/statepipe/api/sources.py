"""Sources: whatever a caller gives as one, and the intake that turns it into chunks."""

from __future__ import annotations

import inspect
import io
from collections.abc import AsyncIterable, Iterable
from typing import Any, TypeAlias

from statepipe.api.resumption import Resumption
from statepipe.api.routes import path_of
from statepipe.connectors.format_options import FormatOptions
from statepipe.connectors.formats import file_source
from statepipe.errors import UsageError, named_type
from statepipe.ports import Source
from statepipe.ports.byte_source import ByteSource
from statepipe.ports.clock import Clock
from statepipe.ports.filesystem import FileSystem
from statepipe.record import Record
from statepipe.run.bell import Bell
from statepipe.run.gathering import gathered
from statepipe.run.intake import ByteIntake, Intake, IterableIntake, RangeIntake
from statepipe.run.live_intake import LiveIntake
from statepipe.run.options import StreamConfig
from statepipe.run.pulling import Pulled, PulledAsync
from statepipe.run.ranges import range_chunks

AnySource: TypeAlias = ByteSource | AsyncIterable[Record] | Iterable[Record]


def source_of(
    source: Any,  # as in `process_stream`
    *,
    files: FileSystem,
    input_format: str,
    options: FormatOptions,
    chunk_size: int,
) -> AnySource:
    """Return what a stream reads from; raises UsageError for what is no source."""
    path = path_of(source)
    if path is not None:
        return file_source(path, files=files, format=input_format, options=options)
    if isinstance(source, io.IOBase):
        raise UsageError("the source is an open file; give its path instead")
    if isinstance(source, ByteSource):
        return source
    if isinstance(source, Source):
        pulled = PulledAsync if inspect.iscoroutinefunction(source.read) else Pulled
        return pulled(source, chunk_size)
    if isinstance(source, AsyncIterable):
        return source
    if isinstance(source, Iterable) and not isinstance(source, dict | bytes):
        return source
    raise UsageError(
        f"a source must be a path, an iterable, an async iterable or a source object, "
        f"not {named_type(source)}{_source_advice(source)}"
    )


def _source_advice(source: object) -> str:
    if inspect.isgeneratorfunction(source) or inspect.isasyncgenfunction(source):
        return f"; call it: {source.__name__}()"
    if inspect.iscoroutine(source):
        source.close()
        return "; await it"
    return "; put it in a list" if isinstance(source, dict) else ""


def reads_ranges(source: AnySource, config: StreamConfig, use_streaming: bool) -> bool:
    """Tell whether workers read the source for themselves."""
    return (
        use_streaming
        and config.parallelism > 1
        and isinstance(source, ByteSource)
        and source.splittable
    )


def new_intake(
    source: AnySource,
    config: StreamConfig,
    resumption: Resumption,
    bell: Bell,
    clock: Clock,
    *,
    use_streaming: bool,
) -> Intake:
    """Return what turns `source` into chunks, from where the stream begins."""
    if reads_ranges(source, config, use_streaming):
        assert isinstance(source, ByteSource)
        start = resumption.point.offset if resumption.point is not None else 0
        return RangeIntake(range_chunks(source, config, start))
    intake = chunked(source, config, resumption, bell, clock)
    return intake if use_streaming else gathered(intake, config)


def chunked(
    source: AnySource, config: StreamConfig, resumption: Resumption, bell: Bell, clock: Clock
) -> Intake:
    chunk_size, max_wait_s = config.chunk_size, config.max_wait_ms / 1000
    if isinstance(source, ByteSource):
        begin = resumption.point
        return ByteIntake(source, chunk_size, max_wait_s, bell, clock, begin=begin)
    skip = resumption.records
    if isinstance(source, AsyncIterable):
        return LiveIntake(
            source,
            chunk_size=chunk_size,
            max_wait_s=max_wait_s,
            bell=bell,
            clock=clock,
            skip=skip,
        )
    return IterableIntake(source, chunk_size, max_wait_s, clock, skip=skip)
