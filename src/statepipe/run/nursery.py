"""Nursery: a process that forks workers, so that the parent, which has threads, need not.

Why: docs/decisions/2026-11-24-workers-come-from-a-nursery.md
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from types import FrameType

from statepipe.errors import StreamError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What the parent alone decides about; all processes get them from a terminal or a supervisor."""

REQUEST = struct.Struct("=bq")
"""What is asked for, and the worker's place or its pid."""

REPLY = struct.Struct("=qq")
"""A pid or a wait status; and 0, or the number of the error that there was."""

START, BURY = 1, 2

LINGER_S = 2.0
"""How long a worker may take to end whose pipe is closed; then it is killed."""

Work = Callable[[int, Connection], None]
"""What a worker does at its place, over its end of the pipe, until it is told to end."""


class Nursery:
    """The parent's side: asks for workers, and what became of them. For one thread.

    The nursery ends when the parent closes it or dies, however it dies, and takes all its
    workers with it. A worker that has ended stays a zombie until it is buried, so that its pid
    is nobody else's.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._control: socket.socket | None = None
        self._pid = 0

    def open(self) -> None:
        """Fork the nursery: before this stream's own threads begin."""
        self._control, far_end = socket.socketpair()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()  # else what is buffered would be written by each process
        held = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            self._pid = os.fork()
            if self._pid == 0:
                self._control.close()
                end_with(lambda: raise_workers(far_end, self._work, held))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
        far_end.close()

    def start(self, place: int) -> tuple[int, Connection]:
        """Fork a worker; return its pid and the parent's end of its pipe."""
        near_end, far_end = Pipe()
        try:
            pid, error = self._ask(START, place, [far_end.fileno()])
        finally:
            far_end.close()
        if error:
            raise StreamError(f"cannot start a worker process: {os.strerror(error)}")
        return pid, near_end

    def bury(self, pid: int) -> int:
        """Return the wait status of a worker whose pipe is closed. One that lingers is killed."""
        status, _ = self._ask(BURY, pid, [])
        return status

    def close(self) -> bool:
        """End the nursery and all its workers; return whether it is known to have done so."""
        if self._control is None:
            return True
        with suppress(OSError):  # it is gone already
            # `close` alone would tell nothing as long as a process that was forked meanwhile, by
            # the program or for another stream, holds a copy of this end.
            self._control.shutdown(socket.SHUT_RDWR)
        self._control.close()
        self._control = None
        try:
            return os.waitpid(self._pid, 0)[1] == 0
        except ChildProcessError:
            return False  # somebody else has waited for it, and knows

    def _ask(self, what: int, number: int, files: list[int]) -> tuple[int, int]:
        assert self._control is not None
        try:
            socket.send_fds(self._control, [REQUEST.pack(what, number)], files)
            reply = self._control.recv(REPLY.size, socket.MSG_WAITALL)
        except OSError:
            reply = b""
        if len(reply) < REPLY.size:
            raise StreamError("the process that starts the workers has ended unexpectedly")
        first, second = REPLY.unpack(reply)
        return first, second


# -- in the nursery --------------------------------------------------------------------------


def raise_workers(control: socket.socket, work: Work, mask: Iterable[int]) -> None:
    """Do what the parent asks for, until it closes its end or dies; then end every worker."""
    leave_signals_to_the_parent()
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    sys.stdin = open(os.devnull)  # noqa: SIM115  # for as long as the process lives
    gc.freeze()  # workers share these pages: a collection would write to all of them
    workers: set[int] = set()
    try:
        while True:
            request, files, _, _ = socket.recv_fds(control, REQUEST.size, 1, socket.MSG_WAITALL)
            if len(request) < REQUEST.size:
                return
            what, number = REQUEST.unpack(request)
            if what == START:
                reply = fork_worker(control, work, number, files[0])
                workers |= {reply[0]} - {0}
            else:
                reply = wait_for(number), 0
                workers.discard(number)
            control.sendall(REPLY.pack(*reply))
    except ConnectionError:
        return  # the parent is gone
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        for pid in workers:
            os.waitpid(pid, 0)


def fork_worker(control: socket.socket, work: Work, place: int, file: int) -> tuple[int, int]:
    try:
        pid = os.fork()
    except OSError as error:
        os.close(file)
        return 0, error.errno or 1
    if pid:
        os.close(file)
        return pid, 0
    control.close()
    connection = Connection(file)
    os.register_at_fork(after_in_child=connection.close)  # its end is to be seen with its death
    end_with(lambda: work(place, connection))
    raise AssertionError("unreachable")


def wait_for(pid: int) -> int:
    """Return the status of a child that is about to end, and kill it where it is not."""
    late_s = time.monotonic() + LINGER_S
    pause_s = 0.001
    while time.monotonic() < late_s:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.05)
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def leave_signals_to_the_parent() -> None:
    """Do nothing on a signal. A handler, unlike SIG_IGN, is not handed on to other programs."""
    signal.set_wakeup_fd(-1)  # an event loop's of the parent, which would be woken
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, do_nothing)


def do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Let a signal pass."""


def end_with(call: Callable[[], None]) -> None:
    """Make a call, and end this process: nothing of the parent's is run on the way out."""
    code = 1
    try:
        call()
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:  # outermost shell of the process: told as Python tells it
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError, AttributeError):
            sys.stdout.flush()
        os._exit(code & 0xFF)
