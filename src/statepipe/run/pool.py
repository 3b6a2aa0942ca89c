"""Pool: spreads chunks over worker processes, and puts a new one where one dies.

Chunks go out as raw bytes or as ranges of a file, results come back as bytes. Workers are forked,
so that they share the compiled plan and whatever user code closes over.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection

from statepipe.errors import LifecycleError, StreamError, UsageError
from statepipe.functions.life import Life
from statepipe.ports.byte_source import ByteSource
from statepipe.ports.checkpoint_store import DeliveryLog
from statepipe.run.arena import Arena
from statepipe.run.bell import Bell
from statepipe.run.bounds import share_mb
from statepipe.run.chunk import Chunk
from statepipe.run.compute import ChunkRunner
from statepipe.run.computing import Done
from statepipe.run.death import Death
from statepipe.run.deliveries import Deliveries, Delivery, MemoryLog
from statepipe.run.in_hand import Holding, InHand
from statepipe.run.nursery import Nursery
from statepipe.run.steps_due import AnnouncedTiming, StepsDue
from statepipe.run.workers import UNPICKLABLE, Worker
from statepipe.run.working import Place, Task, Working

MAX_ASSIGNED = 2
"""Chunks that a worker has at a time: one in work, one so that it need not wait for the next."""

MAX_IN_VAIN = 5
"""Processes that may end at one place in a row without a result or a suspect."""

STOP_S = 4.0
"""How long workers may take to stop by themselves, and to close what they have open."""

AGAIN_S = 0.1
"""Between two signals to a worker that is to end: it may have to go on where one found it."""


class Pool:
    """A `Computing` that spreads chunks over `count` processes.

    A thread for each worker collects its results, so that no worker ever waits for the driver
    while the driver waits for it. All else is done in the driver's thread: what becomes of a
    worker's chunks when it died is decided in `take`, which raises StreamError where workers die
    without end. `due` has the deadlines of steps, if the plan has any.
    """

    in_order = False

    def __init__(
        self,
        runner: ChunkRunner,
        source: ByteSource | None,
        *,
        chunk_size: int,
        count: int,
        bell: Bell,
        max_deliveries: int = 3,
        log: DeliveryLog | None = None,
        memory_limit_mb: float | None = None,
        due: StepsDue | None = None,
    ) -> None:
        growth_mb = None if memory_limit_mb is None else share_mb(memory_limit_mb, count)
        self._task = Task(runner, source, chunk_size, growth_mb)
        self._count = count
        self._bell = bell
        self._deliveries = Deliveries(max_deliveries, MemoryLog() if log is None else log)
        self._due = due
        self._nursery = Nursery(self._work)
        self._places: list[Place] = []
        self._workers: list[Worker] = []
        self._threads: dict[int, threading.Thread] = {}
        self._events: deque[tuple[Done, Delivery] | Worker | StreamError] = deque()
        self._submitted = 0
        self._taken = 0
        self._closing = False
        self._lives = runner.lives
        self.lives: Sequence[Life] = ()  # each worker has its own
        self.late_failure: LifecycleError | None = None
        self.replaced = 0

    @property
    def room(self) -> bool:
        return any(len(worker.assigned) < MAX_ASSIGNED for worker in self._workers)

    @property
    def busy(self) -> bool:
        return self._taken < self._submitted

    @property
    def pids(self) -> list[int]:
        return [worker.pid for worker in self._workers]

    def start(self) -> None:
        """Fork the nursery, before this stream's own threads begin; and have workers forked."""
        if "fork" not in multiprocessing.get_all_start_methods():
            raise UsageError("parallelism above 1 needs a system that can fork processes")
        self._deliveries.begin()
        self._places = [Place(Arena(MAX_ASSIGNED), InHand()) for _ in range(self._count)]
        self._nursery.open()
        for number, place in enumerate(self._places):
            worker = Worker(number, place, self._nursery)
            worker.start()
            self._workers.append(worker)
        for worker in self._workers:
            self._collect_from(worker)

    async def submit(self, chunk: Chunk, records: int) -> None:
        worker = min(self._workers, key=lambda worker: len(worker.assigned))
        delivery = Delivery(self._submitted, chunk, records)
        self._deliveries.admit(delivery)
        worker.assign(delivery)
        self._submitted += 1

    def take(self) -> Done | None:
        while self._events:
            event = self._events.popleft()
            if isinstance(event, StreamError):
                raise event
            if isinstance(event, Worker):
                self._replace(event)
                continue
            done, delivery = event
            if done.last and delivery.care:
                self._deliveries.settle(delivery)
            self._taken += done.last
            return done
        return None

    def close(self) -> None:
        """End all processes, also in the midst of replacing one: the nursery knows them all."""
        self._closing = True
        try:
            self._end_in_order()
        finally:
            self._end_by_force()

    def _end_in_order(self) -> None:
        """Have workers tear down and close what they have; keep what to tell of those that fail."""
        has_open = bool(self._lives or self._task.runner.holders)
        if not self.busy:
            self._dismiss()
        elif has_open:
            self._interrupt()
        late = sum(thread.is_alive() for thread in self._threads.values())
        if late and has_open:
            self.late_failure = LifecycleError(killed_message(late, self._count))

    def _end_by_force(self) -> None:
        if not self._nursery.close():
            self._dismiss()
            for number, thread in self._threads.items():
                if thread.is_alive():  # then so is the worker: it has not closed its pipe
                    self._workers[number].kill()
        for thread in self._threads.values():
            join(thread)
        for worker in self._workers:
            worker.close()
        for place in self._places:
            place.close()
        self._workers, self._threads, self._places = [], {}, []
        late = [event for event in self._events if isinstance(event, LifecycleError)]
        self.late_failure = late[0] if late else self.late_failure

    def _dismiss(self) -> None:
        """Let workers end by themselves."""
        for worker in self._workers:
            worker.dismiss()
        late_s = time.monotonic() + STOP_S
        for thread in self._threads.values():
            join(thread, max(0.0, late_s - time.monotonic()))

    def _interrupt(self) -> None:
        """End what workers are at, so that they can close what they have open."""
        late_s = time.monotonic() + STOP_S
        left = dict(self._threads)
        while left and time.monotonic() < late_s:
            for number in left:
                self._workers[number].interrupt()
            join(next(iter(left.values())), AGAIN_S)
            left = {number: thread for number, thread in left.items() if thread.is_alive()}

    # -- when a worker has died --------------------------------------------------------------

    def _replace(self, worker: Worker) -> None:
        """Put a new process in a worker's place, and deliver its chunks again."""
        join(self._threads.pop(worker.number))
        holding, death = worker.end()
        if not self._blame(worker, holding, death):
            worker.in_vain += 1
            if worker.in_vain == MAX_IN_VAIN:
                raise StreamError(in_vain_message(death))
        for delivery in worker.assigned.values():
            self._deliveries.note(delivery)
        worker.start()
        self.replaced += 1
        self._collect_from(worker)
        worker.resend()

    def _blame(self, worker: Worker, holding: Holding, death: Death) -> bool:
        delivery = None if holding.chunk is None else worker.assigned.get(holding.chunk)
        if delivery is None:
            return False
        found = self._deliveries.blame(delivery, holding, death)
        if found:
            worker.in_vain = 0
        return found

    # -- in other threads and processes ------------------------------------------------------

    def _collect_from(self, worker: Worker) -> None:
        thread = threading.Thread(
            target=self._collect, args=(worker,), name="statepipe-collect", daemon=True
        )
        self._threads[worker.number] = thread
        thread.start()

    def _collect(self, worker: Worker) -> None:
        while True:
            try:
                worker.wait(watch=self._due is not None)
                self._events.append(worker.receive())
            except (EOFError, OSError):
                break
            except UNPICKLABLE as error:
                self._events.append(StreamError(f"a worker's results cannot be read: {error}"))
                self._bell.ring()
                return
            self._bell.ring()
        if not self._closing:
            self._events.append(worker)
            self._bell.ring()

    def _work(self, number: int, connection: Connection) -> None:
        """Run in the worker."""
        place = self._places[number]
        if self._due is not None:
            self._due.in_hand = place.in_hand
            for engine in self._task.runner.engines:
                if engine.timing is not None:
                    engine.timing = AnnouncedTiming(engine.timing, self._due)
        Working(self._task, place, connection).serve()


def join(thread: threading.Thread, timeout_s: float | None = None) -> None:
    """Wait for a thread, unless it was never started: Ctrl-C may come in between."""
    with suppress(RuntimeError):
        thread.join(timeout_s)


def killed_message(late: int, count: int) -> str:
    return (
        f"{late} of {count} worker processes had not ended after {STOP_S:g} s, and were killed: "
        "what they had set up or opened was not torn down or closed"
    )


def in_vain_message(death: Death) -> str:
    hint = f" ({death.hint})" if death.hint else ""
    return (
        f"{MAX_IN_VAIN} worker processes ended one after the other, and no record is to blame: "
        f"the last one {death.words}{hint}; run with parallelism=1 to see more"
    )
