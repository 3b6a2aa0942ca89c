"""Streaming: what every FSM and every pipeline of them can do with a stream."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Generic, TypeVar

from statepipe.api.assemble import (
    Core,
    check_callback,
    check_stream_config,
    check_timeout,
    check_truth,
)
from statepipe.api.checkpointing import check_checkpoint
from statepipe.api.request import BESIDE, Request
from statepipe.connectors.format_options import FormatOptions
from statepipe.run.options import StreamConfig, record_limit
from statepipe.run.pressure import full_sizes
from statepipe.run.progress import Progress

Given = TypeVar("Given")


class Streaming(ABC, Generic[Given]):
    """One or more machines, each behind the other. `Given`: the result, or what to await for it."""

    _stages: tuple[Core, ...]

    @abstractmethod
    def _stream(self, request: Request) -> Given: ...

    def process_stream(
        self,
        source: Any,  # a path, an iterable, an async iterable, or a `Source`
        sink: Any = None,  # a path, a callable, a `Sink`, a mapping of end states to these, None
        chunk_size: int | None = None,
        on_progress: Callable[[Progress], Any] | None = None,
        use_streaming: bool = True,
        input_format: str = "auto",
        output_format: str = "auto",
        text_field_name: str = "text",
        csv_delimiter: str = ",",
        csv_has_header: bool = True,
        skip_empty_lines: bool = True,
        stream_config: StreamConfig | None = None,
        timeout: float | None = None,
        *,
        dead_letters: str | os.PathLike[str] | None = BESIDE,
        checkpoint: str | os.PathLike[str] | None = None,
        accept_changes: bool = False,
        take_over: bool = False,
    ) -> Given:
        """Move records from `source` through the machine to `sink`; give the counts.

        `chunk_size` is records in a chunk, 100 unless `stream_config` says otherwise.
        `on_progress` is called after each chunk, and may be async. `use_streaming=False` reads
        the whole source before the first record is processed. Formats are `auto` (by suffix),
        `jsonl`, `json`, `csv`, `tsv` and `text`. `timeout` is in seconds, for the whole stream.
        `dead_letters` is where failed records go: beside the first file sink unless told, None
        for nowhere. A sink file is whole under its final name, or not there at all.

        With `checkpoint`, a directory, a run that was cut short is gone on with by the same call,
        to the same bytes; then every sink is a file. `accept_changes` goes on although config or
        source have changed, `take_over` although a process that hangs has the checkpoint. See
        docs/guides/reliability.md.

        Raises UsageError for arguments that do not fit, SourceError, SinkError and other
        StreamErrors with the counts as `.result`, and what the source or `on_progress` raised.
        """
        config = stream_config or self._stages[0].stream_config
        check_arguments(config, timeout, on_progress)
        check_truth("use_streaming", use_streaming)
        check_truth("csv_has_header", csv_has_header)
        check_truth("skip_empty_lines", skip_empty_lines)
        checkpointing = check_checkpoint(checkpoint, accept_changes, take_over)
        if chunk_size is not None:
            config = replace(config, chunk_size=chunk_size)
        options = FormatOptions(
            text_field_name,
            csv_delimiter,
            csv_has_header,
            skip_empty_lines,
            record_limit(config),
            config.max_compression_ratio,
            full_sizes(config).block_bytes,
        )
        request = Request(
            source=source,
            sink=sink,
            config=config,
            on_progress=on_progress,
            use_streaming=use_streaming,
            input_format=input_format,
            output_format=output_format,
            options=options,
            timeout_s=config.timeout_seconds if timeout is None else timeout,
            dead_letters=dead_letters,
            checkpoint=checkpointing,
        )
        return self._stream(request)


def check_arguments(config: object, timeout_s: object, on_progress: object) -> None:
    """Raise UsageError where a caller gave something else."""
    check_stream_config(config)
    if timeout_s is not None:
        check_timeout(timeout_s)
    check_callback(on_progress)
