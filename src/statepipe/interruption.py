"""Interruption: how Ctrl-C ends a stream in the main thread: in order, and soon.

An error that a signal handler raises comes between any two bytecodes, also where a thread has been
started and nobody knows of it yet, or a partial file opened. So while a stream is under way, Ctrl-C
is raised at once only in code of the author's; elsewhere it is noted, the driver is woken, and
raises it where the stream stands between two chunks. Source: docs/semantics.md, "Interrupts".
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from types import CodeType, FrameType, FunctionType
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])

PRESS_S = 0.3
"""Signals this close to the first are one wish: a terminal sends one, and a launcher another."""

GENERATED = "<statepipe "
"""How the names of generated code begin, in which the author's is called or stands itself."""


class Region(Enum):
    """Where a thread is: in a stream, in the author's code that a stream calls, or in neither.

    In what is delicate, such code opens what somebody has to close: Ctrl-C is raised there, but a
    worker that is told to end does so a little later.
    """

    OUTSIDE = 0
    SHELTERED = 1
    EXPOSED = 2
    DELICATE = 3


_regions: dict[CodeType, Region] = {}
_under_way: list[Interruption] = []
"""The streams of the main thread: one may run within a function of another."""


def sheltered(function: Function) -> Function:
    """Mark what must not be cut short: what it calls may be interrupted only where exposed."""
    _regions[cast(FunctionType, function).__code__] = Region.SHELTERED
    return function


def exposed(function: Function) -> Function:
    """Mark what calls code of the author's, or may wait for ever: it may end at any bytecode."""
    _regions[cast(FunctionType, function).__code__] = Region.EXPOSED
    return function


def delicate(function: Function) -> Function:
    """Mark what opens or sets up, in code of the author's."""
    _regions[cast(FunctionType, function).__code__] = Region.DELICATE
    return function


def region_of(frame: FrameType | None) -> Region:
    """Return where the thread is whose innermost frame this is: the innermost mark decides."""
    while frame is not None:
        found = _regions.get(frame.f_code)
        if found is not None:
            return found
        if frame.f_code.co_filename.startswith(GENERATED):
            return Region.EXPOSED
        frame = frame.f_back
    return Region.OUTSIDE


def strike(frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, or have the stream raise it where it comes to a border.

    For signal handlers: `frame` is what was interrupted.
    """
    if _under_way and region_of(frame) is Region.SHELTERED:
        note()
        return
    for interruption in _under_way:
        interruption.is_struck = True
    raise KeyboardInterrupt


def note() -> None:
    """Have the streams of the main thread end where they come to a border."""
    for interruption in _under_way:
        interruption.note()


def heed_what_was_swallowed() -> None:
    """Raise KeyboardInterrupt again that code of the author's has kept to itself."""
    here = threading.current_thread() is threading.main_thread()
    if here and _under_way and _under_way[-1].is_struck:
        _under_way[-1].heed()


class Interruption:
    """What one stream in the main thread knows of being interrupted. `wake` wakes its driver.

    `is_struck`: KeyboardInterrupt was raised in what the stream calls, and wakes it by itself.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._is_noted = False
        self.is_struck = False

    def note(self) -> None:
        self._is_noted = True
        self._wake()

    def heed(self) -> None:
        """Raise KeyboardInterrupt if there was one that has not come out here."""
        if self._is_noted or self.is_struck:
            self._is_noted = self.is_struck = False
            raise KeyboardInterrupt


class Presses:
    """The handler of SIGINT where Python's own stood. The second press is raised wherever it comes.

    It has to end also what hangs where nothing should.
    """

    def __init__(self) -> None:
        self._first_s: float | None = None

    def __call__(self, _number: int, frame: FrameType | None) -> None:
        now_s = time.monotonic()
        if self._first_s is None:
            self._first_s = now_s
        strike(frame)
        if now_s - self._first_s > PRESS_S:
            raise KeyboardInterrupt


@contextmanager
@sheltered
def interruptible(interruption: Interruption) -> Iterator[None]:
    """While entered, Ctrl-C in the main thread ends what `interruption` is of.

    At the end, one that was noted and not raised is raised. A handler of the program's own is left
    alone, and so is a stream in another thread. To be entered in a `sheltered` function, so that
    nothing is raised on the way in or out.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    try:
        with heard_by(interruption):
            yield
    except KeyboardInterrupt:
        raise
    except BaseException:  # it would hide that somebody wants all of the program to end
        interruption.heed()
        raise
    interruption.heed()


@contextmanager
@sheltered
def heard_by(interruption: Interruption) -> Iterator[None]:
    """Have `interruption` noted of what comes while entered."""
    presses: Presses | None = None
    _under_way.append(interruption)
    try:
        presses = take_over()
        yield
    finally:
        try:
            if presses is not None and signal.getsignal(signal.SIGINT) is presses:
                signal.signal(signal.SIGINT, signal.default_int_handler)
        finally:  # last: until here, nobody else would take note
            _under_way.remove(interruption)


def take_over() -> Presses | None:
    """Put a handler in the place of Python's own; return it, or None where that did not stand."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return None
    presses = Presses()
    try:
        signal.signal(signal.SIGINT, presses)
    except ValueError:
        return None  # the main thread of a subinterpreter
    return presses
