import pickle
from collections import OrderedDict
from decimal import Decimal
from enum import IntEnum
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.errors import (
    ConfigError,
    Place,
    Problem,
    RecordError,
    Span,
    named_type,
    portable,
    render_record_error,
    shown_path,
    underline,
)
from statepipe.record import Position
from statepipe.short import shown

PLACE = Place("states.a.transform", "flow.yaml", 3, 12)
LINE = "  transform: state.data['x'] + 1"


def failed(**changed: Any) -> RecordError:
    given: dict[str, Any] = {
        "role": "transform",
        "error_type": "KeyError",
        "state": "a",
        "path": ("start", "a"),
        "position": Position(4, 100, 5),
        "record": {"y": 1},
        "place": PLACE,
        "span": Span(PLACE, LINE, 13, 28),
        "hint": "did you mean 'y'?",
    }
    return RecordError("KeyError: 'x'", **(given | changed))


def test_a_failed_record_is_told_as_a_compiler_would() -> None:
    assert str(failed()) == render_record_error(failed())
    assert str(failed()).splitlines() == [
        "flow.yaml:3:12: KeyError: 'x'",
        "    3 |   transform: state.data['x'] + 1",
        "      |              ^^^^^^^^^^^^^^^",
        "    where:    transform, state 'a'",
        "    path:     start -> a",
        "    record:   {'y': 1}",
        "    position: record 5, line 5, byte 100",
        "    help:     did you mean 'y'?",
    ]


def test_the_message_alone_is_one_line() -> None:
    assert failed().message == "KeyError: 'x'"


def test_what_is_not_known_is_left_out() -> None:
    bare = RecordError("the line is no JSON", role="read", error_type="MalformedRecord")

    assert str(bare) == "the line is no JSON"


@pytest.mark.parametrize(
    ("role", "arc", "said"),
    [
        ("condition", "a->b", "condition of arc 'a->b', state 'a'"),
        ("arc transform", "a->b", "transform of arc 'a->b', state 'a'"),
        ("transitions", "a->b", "taking of arc 'a->b', state 'a'"),
        ("arcs", None, "choice of an arc, state 'a'"),
        ("pre_validator", None, "pre-validator, state 'a'"),
    ],
)
def test_where_it_happened_is_said_in_words(role: str, arc: str | None, said: str) -> None:
    assert f"where:    {said}\n" in str(failed(role=role, arc=arc))


def test_a_place_in_a_dict_config_is_its_keys() -> None:
    place = Place("networks[0].states[2].transform")

    assert str(failed(place=place)).startswith("networks[0].states[2].transform: KeyError: 'x'\n")


def test_the_middle_of_a_long_path_is_left_out() -> None:
    path = tuple(f"s{number}" for number in range(20))

    assert shown_path(path) == "s0 -> s1 -> s2 -> s3 -> (12 more) -> s16 -> s17 -> s18 -> s19"


def test_a_record_that_cannot_be_written_out_is_shown_all_the_same() -> None:
    class Mute:
        def __repr__(self) -> str:
            raise ValueError

    assert "{'m': <Mute>}" in str(failed(record={"m": Mute()}))


def test_a_record_error_survives_pickling() -> None:
    error = failed(arc="a->b")
    again = pickle.loads(pickle.dumps(error))

    assert type(again) is RecordError
    assert vars(again) == vars(error)
    assert str(again) == str(error)


def test_what_cannot_be_pickled_becomes_text() -> None:
    error = failed(record={"f": lambda: 0, "l": [object()], "t": (1,), 5: {"x": None}})
    again = pickle.loads(pickle.dumps(error))

    assert again.record == {"f": "<function>", "l": ["<object>"], "t": "(1,)", 5: {"x": None}}
    assert error.record["t"] == (1,)


OWN = [
    *({1}, {"a", "b"}, (1, "a" * 90), b"x", Decimal(1), IntEnum("E", "A").A, OrderedDict(a=1)),
    *(MappingProxyType({"a": 1}), object(), lambda: 0, "x" * 150),
]


def values() -> st.SearchStrategy[Any]:
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60)
    own = st.sampled_from(OWN)
    return st.recursive(
        plain | own,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text(max_size=5) | st.just((0,)), inner, max_size=4)
            | st.tuples(inner, inner)
        ),
        max_leaves=12,
    )


@given(values())
def test_a_record_is_shown_the_same_wherever_it_failed(value: Any) -> None:
    error = failed(record={"value": value})
    again = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(error))))

    assert shown(again.record) == shown(error.record)
    assert str(again) == str(error)


def test_a_record_nested_beyond_what_can_be_pickled_is_cut() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]

    assert pickle.loads(pickle.dumps(failed(record={"d": deep}))).record == portable({"d": deep})


def test_a_config_error_survives_pickling() -> None:
    error = ConfigError([Problem(PLACE, "no such state", "did you mean 'b'?")])
    again = pickle.loads(pickle.dumps(error))

    assert again.problems == error.problems
    assert str(again) == str(error)


def test_of_a_very_long_line_the_part_around_the_span_is_shown() -> None:
    text = "a" * 5000 + "BAD" + "z" * 5000
    place = Place("x", "m.json", 1, 5001)

    told = str(Problem(place, "is wrong", None, Span(place, text, 5000, 5003)))

    assert told == (
        f"m.json:1:5001: is wrong\n    1 | {'a' * 200}BAD{'z' * 200}\n      | {' ' * 200}^^^"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "None"), (1, "an int"), ("", "a str"), (OSError(), "an OSError"), ({}, "a dict")],
)
def test_the_type_of_a_value_is_named_with_its_article(value: object, text: str) -> None:
    assert named_type(value) == text


@pytest.mark.parametrize(
    ("before", "piece", "lead", "carets"),
    [
        ("ab", "cd", "  ", "^^"),
        ("\ta", "cd", "\t ", "^^"),
        ("\u72b6\u6001", "cd", "    ", "^^"),
        ("e\u0301", "\u4e2d", " ", "^^"),
        ("\uff41", "", "  ", "^"),
    ],
)
def test_carets_stand_below_their_piece_however_wide_the_characters(
    before: str, piece: str, lead: str, carets: str
) -> None:
    span = Span(Place("k", "a.yaml", 7, 1), f"{before}{piece}", len(before), len(before + piece))

    assert underline(span)[1] == f"      | {lead}{carets}"
