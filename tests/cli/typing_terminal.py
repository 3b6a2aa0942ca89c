"""A command on a pseudo-terminal that somebody types at."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.cli.shop import default_signals

ESCAPES = re.compile(r"\x1b\[[0-9;?:<>=]*[A-Za-z]|\x1b[()=>][0-9A-B]?")
TIMEOUT_S = 30.0


def take_terminal() -> None:
    default_signals()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """The terminal of a process. `raw` is all that it has shown."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        env: Mapping[str, str],
        size: tuple[int, int] = (40, 120),
    ) -> None:
        self.raw = ""
        self._seen = 0
        self._leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={"TERM": "xterm-256color", **env},
            stdin=follower,
            stdout=follower,
            stderr=follower,
            start_new_session=True,
            preexec_fn=take_terminal,  # noqa: PLW1509 - Ctrl-C needs it
        )
        self._follower = follower  # kept open: its settings are asked for at the end

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._leader)
        os.close(self._follower)

    @property
    def text(self) -> str:
        """What was shown, without what steers the terminal."""
        return ESCAPES.sub("", self.raw).replace("\r", "")

    @property
    def is_cooked(self) -> bool:
        """Whether the terminal shows what is typed, and Ctrl-C interrupts."""
        flags = termios.tcgetattr(self._follower)[3]
        return bool(flags & termios.ECHO and flags & termios.ICANON and flags & termios.ISIG)

    def type(self, keys: str) -> None:
        os.write(self._leader, keys.encode())

    def expect(self, text: str) -> None:
        """Wait until `text` is shown behind what was expected before."""
        end_s = time.monotonic() + TIMEOUT_S
        while text not in self.text[self._seen :]:
            assert time.monotonic() < end_s, f"no {text!r} in {self.text[self._seen :]!r}"
            self._read()
        self._seen += self.text[self._seen :].index(text) + len(text)

    def ended(self) -> int:
        """Wait for the process to end; return its exit code."""
        end_s = time.monotonic() + TIMEOUT_S
        while self.process.poll() is None:
            assert time.monotonic() < end_s, f"it does not end: {self.text!r}"
            self._read()
        self._read()
        return self.process.returncode

    def _read(self) -> None:
        while select.select([self._leader], [], [], 0.05)[0]:
            self.raw += os.read(self._leader, 65536).decode(errors="replace")
