"""The test kit: the tests of configs, and sources, sinks, a clock and a disk that fails.

>>> from statepipe.testing import ABORT, CollectingSink, MemorySource
"""

from statepipe.cases import (
    TEST_RUN,
    CaseResult,
    CheckResult,
    Coverage,
    Difference,
    Finding,
    check_config,
)
from statepipe.run.checkpoint import CommitLimits
from statepipe.testing.disk import Fault, Operation, SimulatedCrashError, SimulatedDisk
from statepipe.testing.kit import (
    ABORT,
    END,
    PAUSE,
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
    "CaseResult",
    "CheckResult",
    "CollectingSink",
    "CommitLimits",
    "CountingRandomness",
    "Coverage",
    "Difference",
    "Fault",
    "Finding",
    "ManualClock",
    "ManualTiming",
    "Mark",
    "MemorySource",
    "Operation",
    "SimulatedCrashError",
    "SimulatedDisk",
    "SimulatedStore",
    "check_config",
    "context_of",
    "outside",
    "view_of",
]
