"""Errors of user code lose the secrets of its resources, and with them all that led to them."""

from __future__ import annotations

import traceback

from statepipe.plan.secrets import HiddenError, chain, text_of, without_secrets


def hide(text: str) -> str:
    return text.replace("canary", "***")


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except Exception as caught:
        return caught


def test_an_error_without_secrets_stays_as_it_is() -> None:
    error = raised(ValueError("nothing", 5))
    error.add_note("kept")

    assert without_secrets(error, hide) is error
    assert (error.args, error.__notes__) == (("nothing", 5), ["kept"])


def test_secrets_are_struck_out_of_an_error_its_causes_and_notes() -> None:
    inner = raised(KeyError("canary"))
    error = raised(ValueError("with canary", 5), inner)
    error.add_note("canary")
    found = without_secrets(error, hide)

    assert found is error
    assert (error.args, inner.args) == (("with ***", 5), ("***",))
    assert "canary" not in "".join(traceback.format_exception(error))


class StubbornError(Exception):
    def __str__(self) -> str:
        return "always canary"


def test_an_error_that_cannot_be_changed_is_replaced() -> None:
    error = raised(ValueError("x"), StubbornError())
    found = without_secrets(error, hide)

    assert isinstance(found, HiddenError)
    assert str(found) == "ValueError: x"
    assert found.__traceback__ is error.__traceback__
    assert "canary" not in "".join(traceback.format_exception(found))


def test_a_ring_of_errors_is_gone_round_once() -> None:
    one, two = ValueError("1"), ValueError("2")
    one.__context__, two.__context__ = two, one

    assert list(chain(one)) == [one, two]


def test_an_error_without_a_text_has_one() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise OSError

    assert text_of(MuteError()) == "(its message cannot be had: OSError)"
