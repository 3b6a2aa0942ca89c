"""Tests of how sizes follow the memory in use."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.run.options import MB, StreamConfig
from statepipe.run.pressure import (
    SMALLEST_BUFFER_BYTES,
    SMALLEST_CHUNK_BYTES,
    Pressure,
    full_sizes,
)


def pressure(limit_mb: float | None = 1000, **options: int) -> Pressure:
    return Pressure(StreamConfig(memory_limit_mb=limit_mb, **options))  # type: ignore[arg-type]


def test_sizes_are_halved_near_the_limit_and_doubled_again_far_below() -> None:
    steps = pressure(chunk_size=100)
    seen = []
    for now_mb in (500, 800, 850, 700, 590, 100, 100):
        steps.on_sample(now_mb)
        seen.append((steps.sizes.chunk_size, steps.sizes.tight))

    assert [size for size, _ in seen] == [100, 50, 25, 25, 50, 100, 100]
    assert not any(tight for _, tight in seen)


def test_chunks_and_queues_shrink_before_reading_pauses() -> None:
    steps = pressure(chunk_size=100)
    full = steps.sizes
    changed = steps.on_sample(900)
    shrunk = steps.sizes
    steps.on_sample(1000)

    assert changed is True
    assert shrunk.chunk_bytes == full.chunk_bytes // 2
    assert shrunk.buffer_bytes == full.buffer_bytes // 2
    assert (shrunk.tight, steps.sizes.tight) == (False, True)


def test_a_pause_ends_when_memory_is_below_the_limit_again() -> None:
    steps = pressure()
    steps.on_sample(1500)
    steps.on_sample(999)

    assert steps.sizes.tight is False


def test_sizes_have_a_floor_that_is_soon_left_again() -> None:
    steps = pressure(chunk_size=100)
    for _ in range(1000):
        steps.on_sample(2000)
    floor = steps.sizes
    for _ in range(12):
        steps.on_sample(1)

    assert (floor.chunk_size, floor.chunk_bytes) == (1, SMALLEST_CHUNK_BYTES)
    assert floor.buffer_bytes == SMALLEST_BUFFER_BYTES
    assert steps.sizes == pressure(chunk_size=100).sizes


def test_without_a_limit_nothing_changes() -> None:
    steps = pressure(None)
    before = steps.sizes

    assert steps.on_sample(1e9) is False
    assert steps.is_near(1e9) is False
    assert steps.sizes == before


@pytest.mark.parametrize(
    ("limit_mb", "buffer_bytes", "expected"),
    [(None, 64 * MB, 64 * MB), (100, 64 * MB, 100 * MB // 8), (1000, 64 * MB, 64 * MB)],
)
def test_a_memory_limit_lowers_the_bytes_under_way(
    limit_mb: float | None, buffer_bytes: int, expected: int
) -> None:
    sizes = full_sizes(StreamConfig(memory_limit_mb=limit_mb, buffer_bytes=buffer_bytes))

    assert sizes.buffer_bytes == expected
    assert sizes.chunk_bytes == expected // 4


@pytest.mark.parametrize(
    ("buffer_bytes", "block", "waiting"),
    [(64 * MB, 256 * 1024, MB), (MB, MB // 32, MB // 8), (160_000, 5_000, 20_000), (1, 4096, 0)],
)
def test_less_is_read_at_once_where_less_may_be_under_way(
    buffer_bytes: int, block: int, waiting: int
) -> None:
    sizes = full_sizes(StreamConfig(buffer_bytes=buffer_bytes))

    assert (sizes.block_bytes, sizes.waiting_bytes) == (block, waiting)


def test_chunks_that_will_grow_are_cut_smaller_and_nothing_else_changes() -> None:
    sizes = full_sizes(StreamConfig())
    smaller = sizes.before_growth(2.5)

    assert smaller.chunk_bytes == int(sizes.chunk_bytes / 2.5)
    assert replace(smaller, chunk_bytes=sizes.chunk_bytes) == sizes
    assert sizes.before_growth(1e12).chunk_bytes == 1


@given(
    samples=st.lists(st.floats(0, 3000), max_size=50),
    chunk_size=st.integers(1, 100_000),
    buffer_bytes=st.integers(1, 1 << 30),
)
def test_sizes_stay_between_one_and_what_was_asked_for(
    samples: list[float], chunk_size: int, buffer_bytes: int
) -> None:
    steps = pressure(chunk_size=chunk_size, buffer_bytes=buffer_bytes)
    full = steps.sizes
    for now_mb in samples:
        steps.on_sample(now_mb)
        sizes = steps.sizes

        assert 1 <= sizes.chunk_size <= chunk_size
        assert 1 <= sizes.chunk_bytes <= full.chunk_bytes
        assert 1 <= sizes.buffer_bytes <= buffer_bytes
        assert sizes.flow_bytes + sizes.read_ahead_bytes == sizes.buffer_bytes
        assert sizes.waiting_bytes <= sizes.read_ahead_bytes
        assert sizes.tight == (now_mb >= 1000)
