"""Make: the port through which a session has its steps driven."""

from __future__ import annotations

from typing import Protocol, TypeVar

from statepipe.plan.drive import Steps

Given = TypeVar("Given")


class Make(Protocol):
    """Drives steps to their end, blocking, and returns what they give."""

    def __call__(self, steps: Steps[Given], /) -> Given: ...
