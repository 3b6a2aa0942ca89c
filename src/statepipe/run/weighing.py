"""Weighing: about how many bytes of memory a record takes, and what that lets through."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import islice
from typing import Any

from statepipe.record import Record

SAMPLE = 16
"""Members of a container that are looked at; the rest are taken to be like them."""

DEEPEST = 8
"""Levels that are looked into; what is below them is not counted."""

FARTHEST = 256
"""Records from one that is weighed to the next, at most."""


def weight(value: Any, levels: int = DEEPEST) -> int:  # any value of a record
    """Return about how many bytes `value` takes, its members included. Looks at a bounded part."""
    own = sys.getsizeof(value)
    if isinstance(value, str | bytes | int | float) or value is None or not levels:
        return own
    if isinstance(value, dict):
        members = [*islice(value, SAMPLE), *islice(value.values(), SAMPLE)]
    elif isinstance(value, list | tuple | set | frozenset):
        members = list(islice(value, SAMPLE))
    else:
        return own
    total = sum(weight(member, levels - 1) for member in members)
    return own + total * len(value) // max(1, min(SAMPLE, len(value)))


class Scales:
    """Estimates what the records of a growing list weigh, by weighing a few of them."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._seen = 0
        self._total = 0

    def show(self, records: Sequence[Record]) -> int:
        """Weigh the last record, which stands for those since the one before.

        Return the length of the list at which it is to be shown again; 0 if the limit is reached.
        """
        count = len(records)
        one = weight(records[-1])
        self._total += one * (count - self._seen)
        self._seen = count
        left = self._limit - self._total
        return count + max(1, min(FARTHEST, left // one)) if left > 0 else 0

    def of(self, records: Sequence[Record]) -> int:
        """Return what all `records` weigh, those after the last weighed one like the mean."""
        return self._total * len(records) // self._seen if self._seen else 0
