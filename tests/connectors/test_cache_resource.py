"""A cache: bounded in number and in time, safe for threads."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest

from statepipe.connectors.cache_resource import Cache, CacheProvider
from statepipe.errors import ResourceError
from statepipe.testing import ManualClock


def cache(clock: ManualClock | None = None, **options: Any) -> Cache:
    return CacheProvider("c", clock or ManualClock(), **options).open().handle(awaits=False)


def test_what_is_put_is_found_until_it_is_popped() -> None:
    kept = cache()
    kept.put("a", 1)
    kept.put(("b", 2), None)

    assert (kept.get("a"), kept.get("x"), kept.get("x", 5)) == (1, None, 5)
    assert ("a" in kept, ("b", 2) in kept, "x" in kept, len(kept)) == (True, True, False, 2)
    assert (kept.pop("a"), kept.pop("a"), kept.pop("a", 3)) == (1, None, 3)
    kept.clear()
    assert len(kept) == 0
    assert bool(kept)


def test_the_one_not_asked_for_the_longest_goes_first() -> None:
    kept = cache(max_entries=2)
    kept.put("a", 1)
    kept.put("b", 2)
    kept.get("a")
    kept.put("c", 3)

    assert [key in kept for key in "abc"] == [True, False, True]


def test_an_entry_grows_old() -> None:
    clock = ManualClock()
    kept = cache(clock, ttl_s=10)
    kept.put("a", 1)
    clock.advance(9)
    assert kept.get("a") == 1
    kept.put("b", 2)
    clock.advance(1)

    assert (kept.get("a"), "a" in kept, kept.pop("a"), kept.get("b")) == (None, False, None, 2)
    assert len(kept) == 1


def test_it_agrees_with_a_dict_that_forgets() -> None:
    """Against a model that is too slow to be used: seeded, any order of calls."""
    chance, kept, model = random.Random(7), cache(max_entries=3), dict[int, int]()
    for step in range(2000):
        key = chance.randrange(6)
        if chance.random() < 0.5:
            kept.put(key, step)
            model.pop(key, None)
            model[key] = step
            if len(model) > 3:
                del model[next(iter(model))]
        else:
            found = model.get(key)
            assert kept.get(key) == found, f"seed 7, step {step}"
            if key in model:
                model[key] = model.pop(key)

    assert len(kept) == 3


def test_a_key_must_be_one() -> None:
    message = "resource 'c': a key must be a text, a number or a tuple, not a list"

    for work in (cache().get, cache().pop):
        with pytest.raises(ResourceError, match=message):
            work([])  # type: ignore[arg-type]  # which is what is refused
    with pytest.raises(ResourceError, match=message):
        cache().put([], 1)  # type: ignore[arg-type]  # which is what is refused


def test_threads_may_use_it_at_once() -> None:
    kept = cache(max_entries=50)

    def work(number: int) -> None:
        for step in range(500):
            kept.put((number, step % 60), step)
            kept.get((number, step % 7))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(kept) == 50


def test_both_kinds_of_function_share_it() -> None:
    opened = CacheProvider("c", ManualClock()).open()

    assert opened.handle(awaits=True) is opened.handle(awaits=False)
    assert repr(opened.handle(awaits=False)) == "<cache resource 'c', 0 entries>"


def test_closed_it_is_empty() -> None:
    opened = CacheProvider("c", ManualClock()).open()
    opened.handle(awaits=False).put("a", 1)
    opened.close()

    assert len(opened.handle(awaits=False)) == 0
