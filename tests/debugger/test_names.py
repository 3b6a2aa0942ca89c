"""Tests of names of states within other networks."""

from __future__ import annotations

import pytest

from statepipe.debugger.names import network_of, own_name
from statepipe.functions.moment import NO_PROMISE
from statepipe.plan.stepping import Stop


@pytest.mark.parametrize(
    ("state", "nested", "network", "own"),
    [
        ("price", False, "main", "price"),
        ("a:b", False, "main", "a:b"),
        ("tax:a:b", True, "tax", "a:b"),
    ],
)
def test_a_nested_state_is_named_with_its_network(
    state: str, nested: bool, network: str, own: str
) -> None:
    stop = Stop(state, {}, (), 0, 0, None, NO_PROMISE, nested)

    assert network_of(state, "main", nested=nested) == network
    assert own_name(stop) == own
