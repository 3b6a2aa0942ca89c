"""Worker: the parent's side of one worker process, and of those that take its place."""

from __future__ import annotations

import os
import pickle
import signal
import time
from contextlib import suppress
from multiprocessing.connection import Connection

from statepipe.errors import StreamError
from statepipe.interruption import exposed
from statepipe.run.computing import Done
from statepipe.run.death import Death
from statepipe.run.deliveries import Delivery
from statepipe.run.in_hand import Cause, Holding
from statepipe.run.leaving import LEAVE
from statepipe.run.nursery import Nursery
from statepipe.run.working import Message, Place

GRACE_S = 1.0
"""How long after a step's deadline its worker may still end it by itself."""

LOOK_S = 0.1
"""How often deadlines are looked at, where there may be any."""

UNPICKLABLE = (
    pickle.PickleError,
    TypeError,
    AttributeError,
    ImportError,
    ValueError,
    RecursionError,
)
"""What pickle raises for values that cannot cross to another process. Source: pickle's manual."""


class Worker:
    """What works at one place: a process, its pipe, and the chunks it has, by number.

    `in_vain` counts the processes that ended one after the other and led to nothing.
    """

    def __init__(self, number: int, place: Place, nursery: Nursery) -> None:
        self.number = number
        self.place = place
        self.assigned: dict[int, Delivery] = {}
        self.in_vain = 0
        self.pid = 0
        self._nursery = nursery
        self._connection: Connection | None = None
        self._sent = 0

    def start(self) -> None:
        """Have a process forked, and give it what its predecessor had not done."""
        self.place.in_hand.clear()
        self._sent = 0
        self.pid, self._connection = self._nursery.start(self.number)

    def resend(self) -> None:
        for number in sorted(self.assigned):
            self._send(self.assigned[number])

    def assign(self, delivery: Delivery) -> None:
        """Give the worker a chunk. If it is dead, whoever waits for its results finds out."""
        self.assigned[delivery.number] = delivery
        self._send(delivery)

    def wait(self, *, watch: bool) -> None:
        """With `watch`, wait for results, or for the end, and end the process that is overdue.

        Without, `receive` waits.
        """
        assert self._connection is not None
        while watch and not self._connection.poll(LOOK_S):
            due_s = self.place.in_hand.due_s
            if due_s is not None and time.monotonic() > due_s + GRACE_S:
                self.place.in_hand.tell(Cause.TIME)
                self.kill()
                return

    def receive(self) -> tuple[Done, Delivery] | StreamError:
        """Take results. EOFError or OSError: the process is gone."""
        assert self._connection is not None
        number, results, last = self._connection.recv()
        if isinstance(results, StreamError):
            return results
        self.place.arena.take_out(results)
        self.in_vain = 0
        delivery = self.assigned.pop(number) if last else self.assigned[number]
        delivery.answered += sum(result.lines for result in results)
        return Done(number, delivery.records, results, last).weighed(), delivery

    def end(self) -> tuple[Holding, Death]:
        """Return what a process that is gone had in hand, and how it ended."""
        assert self._connection is not None
        self._connection.close()
        status = self._nursery.bury(self.pid)
        holding = self.place.in_hand.read()
        return holding, Death.of(status, holding)

    def dismiss(self) -> None:
        """Tell the process to end by itself."""
        try:
            if self._connection is not None:
                self._connection.send(None)
        except OSError:
            pass  # it is gone already

    def interrupt(self) -> None:
        """Tell the process to end at once, by way of `finally`."""
        with suppress(ProcessLookupError):  # as below
            os.kill(self.pid, LEAVE)

    def kill(self) -> None:
        """End the process. Its pid is nobody else's: it has not been buried."""
        with suppress(ProcessLookupError):  # its nursery died, and somebody else buried it
            os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    @exposed
    def _send(self, delivery: Delivery) -> None:
        assert self._connection is not None
        self._sent += 1
        message = Message(delivery.number, self._sent, delivery.chunk, delivery.again)
        try:
            self._connection.send(message)
        except OSError:
            pass
        except UNPICKLABLE as exc:
            raise StreamError(
                f"a record of the source cannot be sent to a worker: {exc}; use parallelism=1"
            ) from exc
