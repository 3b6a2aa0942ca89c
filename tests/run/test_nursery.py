"""Tests of the process that forks workers: what it gives, and that it leaves nobody behind."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from typing import Any

import psutil
import pytest

from statepipe.errors import StreamError
from statepipe.run.nursery import Nursery, Work
from tests.run.sources import until


@contextmanager
def nursery(work: Work) -> Iterator[Nursery]:
    made = Nursery(work)
    made.open()
    try:
        yield made
    finally:
        made.close()


def echo(place: int, connection: Connection) -> None:
    connection.send((place, os.getpid()))
    connection.recv()


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_worker_is_forked_at_its_place_and_talks_to_the_parent() -> None:
    with nursery(echo) as made:
        pid, connection = made.start(3)
        told = connection.recv()
        connection.send(None)

        assert told == (3, pid)
        assert os.waitstatus_to_exitcode(made.bury(pid)) == 0


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda: os._exit(7), 7),
        (lambda: sys.exit(5), 5),
        (lambda: sys.exit("a reason"), 1),
        (sys.exit, 0),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), -9),
    ],
)
def test_how_a_worker_ended_is_told(end: Any, code: int) -> None:
    with nursery(lambda place, connection: end()) as made:
        pid, connection = made.start(0)
        with pytest.raises((EOFError, ConnectionError)):
            connection.recv()

        assert os.waitstatus_to_exitcode(made.bury(pid)) == code


def test_what_broke_in_a_worker_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    def fail(place: int, connection: Connection) -> None:
        raise KeyboardInterrupt("of the author's")

    with nursery(fail) as made:
        pid, _ = made.start(0)
        assert os.waitstatus_to_exitcode(made.bury(pid)) == 1

    assert "KeyboardInterrupt: of the author's" in capfd.readouterr().err


def test_a_pid_is_nobody_elses_until_it_is_buried() -> None:
    with nursery(lambda place, connection: None) as made:
        pid, connection = made.start(0)
        assert connection.poll(30)
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)

        made.bury(pid)
        assert not psutil.pid_exists(pid)


def test_a_worker_that_closes_its_pipe_and_lingers_is_killed() -> None:
    def linger(place: int, connection: Connection) -> None:
        connection.close()
        time.sleep(1000)

    with nursery(linger) as made:
        pid, connection = made.start(0)
        with pytest.raises(EOFError):
            connection.recv()

        assert os.waitstatus_to_exitcode(made.bury(pid)) == -signal.SIGKILL


def test_a_worker_is_seen_to_end_although_its_own_child_lives_on() -> None:
    def leave_a_child(place: int, connection: Connection) -> None:
        child = os.fork()
        if not child:
            time.sleep(1000)
        connection.send(child)

    with nursery(leave_a_child) as made:
        _, connection = made.start(0)
        child = connection.recv()
        with pytest.raises(EOFError):
            connection.recv()
        os.kill(child, signal.SIGKILL)


def test_workers_see_signals_pass_but_programs_they_start_do_not() -> None:
    script = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"

    def ask(place: int, connection: Connection) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        connection.send(subprocess.run([sys.executable, "-c", script], check=False).returncode)

    with nursery(ask) as made:
        _, connection = made.start(0)

        assert connection.recv() == -signal.SIGTERM


def test_workers_forked_later_know_nothing_of_the_parents_locks() -> None:
    lock = threading.Lock()

    def take(place: int, connection: Connection) -> None:
        connection.send(lock.acquire(timeout=30))

    with nursery(take) as made, lock:
        _, connection = made.start(0)

        assert connection.recv() is True


def test_closing_ends_workers_that_would_never_end() -> None:
    with nursery(lambda place, connection: time.sleep(1000)) as made:
        pids = [made.start(place)[0] for place in range(3)]
        children = psutil.Process().children()

        assert made.close()
    assert len(pids) == 3
    assert not any(map(psutil.pid_exists, pids))
    assert [child for child in children if child.is_running()] == []


def test_workers_that_would_never_end_end_with_a_parent_that_is_killed() -> None:
    near, far = os.pipe()

    def parent() -> None:
        made = Nursery(lambda place, connection: time.sleep(1000))
        made.open()
        pids = [made.start(place)[0] for place in range(2)]
        os.write(far, " ".join(map(str, pids)).encode())
        signal.pause()

    process = ForkProcess(target=parent)
    process.start()
    pids = [int(pid) for pid in os.read(near, 100).split()]
    assert all(map(runs, pids))
    process.kill()
    process.join()

    until(lambda: not any(map(runs, pids)))
    os.close(near)
    os.close(far)


def test_a_nursery_that_is_gone_is_told() -> None:
    with nursery(echo) as made:
        pid, connection = made.start(0)
        connection.recv()
        parent = psutil.Process(pid).parent()
        assert parent is not None
        parent.kill()
        with pytest.raises(StreamError, match="has ended unexpectedly"):
            made.start(1)
        connection.send(None)

        assert not made.close()
        assert made.close()


def test_a_worker_that_cannot_be_forked_is_an_error_of_the_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fork, forks = os.fork, iter([True])

    def fork_once() -> int:
        if next(forks, False):
            return fork()
        raise BlockingIOError(errno.EAGAIN, "no more processes")

    monkeypatch.setattr(os, "fork", fork_once)
    with (
        nursery(echo) as made,
        pytest.raises(StreamError, match="cannot start a worker process: Resource temp"),
    ):
        made.start(0)


def test_it_ends_though_another_process_holds_a_copy_of_its_line() -> None:
    made = Nursery(echo)
    made.open()
    pid, _connection = made.start(0)
    copy = ForkProcess(target=time.sleep, args=(60,))
    copy.start()
    closing = threading.Thread(target=made.close, daemon=True)
    closing.start()
    closing.join(20)
    try:
        assert not closing.is_alive()
        assert not runs(pid)
    finally:
        copy.kill()
        copy.join()
