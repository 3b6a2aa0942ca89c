from typing import Any

import pytest

from statepipe.errors import Place, Span
from statepipe.plan.hints import hint_for
from statepipe.plan.refusals import (
    NoOpenArcError,
    ResultTypeError,
    TransitionLimitError,
    state_timeout,
)


@pytest.mark.parametrize(
    ("error", "record", "hint"),
    [
        (KeyError("valeu"), {"value": 1}, "the record has no field 'valeu'; did you mean 'value'?"),
        (KeyError("x"), {"aa": 1, "b": 2}, "the record has no field 'x'; its fields: 'aa', 'b'"),
        (KeyError("x"), {}, "the record has no field 'x'; its fields: none"),
        (KeyError("a"), {"a": {}}, None),
        (KeyError(3), {"a": 1}, None),
        (KeyError(), {"a": 1}, None),
        (
            TypeError("'NoneType' object is not subscriptable"),
            {"a": None, "b": 1},
            "these fields are null: 'a'",
        ),
        (TypeError("'NoneType' object is not subscriptable"), {"b": 1}, None),
        (ZeroDivisionError("division by zero"), {"a": 1}, None),
        (
            NoOpenArcError(),
            {},
            "add a last arc without a condition, to a state for what is left over",
        ),
        (
            state_timeout(2)(),
            {},
            "give it a longer timeout_s, or say in retry or catch what is to follow",
        ),
        (
            TransitionLimitError(),
            {},
            "make a condition of the loop close it, or raise max_transitions",
        ),
        (
            ResultTypeError(),
            {},
            "return the new record as a dict, or None after changing it in place",
        ),
    ],
)
def test_hint(error: Exception, record: dict[str, Any], hint: str | None) -> None:
    assert hint_for(error, record, None) == hint


def test_many_fields_are_not_all_named() -> None:
    record = {f"{number}{number}": number for number in range(20)}
    hint = hint_for(KeyError("x"), record, None)

    assert hint is not None
    assert hint.endswith("'55', '66', '77', ...")


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("state.data['user']['nmae']", "field 'user' has no field 'nmae'; did you mean 'name'?"),
        ("d['user']['home']['zip']", "field 'user.home' has no field 'zip'; its fields: 'street'"),
        ("state.data['zip']", "the record has no field 'zip'; its fields: 'user'"),
        ("state.data['gone']['zip']", "the record has no field 'zip'; its fields: 'user'"),
        ("state.data['user'][key]", "the record has no field 'zip'; its fields: 'user'"),
        ("state.data['user'][", "the record has no field 'zip'; its fields: 'user'"),
        ("f()['user']['zip']", "the record has no field 'zip'; its fields: 'user'"),
    ],
)
def test_the_object_that_was_asked_is_the_one_that_the_code_names(code: str, hint: str) -> None:
    record = {"user": {"name": "n", "home": {"street": 1}}}
    name = "nmae" if "nmae" in code else "zip"

    assert hint_for(KeyError(name), record, Span(Place(), code, 0, len(code))) == hint
