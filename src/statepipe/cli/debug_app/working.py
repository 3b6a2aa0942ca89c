"""Working: commands obeyed in a thread of their own, so that user code never holds the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from statepipe.debugger import Answer, Session
from statepipe.run.watchdog import raise_in

PATIENCE_S = 2.0
"""How long an interrupted command may take to end before the app leaves it alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """A command that has been obeyed, or what came of it instead."""

    text: str
    answer: Answer | None = None
    error: BaseException | None = None


class Working:
    """One command under way. `tell` is called in its thread when it has ended, perhaps twice.

    The thread is a daemon: user code that cannot be interrupted does not hold the process.
    """

    def __init__(
        self, session: Session, text: str, tell: Callable[[Working, Ended], object]
    ) -> None:
        self.text = text
        self._session = session
        self._tell = tell
        self._interrupted = False
        self._thread = threading.Thread(target=self._work, name="statepipe-debug", daemon=True)
        self._thread.start()

    def interrupt(self) -> None:
        """End the command at its next line of Python. Once is enough."""
        if not self._interrupted and self._thread.is_alive() and self._thread.ident is not None:
            self._interrupted = True
            raise_in(self._thread.ident, KeyboardInterrupt)

    def leave(self) -> bool:
        """Interrupt the command, and wait a little; return whether it has ended."""
        self.interrupt()
        self._thread.join(PATIENCE_S)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            self._tell(self, self._ended())
        except KeyboardInterrupt as late:
            self._tell(self, Ended(self.text, error=late))

    def _ended(self) -> Ended:
        try:
            return Ended(self.text, answer=self._session.obey(self.text))
        except BaseException as error:  # told in the app's own thread, which shows or raises it
            return Ended(self.text, error=error)
