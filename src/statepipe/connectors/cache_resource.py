"""A cache as a resource: keys and values in memory, bounded in number and in time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from statepipe.errors import ResourceError, named_type
from statepipe.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class CacheProvider:
    """Makes a cache. Every process has its own: what a worker puts, others do not see."""

    name: str
    clock: Clock
    max_entries: int = 10_000
    ttl_s: float | None = None

    waits = False
    slow = False

    def open(self) -> OpenCache:
        return OpenCache(Cache(self))

    def open_in_loop(self) -> None:
        """Nothing in it waits: async functions use the same one."""


class Cache:
    """Keys and values. Full, it forgets what was not asked for the longest."""

    __slots__ = ("_entries", "_lock", "_provider")

    def __init__(self, provider: CacheProvider) -> None:
        self._provider = provider
        self._entries: OrderedDict[Hashable, tuple[Any, float]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, default: Any = None, /) -> Any:
        """Return the value of `key`; `default` if it is not there, or has grown too old."""
        self._check(key)
        with self._lock:
            found = self._entries.get(key)
            if found is None or self._is_old(found[1]):
                self._entries.pop(key, None)
                return default
            self._entries.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: Any, /) -> None:
        """Keep `value`, in place of what `key` had."""
        self._check(key)
        with self._lock:
            self._entries[key] = (value, self._provider.clock.monotonic_s())
            self._entries.move_to_end(key)
            if len(self._entries) > self._provider.max_entries:
                self._entries.popitem(last=False)

    def pop(self, key: Hashable, default: Any = None, /) -> Any:
        """Forget `key`; return what it had, or `default`."""
        self._check(key)
        with self._lock:
            found = self._entries.pop(key, None)
        return default if found is None or self._is_old(found[1]) else found[0]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def _is_old(self, since_s: float) -> bool:
        ttl_s = self._provider.ttl_s
        return ttl_s is not None and self._provider.clock.monotonic_s() - since_s >= ttl_s

    def _check(self, key: object) -> None:
        if not isinstance(key, Hashable):
            message = f"a key must be a text, a number or a tuple, not {named_type(key)}"
            raise ResourceError(self._provider.name, message)

    def __contains__(self, key: Hashable) -> bool:
        return self.get(key, self) is not self

    def __len__(self) -> int:
        return len(self._entries)

    def __bool__(self) -> bool:
        return True  # an empty cache is still one

    def __repr__(self) -> str:
        return f"<cache resource {self._provider.name!r}, {len(self)} entries>"


class OpenCache:
    """A cache that lives until it is closed."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def handle(self, *, awaits: bool) -> Cache:  # the same for both
        return self._cache

    def close(self) -> None:
        self._cache.clear()
