"""The documented import path of AdvancedFSM, and of what goes with it."""

from statepipe.api.advanced_fsm import AdvancedFSM, create_advanced_fsm
from statepipe.api.context import ExecutionContext
from statepipe.api.debugger import FSMDebugger
from statepipe.api.history import History, HistoryEntry
from statepipe.api.hooks import ExecutionHook
from statepipe.api.modes import ExecutionMode
from statepipe.api.step_result import StepResult
from statepipe.connectors.history_db import SQLiteHistory
from statepipe.connectors.history_file import FileHistory
from statepipe.connectors.history_memory import MemoryHistory
from statepipe.ports.history_store import HistoryStore

__all__ = [
    "AdvancedFSM",
    "ExecutionContext",
    "ExecutionHook",
    "ExecutionMode",
    "FSMDebugger",
    "FileHistory",
    "History",
    "HistoryEntry",
    "HistoryStore",
    "MemoryHistory",
    "SQLiteHistory",
    "StepResult",
    "create_advanced_fsm",
]
