"""Sinks: whatever a caller gives as one, the outlets to them, and where dead letters go."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from statepipe.api.request import BESIDE
from statepipe.api.routes import path_of
from statepipe.connectors.format_options import FormatOptions
from statepipe.connectors.formats import file_sink
from statepipe.errors import UsageError, named_type
from statepipe.ports import Sink
from statepipe.ports.byte_sink import ByteSink
from statepipe.ports.filesystem import FileSystem
from statepipe.record import Record
from statepipe.run.bell import Bell
from statepipe.run.outlets import ByteOutlet, CallableOutlet, Outlet, SinkOutlet

AnySink: TypeAlias = ByteSink | Sink | Callable[[Record], Any]


def sink_of(
    target: Any,  # see Request.sink
    *,
    files: FileSystem,
    output_format: str,
    options: FormatOptions,
) -> AnySink:
    """Return what a stream writes to; raises UsageError for what is no sink."""
    path = path_of(target)
    if path is not None:
        return file_sink(path, files=files, format=output_format, options=options)
    if isinstance(target, ByteSink | Sink):
        return target
    if callable(target):
        checked: Callable[[Record], Any] = target
        return checked
    raise UsageError(
        f"a sink must be a path, a callable, a sink object, a mapping from end states to "
        f"these, or None, not {named_type(target)}{advice_for(target)}"
    )


def advice_for(target: object) -> str:
    """Return what may have been meant by what is no sink."""
    if isinstance(target, list):
        return "; give its `append`"
    return "; give its path" if isinstance(target, io.IOBase) else ""


def outlet_of(sink: AnySink, bell: Bell) -> Outlet:
    """Return what carries a stream's records to a sink, where no checkpoint is kept."""
    if isinstance(sink, ByteSink):
        return ByteOutlet(sink, bell)
    return SinkOutlet(sink) if isinstance(sink, Sink) else CallableOutlet(sink)


def dead_letter_sink(wanted: object, targets: Sequence[Any], files: FileSystem) -> ByteSink | None:
    """Return where dead letters go, of a stream that writes to `targets`; None for nowhere."""
    if wanted == BESIDE:
        paths = [path for path in map(path_of, targets) if path is not None]
        wanted = beside(paths[0]) if paths and is_plain(paths[0]) else None
    if wanted is None:
        return None
    path = path_of(wanted)
    if path is None:
        raise UsageError(f"dead_letters must be a path or None, not {wanted!r}")
    return file_sink(path, files=files, format="jsonl")


def is_plain(path: str) -> bool:
    """Tell whether `path` is a file or nothing yet, rather than a device or pipe."""
    return os.path.isfile(path) or not os.path.exists(path)


def beside(path: str) -> str:
    """Return where dead letters go for a sink at `path`: `out.jsonl.gz` -> `out.dead.jsonl`."""
    bare = Path(path.removesuffix(".gz"))
    return str(bare.with_name(f"{bare.stem}.dead.jsonl"))
