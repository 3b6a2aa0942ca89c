"""State machines over streams of records, declared in YAML, JSON or a dict.

>>> from statepipe import SimpleFSM
"""

import importlib
from typing import TYPE_CHECKING, Any

from statepipe.api.async_simple import AsyncPipeline, AsyncSimpleFSM, create_async_fsm
from statepipe.api.results import ProcessResult, ValidationResult
from statepipe.api.simple import (
    Pipeline,
    SimpleFSM,
    batch_process,
    create_fsm,
    process_file,
    validate_data,
)
from statepipe.errors import (
    CheckpointError,
    ConfigError,
    HistoryError,
    LifecycleError,
    Place,
    Problem,
    RecordError,
    ResourceError,
    ResourceTimeoutError,
    SinkError,
    SourceError,
    Span,
    StatepipeError,
    StreamError,
    StreamTimeoutError,
    UnknownResourceError,
    UsageError,
)
from statepipe.functions.view import Context, StateView
from statepipe.ports import Sink, Source
from statepipe.record import DataHandlingMode, Position, Record
from statepipe.run.options import StreamConfig
from statepipe.run.progress import Progress, StreamResult

if TYPE_CHECKING:
    from statepipe.api.advanced import (
        AdvancedFSM,
        ExecutionContext,
        ExecutionHook,
        ExecutionMode,
        FileHistory,
        FSMDebugger,
        History,
        HistoryEntry,
        HistoryStore,
        MemoryHistory,
        SQLiteHistory,
        StepResult,
        create_advanced_fsm,
    )
    from statepipe.api.explanation import Explanation
    from statepipe.api.replay import ReplayResult, replay
    from statepipe.builder import Machine

CoreStreamConfig = StreamConfig

__version__ = "0.1.0"

__all__ = [
    "AdvancedFSM",
    "AsyncPipeline",
    "AsyncSimpleFSM",
    "CheckpointError",
    "ConfigError",
    "Context",
    "CoreStreamConfig",
    "DataHandlingMode",
    "ExecutionContext",
    "ExecutionHook",
    "ExecutionMode",
    "Explanation",
    "FSMDebugger",
    "FileHistory",
    "History",
    "HistoryEntry",
    "HistoryError",
    "HistoryStore",
    "LifecycleError",
    "Machine",
    "MemoryHistory",
    "Pipeline",
    "Place",
    "Position",
    "Problem",
    "ProcessResult",
    "Progress",
    "Record",
    "RecordError",
    "ReplayResult",
    "ResourceError",
    "ResourceTimeoutError",
    "SQLiteHistory",
    "SimpleFSM",
    "Sink",
    "SinkError",
    "Source",
    "SourceError",
    "Span",
    "StateView",
    "StatepipeError",
    "StepResult",
    "StreamConfig",
    "StreamError",
    "StreamResult",
    "StreamTimeoutError",
    "UnknownResourceError",
    "UsageError",
    "ValidationResult",
    "batch_process",
    "create_advanced_fsm",
    "create_async_fsm",
    "create_fsm",
    "process_file",
    "replay",
    "validate_data",
]

_AT_FIRST_USE = {
    "AdvancedFSM": "statepipe.api.advanced",
    "ExecutionContext": "statepipe.api.advanced",
    "ExecutionHook": "statepipe.api.advanced",
    "ExecutionMode": "statepipe.api.advanced",
    "FSMDebugger": "statepipe.api.advanced",
    "FileHistory": "statepipe.api.advanced",
    "History": "statepipe.api.advanced",
    "HistoryEntry": "statepipe.api.advanced",
    "HistoryStore": "statepipe.api.advanced",
    "MemoryHistory": "statepipe.api.advanced",
    "SQLiteHistory": "statepipe.api.advanced",
    "StepResult": "statepipe.api.advanced",
    "create_advanced_fsm": "statepipe.api.advanced",
    "Explanation": "statepipe.api.explanation",
    "Machine": "statepipe.builder",
    "ReplayResult": "statepipe.api.replay",
    "replay": "statepipe.api.replay",
}
"""What few programs use, and the module that is loaded for it."""


def __getattr__(name: str) -> Any:  # a class or a function of ours
    if name not in _AT_FIRST_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found = vars(importlib.import_module(_AT_FIRST_USE[name]))[name]
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_AT_FIRST_USE})
