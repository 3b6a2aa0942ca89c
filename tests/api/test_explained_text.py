"""Tests of an explanation in lines, as a person reads it."""

from __future__ import annotations

from typing import Any

from statepipe import SimpleFSM

NAME = {"name": "a", "is_start": True}


def text_of(record: Any, *arcs: Any, limit: int | None = 40, **state: Any) -> list[str]:
    """The lines of an explanation of a state `a` with arcs to the ends `b` and `c`."""
    config = {
        "states": [{**NAME, **state}, {"name": "b", "is_end": True}, {"name": "c", "is_end": True}],
        "arcs": [{"from": "a", **each} for each in arcs],
    }
    return str(SimpleFSM(config).why(record, limit=limit)).split("\n")


def b_if(condition: Any) -> dict[str, Any]:
    return {"to": "b", "condition": condition}


def test_a_way_is_told_state_by_state() -> None:
    condition = "data['n'] > 3 and data.get('vip') or data['n'] < 0"

    assert text_of({"n": 5}, b_if(condition), {"to": "c"}, transform="data.update(m=1)") == [
        "✓ ended at 'c'  a -> c",
        "  record  {'n': 5}",
        "  became  {'n': 5, 'm': 1}",
        "",
        "a",
        "  ~ transform  data.update(m=1)  states[0].transform",
        "      + m: 1",
        "  ✗ to b  if data['n'] > 3 and data.get('vip') or data['n'] < 0  arcs[0].condition",
        "      data['n'] > 3 and data.get('vip')  None",
        "        data['n'] > 3                    True",
        "          data['n']                      5",
        "        data.get('vip')                  None",
        "      data['n'] < 0                      False",
        "        data['n']                        5",
        "  ✓ to c  no condition",
        "",
        "c  end",
    ]


def test_the_deciding_piece_is_marked_and_skipped_ones_say_so() -> None:
    told = text_of({"n": 5, "vip": 0}, b_if("data['vip'] and data['n'] > 3"), {"to": "c"})

    assert told[4:7] == [
        "  ✗ to b  if data['vip'] and data['n'] > 3  arcs[0].condition",
        "      data['vip']    0  ◀ decided",
        "      data['n'] > 3  not evaluated",
    ]


def test_arcs_that_were_not_tried_say_why() -> None:
    told = text_of({}, b_if("data == {}"), {"to": "c"})

    assert told[5] == "  · to c  not tried: 'b' had accepted"


def test_the_element_that_decides_is_told() -> None:
    told = text_of({"xs": [1, 7, 9]}, b_if("any(x > 3 for x in data['xs'])"), {"to": "c"})

    assert told[5:8] == [
        "      data['xs']  [1, 7, 9]",
        "      x > 3       True  the last of 2  ◀ decided",
        "        x         7  the last of 2",
    ]


def test_a_value_that_is_no_bool_is_told_above_its_pieces() -> None:
    told = text_of({"n": 5}, b_if("data['n'] % 2"), {"to": "c"})

    assert told[4:7] == [
        "  ✓ to b  if data['n'] % 2  arcs[0].condition",
        "      data['n'] % 2  1",
        "        data['n']    5",
    ]


def test_a_reason_stands_in_the_place_of_the_value() -> None:
    told = text_of({"n": 5}, b_if("(data['n'] > 9, f\"{data['n']} is little\")"), {"to": "c"})

    assert told[5:8] == [
        "      reason  5 is little",
        "      data['n'] > 9  False  ◀ decided",
        "        data['n']    5",
    ]


def test_a_check_that_accepted_gives_no_reason_for_refusing() -> None:
    told = text_of({"n": 5}, {"to": "b"}, validators=["(data['n'] > 1, 'too little')"])

    assert told[4:7] == [
        "  ✓ validator  (data['n'] > 1, 'too little')  states[0].validators[0]",
        "      data['n'] > 1  True  ◀ decided",
        "        data['n']    5",
    ]


def test_a_failure_shows_where_and_what() -> None:
    told = text_of({"price": 2}, {"to": "b"}, transform="{'t': data['price'] * data['count']}")

    assert told[:2] == ["✗ failed at 'a'  a", "  record  {'price': 2}"]
    assert told[3:] == [
        "a",
        "  ! transform  {'t': data['price'] * data['count']}  states[0].transform",
        "      data['price'] * data['count']  raised",
        "        data['price']                2",
        "        data['count']                raised  ◀ here",
        "",
        "failed: states[0].transform: KeyError: 'count'",
        "    1 | {'t': data['price'] * data['count']}",
        "      |                       ^^^^^^^^^^^^^",
        "    where: transform, state 'a'",
        "    help:  the record has no field 'count'; its fields: 'price'",
    ]


def test_functions_without_pieces_show_record_and_result() -> None:
    def known(state: Any) -> Any:
        return {}

    told = text_of({"n": 1}, b_if(known), {"to": "c"})

    assert told[4:7] == [
        "  ✗ to b  if function 'known'  arcs[0].condition",
        "      given   {'n': 1}",
        "      gave    {}",
    ]


def test_attempts_and_catches_are_told() -> None:
    told = text_of({}, {"to": "b"}, validators=["data"], retry={"max_attempts": 2}, on_error="c")

    assert told[3:] == [
        "a",
        "  ✗ validator  data  states[0].validators[0]",
        "      data  {}",
        "  ! the validator gave {}",
        "    tried again",
        "",
        "a  attempt 2",
        "  ✗ validator  data  states[0].validators[0]",
        "      data  {}",
        "  ! the validator gave {}",
        "    caught: it goes on at 'c'",
        "",
        "c  end",
    ]


def test_steps_in_the_middle_of_many_are_left_out() -> None:
    around = {"to": "a", "condition": "data['n'] < 100"}
    told = text_of({"n": 0}, around, {"to": "b"}, limit=2, transform="data.update(n=data['n'] + 1)")

    assert told[0] == "✓ ended at 'b'  a -> a -> a -> a -> (93 more) -> a -> a -> a -> b"
    assert told[told.index("... 99 more steps, left out") + 2] == "b  end"
    assert told.count("a") == 1


def test_transforms_of_an_arc_stand_behind_it() -> None:
    told = text_of({}, {"to": "b", "transform": "{'on': 'the way'}"})

    assert told[5:8] == [
        "  ✓ to b  no condition",
        "  ~ on the way  {'on': 'the way'}  arcs[0].transform",
        "      + on: 'the way'",
    ]


def test_long_code_is_cut() -> None:
    told = text_of({}, b_if(" or ".join(["data.get('a')"] * 9)), {"to": "c"})

    assert told[4] == (
        "  ✗ to b  if data.get('a') or data.get('a') or data.get('a') or data.get…  "
        "arcs[0].condition"
    )
