"""A built config as a file can hold it, and everything that one cannot, at once."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from statepipe import ConfigError, DataHandlingMode, Machine
from statepipe.builder.portable import portable


def machine_with(**keys: Any) -> Machine:
    machine = Machine("m")
    machine.start("a", is_end=True, **keys)
    return machine


def test_one_network_called_main_takes_the_simple_form() -> None:
    machine = machine_with(transform=(lambda s: s.data, "data"), data_mode=DataHandlingMode.COPY)

    assert portable(machine) == {
        "name": "m",
        "states": [
            {
                "name": "a",
                "is_start": True,
                "is_end": True,
                "transform": ["lambda s: s.data", "data"],
                "data_mode": "copy",
            }
        ],
    }


def test_other_networks_keep_their_names() -> None:
    machine = Machine("m", main_network="first")
    machine.start("a", is_end=True)

    assert [each["name"] for each in portable(machine)["networks"]] == ["first"]


def test_all_that_a_file_cannot_hold_is_told_at_once_with_its_line() -> None:
    limit = 1
    machine = machine_with(
        transform=[lambda s: limit, "data"],
        metadata={"since": datetime.date(2026, 1, 1), "far": float("inf"), "call": len},
    )

    with pytest.raises(ConfigError) as caught:
        portable(machine)

    keys = "networks[0].states[0]"
    problems = caught.value.problems
    assert [(each.place.keys, each.message) for each in problems] == [
        (
            f"{keys}.transform[0]",
            "this lambda cannot be saved: it uses the variable 'limit' of the function around it",
        ),
        (f"{keys}.metadata.since", "a file cannot hold a value of the class 'date'"),
        (f"{keys}.metadata.far", "a file cannot hold a number that is not finite"),
        (
            f"{keys}.metadata.call",
            "a file cannot hold a value of the class 'builtin_function_or_method'",
        ),
    ]
    assert all("test_portable.py:" in str(each.place.built) for each in problems)
    assert all(each.advice for each in problems)


def test_a_machine_with_problems_is_not_saved() -> None:
    with pytest.raises(ConfigError, match="'data_mode' must be one of copy, reference, direct"):
        portable(machine_with(data_mode="copi"))
