"""Interrupts: Ctrl-C, SIGTERM and a hangup end a run cleanly, and soon."""

from __future__ import annotations

import _thread
import multiprocessing
import os
import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any

from statepipe.interruption import note, strike

GRACE_S = 5.0
"""How long a run may take to clean up before the process ends as it stands."""

GENTLE_S = 4.0
"""How long a run with a checkpoint may go on with the chunk in hand."""

SIGNALS = {
    signal.SIGINT: "Ctrl-C",
    signal.SIGTERM: "SIGTERM",
    signal.SIGHUP: "a hangup",
}


class Interrupts:
    """While entered, the first signal raises KeyboardInterrupt in the main thread.

    A stream raises it where it can be left, see `interruption`. Later signals do nothing, so that
    cleaning up is not cut short. A signal that was ignored before stays ignored, as `nohup` wants
    it. `gentle`: the first one lets the chunk in hand be finished, the flow's code included;
    a second one, or `GENTLE_S`, ends that.
    """

    def __init__(self) -> None:
        self.caught: signal.Signals | None = None
        self.gentle = False
        self._has_struck = False
        self._process = os.getpid()
        self._before: dict[signal.Signals, Any] = {}  # what signal.signal gives back

    @property
    def cause(self) -> str:
        """What the signal is called where people read it."""
        return SIGNALS[self.caught or signal.SIGINT]

    @property
    def exit_code(self) -> int:
        """What a shell gives for the signal."""
        return 128 + (self.caught or signal.SIGINT)

    def check(self) -> None:
        """Raise again what code of the author's may have swallowed, or what has been held back."""
        if self.caught is not None:
            self._has_struck = True
            raise KeyboardInterrupt

    def __enter__(self) -> Interrupts:
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._catch)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the signals back; after one was caught the process ends soon, and hears none."""
        for number, handler in self._before.items():
            signal.signal(number, handler if self.caught is None else signal.SIG_IGN)

    def _catch(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            os._exit(128 + number)  # a forked worker: the parent cleans up
        first = self.caught is None
        if first:
            self.caught = signal.Signals(number)
            # Not by `threading`: the interrupted code may hold its locks.
            _thread.start_new_thread(self._end_late, (threading.get_ident(),))
        if first and self.gentle:
            note()
        elif not self._has_struck:
            self._has_struck = True
            strike(frame)

    def _end_late(self, main_thread: int) -> None:
        """End the process that does not end by itself: its flow's code cannot be interrupted."""
        if self.gentle and self.caught is not None:
            time.sleep(GENTLE_S)
            signal.pthread_kill(main_thread, self.caught)
        time.sleep(GRACE_S)
        os.write(2, b"the run did not stop by itself: ended by force\n")
        for child in multiprocessing.active_children():
            child.kill()
        os._exit(self.exit_code)
