"""Loops: what to say of a record that makes more transitions than it may."""

from __future__ import annotations

from collections.abc import Sequence


def limit_message(most: int, path: Sequence[str], next_state: str) -> str:
    """Return what to say of a record that takes one arc too many, and names the loop if any."""
    message = f"more than {most} transitions"
    loop = last_loop([*path, next_state])
    return f"{message}, in the loop {' -> '.join(loop)}" if loop else message


def last_loop(path: Sequence[str]) -> list[str]:
    """Return the end of `path` from the last earlier visit of its last state; [] if none."""
    last = path[-1]
    for index in range(len(path) - 2, -1, -1):
        if path[index] == last:
            return list(path[index:])
    return []
