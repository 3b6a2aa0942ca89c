"""Tests of failures on their way into a checkpoint and back."""

from __future__ import annotations

from typing import Any

import pytest

from statepipe.errors import Place, RecordError, Span
from statepipe.record import Position
from statepipe.run.saved_failures import failure_document, failure_of_document

PLACE = Place("states[0]", "flow.yaml", 3, 7)
FULL: dict[str, Any] = {
    "role": "transform",
    "error_type": "KeyError",
    "state": "a",
    "arc": "a->b",
    "path": ("x", "a"),
    "position": Position(4, 100, 5),
    "record": {"a": [1, "é\ud800"], "b": None},
    "place": PLACE,
    "span": Span(PLACE, "code: data['x']", 6, 15),
    "hint": "look",
    "notes": ("caught before",),
}


@pytest.mark.parametrize("fields", [FULL, {"role": "read", "error_type": "MalformedRecord"}])
def test_a_failure_comes_back_as_it_was(fields: dict[str, Any]) -> None:
    error = RecordError("'x'", **fields)
    again = failure_of_document(failure_document(error))

    assert vars(again) == vars(error)
    assert str(again) == str(error)


def test_what_is_no_json_value_becomes_text() -> None:
    error = RecordError("no", role="write", error_type="E", record={"a": {1, 2}})

    assert failure_of_document(failure_document(error)).record == {"a": "{1, 2}"}
