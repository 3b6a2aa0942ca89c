"""Tests of the values that options accept."""

from __future__ import annotations

import click
import pytest

from statepipe.cli.values import Callback, filled, number, once, one_of, whole

CONTEXT = click.Context(click.Command("run"))
OPTION = click.Option(["--size"])


def refusal(callback: Callback, value: str) -> str:
    """Return the message with which `value` is refused."""
    with pytest.raises(click.BadParameter) as caught:
        callback(CONTEXT, OPTION, value)
    return caught.value.message


@pytest.mark.parametrize("value", ["-1", "0", "1.5", "", "one", "1e3", "٣x", "²"])
def test_what_is_no_whole_number_is_refused(value: str) -> None:
    assert refusal(whole(1), value) == f"{value!r} is not a whole number of at least 1"


@pytest.mark.parametrize("value", ["-0.1", "nan", "inf", "", "soon", "1,5"])
def test_what_is_no_number_is_refused(value: str) -> None:
    assert refusal(number(0), value) == f"{value!r} is not a number of at least 0"


def test_numbers_are_accepted_from_the_least_on() -> None:
    assert whole(1)(CONTEXT, OPTION, "1") == 1
    assert whole(0)(CONTEXT, OPTION, " 12 ") == 12
    assert number(0)(CONTEXT, OPTION, "0.5") == 0.5
    assert number(1)(CONTEXT, OPTION, None) is None


def test_one_of_several_names_is_accepted_and_others_are_told() -> None:
    names = one_of(["tree", "dot"])

    assert names(CONTEXT, OPTION, "dot") == "dot"
    assert refusal(names, "dott") == "there is no 'dott'; did you mean 'dot'?"
    assert refusal(names, "svg") == "there is no 'svg'; it may be tree, dot"


def test_a_path_that_is_empty_is_refused() -> None:
    assert refusal(filled, "") == "the path is empty"
    assert filled(CONTEXT, OPTION, "a b") == "a b"
    assert filled(CONTEXT, OPTION, None) is None


def test_of_two_outputs_none_is_chosen() -> None:
    with pytest.raises(click.BadParameter) as caught:
        once(CONTEXT, OPTION, ("a", "b"))

    assert caught.value.message == "given 2 times; --sink STATE=PATH gives each end state its own"
    assert (once(CONTEXT, OPTION, ("a",)), once(CONTEXT, OPTION, ())) == ("a", None)
