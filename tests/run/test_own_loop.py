"""Tests of awaiting from blocking code."""

from __future__ import annotations

import asyncio
import threading

import pytest

from statepipe.run.own_loop import run_in_own_loop


async def where() -> threading.Thread:
    await asyncio.sleep(0)
    return threading.current_thread()


async def broken() -> None:
    await asyncio.sleep(0)
    raise KeyError("gone")


def test_without_a_loop_the_callers_own_thread_is_used() -> None:
    assert run_in_own_loop(where) is threading.current_thread()


async def test_where_a_loop_runs_already_another_thread_is_used() -> None:
    assert run_in_own_loop(where) is not threading.current_thread()


async def test_an_error_is_raised_in_the_callers_thread() -> None:
    with pytest.raises(KeyError, match="gone"):
        run_in_own_loop(broken)
