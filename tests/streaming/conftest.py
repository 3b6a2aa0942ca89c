"""Fixtures: every streaming test runs on both kinds of FSM, and where it asks, on workers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.streaming.streams import Stream, async_stream, blocking_stream


@pytest.fixture(params=[blocking_stream, async_stream], ids=["SimpleFSM", "AsyncSimpleFSM"])
def stream(request: pytest.FixtureRequest) -> Stream:
    given: Any = request.param
    chosen: Stream = given
    return chosen


@pytest.fixture(params=[1, 2], ids=["one-process", "two-workers"])
def parallelism(request: pytest.FixtureRequest) -> int:
    return int(request.param)
