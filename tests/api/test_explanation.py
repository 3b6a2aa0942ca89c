"""Tests of an explanation as a value: a mapping, a text, a JSON object."""

from __future__ import annotations

import json

from statepipe import Explanation, SimpleFSM
from tests.api.test_explaining import ORDERS, RECORD


def test_an_explanation_is_a_mapping_down_to_its_values() -> None:
    told = SimpleFSM(ORDERS).why(RECORD)

    assert isinstance(told, Explanation)
    assert told["steps"][1]["arcs"][0]["pieces"]["inside"][1]["value"] == "None"
    assert {**told}["final_state"] == told.final_state == "small"


def test_printed_it_is_its_lines() -> None:
    told = SimpleFSM(ORDERS).why(RECORD)
    lines = ["".join(text for _, text in line) for line in told.lines()]

    assert str(told) == "\n".join(lines)
    assert lines[-1] == "small  end"


def test_an_explanation_is_json() -> None:
    told = SimpleFSM(ORDERS).why({**RECORD, "odd": {1, 2}, "nan": float("nan")})
    document = json.loads(json.dumps(told.as_json(), allow_nan=False))

    assert document["record"] == {**RECORD, "odd": "{1, 2}", "nan": "nan"}
    assert document["steps"][1]["arcs"][0]["decided_by"] == "s.get('vip')"
    assert document["steps"][1]["arcs"][0]["pieces"]["inside"][1]["span"] == {
        "line": 1,
        "start": 31,
        "end": 43,
    }
    assert document["steps"][0]["functions"][0]["place"]["file"] is None
    assert "record_error" not in document
