"""The test kit: sources, sinks, a clock and a disk that fails, for tests of machines.

>>> from statepipe.testing import ABORT, CollectingSink, MemorySource
"""

from statepipe.run.checkpoint import CommitLimits
from statepipe.testing.disk import Fault, Operation, SimulatedCrashError, SimulatedDisk
from statepipe.testing.kit import (
    ABORT,
    END,
    PAUSE,
    TEST_RUN,
    AbortedError,
    AsyncCollectingSink,
    AsyncMemorySource,
    CollectingSink,
    CountingRandomness,
    ManualClock,
    ManualTiming,
    Mark,
    MemorySource,
    context_of,
    view_of,
)
from statepipe.testing.outside import EVERY_CHUNK, outside
from statepipe.testing.store import SimulatedStore

__all__ = [
    "ABORT",
    "END",
    "EVERY_CHUNK",
    "PAUSE",
    "TEST_RUN",
    "AbortedError",
    "AsyncCollectingSink",
    "AsyncMemorySource",
    "CollectingSink",
    "CommitLimits",
    "CountingRandomness",
    "Fault",
    "ManualClock",
    "ManualTiming",
    "Mark",
    "MemorySource",
    "Operation",
    "SimulatedCrashError",
    "SimulatedDisk",
    "SimulatedStore",
    "context_of",
    "outside",
    "view_of",
]
