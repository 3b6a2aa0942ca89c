"""Request: what a caller of `process_stream` asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from statepipe.api.checkpointing import Checkpointing
from statepipe.connectors.format_options import FormatOptions
from statepipe.run.options import StreamConfig
from statepipe.run.progress import OnProgress

BESIDE = "beside the sink"
"""What `dead_letters` is by default: a file beside the first file sink, if one is needed."""


@dataclass(slots=True)
class Request:
    """The arguments of one `process_stream`, options resolved."""

    source: Any  # a path, an iterable of either kind, a source object
    sink: Any  # a path, a callable, a sink object, a mapping of end states to these, None
    config: StreamConfig
    on_progress: OnProgress | None = None
    use_streaming: bool = True
    input_format: str = "auto"
    output_format: str = "auto"
    options: FormatOptions = field(default_factory=FormatOptions)
    timeout_s: float | None = None
    dead_letters: Any = BESIDE  # a path, or None
    checkpoint: Checkpointing | None = None
