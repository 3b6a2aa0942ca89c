"""Descriptors that belong to one process alone: a forked child closes its copies at once.

A lock made by flock lives as long as any process has the file open. Else a worker that still
computes would hold the locks of a parent that was killed.
"""

from __future__ import annotations

import contextlib
import os

_own: set[int] = set()


def own(descriptor: int) -> int:
    """Keep a descriptor from forked children, until `disown`; return it."""
    _own.add(descriptor)
    return descriptor


def disown(descriptor: int) -> None:
    """Forget a descriptor: it is about to be closed."""
    _own.discard(descriptor)


def _close_in_child() -> None:
    for descriptor in _own:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _own.clear()


os.register_at_fork(after_in_child=_close_in_child)
