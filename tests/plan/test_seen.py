"""Tests of the values of pieces, and of the piece that decides."""

import copy
from typing import Any

import pytest

from statepipe.plan.seen import Eye, SeenPiece
from statepipe.plan.values import accepts, is_reasoned
from statepipe.short import Short
from tests.plan.machines import inline

RECORD = {"a": 5, "n": 0, "xs": [1, 4, 9], "none": None, "d": [[], [3, 8], [7]]}


def seen(code: str, record: Any = None) -> SeenPiece:
    watched, eye = inline(code).watch(), Eye(Short())
    assert watched is not None
    try:
        value = watched.telling(eye)(copy.deepcopy(record or RECORD))
    except Exception:
        return eye.seen(watched.root, None, reasoned=False)
    return eye.seen(watched.root, accepts(value), reasoned=is_reasoned(value))


def pieces(root: SeenPiece) -> list[SeenPiece]:
    return [root, *(each for inner in root.inside for each in pieces(inner))]


def values(root: SeenPiece) -> dict[str, str | None]:
    return {each.piece.text: each.value for each in pieces(root)}


@pytest.mark.parametrize(
    ("code", "piece"),
    [
        ("data['a'] > 3", "data['a'] > 3"),
        ("data['a'] and data['n'] and data['xs']", "data['n']"),
        ("data['a'] and data['xs']", "data['a'] and data['xs']"),
        ("data['n'] or data['a'] or data['xs']", "data['a']"),
        ("data['n'] or data['none']", "data['n'] or data['none']"),
        (
            "data['n'] or not (data['a'] and data['xs'])",
            "data['n'] or not (data['a'] and data['xs'])",
        ),
        ("not (data['a'] and data['n'])", "data['n']"),
        ("not (data['n'] or data['none'])", "data['n'] or data['none']"),
        ("data['n'] > 1 if data['a'] else data['xs']", "data['n'] > 1"),
        ("data['n'] > 1 if data['none'] else data['xs']", "data['xs']"),
        ("bool(data['n'] and data['a'])", "data['n']"),
        ("(x := data['n'] and data['a'])", "data['n']"),
        ("any(x > 3 and x < 9 for x in data['xs'])", "x > 3 and x < 9"),
        ("any(x > 9 for x in data['xs'])", "any(x > 9 for x in data['xs'])"),
        ("all(x > 1 and x for x in data['xs'])", "x > 1"),
        ("all(x for x in data['xs'])", "all(x for x in data['xs'])"),
        ("(data['a'] and data['n'] > 1, 'why')", "data['n'] > 1"),
        ("(data['a'] > 3, 'why')", "data['a'] > 3"),
        ("data['a'] and (data['n'] > 1, 'why')", "data['n'] > 1"),
        ("(data['n'], 'no verdict')", "(data['n'], 'no verdict')"),
        ("data['a'] and False", "False"),
        ("any(any(x > 7 for x in xs) for xs in data['d'])", "x > 7"),
    ],
)
def test_the_piece_that_decided_is_marked(code: str, piece: str) -> None:
    assert [each.piece.text for each in pieces(seen(code)) if each.decided] == [piece]


def test_values_are_texts_of_that_moment() -> None:
    told = values(seen("data['xs'] and data['xs'].append(data['xs'].pop(0)) or data['xs'][0] > 3"))

    assert told["data['xs'].pop(0)"] == "1"
    assert told["data['xs'].append(data['xs'].pop(0))"] == "None"
    assert told["data['xs'][0]"] == "4"


def test_what_was_not_evaluated_has_no_value() -> None:
    told = values(seen("data['n'] and data['a'] > 3"))

    assert told == {
        "data['n'] and data['a'] > 3": "0",
        "data['n']": "0",
        "data['a'] > 3": None,
        "data['a']": None,
    }


def test_of_a_generator_the_last_round_is_shown_and_no_value_of_an_earlier_one() -> None:
    root = seen("any(x > 3 and x % 2 and x < 100 for x in data['xs'])", {"xs": [5000, 2]})
    told = values(root)

    assert told["x > 3"] == "False"
    assert told["x % 2"] is None
    assert [each.times for each in root.inside] == [1, 2]


def test_of_a_generator_that_raised_no_value_of_an_earlier_round_is_shown() -> None:
    told = values(seen("all(x / x > 0 for x in data['xs'])", {"xs": [1, 0]}))

    assert told["x / x > 0"] is None
    assert told["x"] == "0"
    assert told["data['xs']"] == "[1, 0]"


def test_nothing_decides_what_raised() -> None:
    assert not any(each.decided for each in pieces(seen("data['a'] and data['zz']")))
