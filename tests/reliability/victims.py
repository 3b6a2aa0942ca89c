"""Processes that run a stream with a checkpoint, to be killed, stopped and gone on with.

They are forked: a run begins within milliseconds, and many can be killed. What they do is told
through a `Board` in shared memory, so that nothing is lost when they die.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

import psutil

import statepipe.api.assemble as assembling
from statepipe import Progress, SimpleFSM, StreamConfig
from statepipe.api.outside import Outside
from statepipe.connectors.filesystem import LocalFiles
from statepipe.run.checkpoint import CommitLimits
from statepipe.run.durable_outlet import DurableOutlet
from tests.streaming.streams import Stream, blocking_stream

FIELDS = ("started", "resumed", "processed", "committed", "placing", "renaming", "finished")


class Board:
    """Numbers that a victim writes and whoever watches it reads. All are 0 at first."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8 * len(FIELDS))

    def __getitem__(self, name: str) -> int:
        value: int = struct.unpack_from("=q", self._memory, 8 * FIELDS.index(name))[0]
        return value

    def __setitem__(self, name: str, value: int) -> None:
        struct.pack_into("=q", self._memory, 8 * FIELDS.index(name), value)


@dataclass(frozen=True, slots=True)
class Job:
    """One stream. `source` is made anew for every run of it."""

    config: dict[str, Any]
    source: Callable[[], Any]
    sink: Any
    checkpoint: Path
    stream: Stream = blocking_stream
    parallelism: int = 1
    second: dict[str, Any] | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def run(self, **options: Any) -> Any:
        given = {"checkpoint": self.checkpoint, **self.options, **options}
        config = StreamConfig(
            chunk_size=50, parallelism=self.parallelism, buffer_size=600, backpressure_threshold=600
        )
        if self.second is None:
            stream, machines = self.stream, self.config
            return stream(machines, self.source(), self.sink, stream_config=config, **given)
        pipeline = SimpleFSM(self.config, stream_config=config) | SimpleFSM(self.second)
        return pipeline.process_stream(self.source(), self.sink, **given)


class SlowFiles(LocalFiles):
    """The machine's files, but that renaming takes a while before and after, and is told of."""

    def __init__(self, board: Board, pause_s: float) -> None:
        self._board = board
        self._pause_s = pause_s

    def replace(self, source: str, target: str) -> None:
        self._board["renaming"] += 1
        time.sleep(self._pause_s)
        super().replace(source, target)
        time.sleep(self._pause_s)


def slow_down_placing(board: Board, pause_s: float) -> None:
    """Have this process sleep and tell of it before it gives an output its final name."""
    place = DurableOutlet.place

    def slow_place(outlet: DurableOutlet) -> None:
        board["placing"] += 1
        time.sleep(pause_s)
        place(outlet)

    DurableOutlet.place = slow_place  # type: ignore[method-assign]  # in a victim alone


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a victim sleeps after each chunk, before it gives an output its name, and while it
    does; how often it commits; after how many records it waits for ever.
    """

    chunk_s: float = 0.0
    place_s: float = 0.0
    rename_s: float = 0.0
    commit_s: float = 0.01
    limit: float = inf


class Victim:
    """A forked process, leader of its own group, that runs a job. For use in a `with`."""

    def __init__(self, job: Job, *, pace: Pace = Pace(), **options: Any) -> None:
        """Begin the job, with more `options` of `process_stream`."""
        self.board = Board()
        self.error = job.checkpoint.with_suffix(".error")
        self.error.unlink(missing_ok=True)
        self._status: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            self._live(job, pace, options)
        self._lead()

    def __enter__(self) -> Victim:
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_running:
            os.killpg(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    # -- seen from outside ------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = status if pid else None
        return self._status is None

    def wait(self, patience_s: float = 60.0) -> int:
        """Wait for the end; return the exit code, negative for a signal. Ends what hangs."""
        late_s = time.monotonic() + patience_s
        while self.is_running and time.monotonic() < late_s:
            time.sleep(0.001)
        if self._status is None:
            os.killpg(self.pid, signal.SIGABRT)
            raise AssertionError(f"process {self.pid} hangs")
        return os.waitstatus_to_exitcode(self._status)

    def until(self, condition: Callable[[Board], bool], patience_s: float = 60.0) -> bool:
        """Wait until the board shows it; return False where the victim's end came first."""
        late_s = time.monotonic() + patience_s
        while not condition(self.board):
            if not self.is_running:
                return False
            assert time.monotonic() < late_s, "it never came true"
            time.sleep(0.0003)
        return self.is_running

    def stop(self) -> bool:
        """Stop the process, but not its workers; return when it stands still, False if it ended."""
        os.kill(self.pid, signal.SIGSTOP)
        ended = os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        return ended is not None and ended.si_code == os.CLD_STOPPED

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def text(self) -> str:
        """Return what it raised, as Python tells it."""
        return self.error.read_text() if self.error.exists() else ""

    # -- inside -----------------------------------------------------------------------------

    def _lead(self) -> None:
        try:
            os.setpgid(self.pid or os.getpid(), 0)
        except PermissionError:
            pass  # it has done so itself already

    def _live(self, job: Job, pace: Pace, options: dict[str, Any]) -> None:
        code = 1
        try:
            self._lead()
            slow_down_placing(self.board, pace.place_s)
            world = Outside(
                files=SlowFiles(self.board, pace.rename_s),
                commit_limits=CommitLimits(interval_s=pace.commit_s),
            )
            assembling.Outside = lambda: world  # type: ignore[assignment, misc]  # in this process alone
            self.board["started"] = 1
            result = job.run(on_progress=self._telling(pace), **options)
            self.board["finished"] = 1 + result.already_finished
            code = 0
        except BaseException:
            self.error.write_text(traceback.format_exc())
        finally:
            os._exit(code)

    def _telling(self, pace: Pace) -> Callable[[Progress], None]:
        def on_progress(progress: Progress) -> None:
            board, committed = self.board, progress.committed_records or 0
            if not board["processed"]:
                board["resumed"] = committed
            board["processed"], board["committed"] = progress.records_processed, committed
            time.sleep(pace.chunk_s)
            while progress.records_processed >= pace.limit:
                time.sleep(0.01)

        return on_progress


def members(group: int) -> Iterator[psutil.Process]:
    """Yield the living processes of a group."""
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                yield process
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue


def assert_no_survivors(groups: list[int], patience_s: float = 10.0) -> None:
    """Assert that within a while no process of any group lives."""
    late_s = time.monotonic() + patience_s
    left = set(groups)
    while left and time.monotonic() < late_s:
        left = {group for group in left if any(members(group))}
        time.sleep(0.05)

    assert not left, f"processes outlived their killed parents, of groups {left}"
