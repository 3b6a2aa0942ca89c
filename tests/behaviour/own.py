"""Functions of an author's own module, for configs that every engine can be given."""

from __future__ import annotations

import asyncio
import time
from typing import Any

told: list[Any] = []
"""What functions have told of their calls; empty when a test begins. Of this process only."""


def fail_once(state: Any) -> Any:
    """Fail the first time that this process calls it."""
    told.append(state.name)
    state.data["half"] = True
    if len(told) == 1:
        raise ConnectionError("now and then")
    return {**state.data, "attempts": len(told)}


def spoil_and_fail(state: Any) -> None:
    state.data["half"] = True
    raise ValueError("no")


def spoil_and_refuse(state: Any) -> bool:
    """A condition that changes its record, and says no."""
    state.data["list"].append("seen")
    return False


async def double(state: Any) -> Any:
    await asyncio.sleep(0)
    return {**state.data, "n": state.data["n"] * 2}


def dawdle(state: Any) -> Any:
    """Take far longer than any limit of time in a test."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        pass
    return state.data


class Teller:
    """Tells a file of each record that it gets, in whatever process."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __call__(self, state: Any) -> None:
        error = state.error["message"] if state.error else None
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(f"{state.name}: {error}\n")


class Rates:
    """A resource: what a currency is worth."""

    def __init__(self, **rates: float) -> None:
        self.rates = rates

    def of(self, currency: str) -> float:
        return self.rates[currency]


class Adder:
    """A function with a life: it adds what it was made with, once it was set up."""

    def __init__(self, by: int) -> None:
        self.by = by
        self.ready = False

    def set_up(self) -> None:
        self.ready = True

    def __call__(self, state: Any) -> Any:
        return {**state.data, "n": state.data["n"] + self.by, "ready": self.ready}

    def tear_down(self) -> None:
        self.ready = False


def own(name: str, **params: Any) -> dict[str, Any]:
    """Return a reference to a function of this module."""
    reference: dict[str, Any] = {"type": "custom", "module": __name__, "name": name}
    return {**reference, "params": params} if params else reference
