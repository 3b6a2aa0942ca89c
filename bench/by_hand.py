"""The workload by hand: what somebody writes who has no framework, with `json` and with `orjson`.

The lambdas are those of the mission's network, called one by one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from typing import Any

import orjson


class View:
    """The least that `state.data` needs."""

    __slots__ = ("data",)

    def __init__(self, data: dict[str, Any]) -> None:
        self.data: Any = data  # a record's values are of any type


Step = Callable[[View], dict[str, Any]]

validate: Step = lambda state: {  # noqa: E731 - the mission's own lambdas, not functions
    **state.data,
    "valid": state.data.get("value") is not None and state.data.get("value") >= 0,
}
enrich: Step = lambda state: {  # noqa: E731 - the mission's own lambdas, not functions
    "id": state.data["id"],
    "original_value": state.data["value"],
    "doubled_value": state.data["value"] * 2,
    "squared_value": state.data["value"] ** 2,
    "category": state.data["category"],
    "status": "enriched",
}
categorize: Step = lambda state: {  # noqa: E731 - the mission's own lambdas, not functions
    **state.data,
    "value_tier": "high"
    if state.data["original_value"] > 5000
    else "medium"
    if state.data["original_value"] > 1000
    else "low",
    "status": "processed",
    "risk_score": min(100, state.data["squared_value"] / 100),
}
is_valid: Callable[[View], Any] = lambda state: state.data.get("valid", True)  # noqa: E731 - as above


def run_json(source: str, sink: str) -> None:
    with open(source, encoding="utf-8") as lines, open(sink, "w", encoding="utf-8") as out:
        for line in lines:
            data = validate(View(json.loads(line)))
            if is_valid(View(data)):
                data = categorize(View(enrich(View(data))))
            out.write(json.dumps(data) + "\n")


def run_orjson_by_line(source: str, sink: str) -> None:
    reach_best_heap()
    loads, dumps, newline = orjson.loads, orjson.dumps, orjson.OPT_APPEND_NEWLINE
    with open(source, "rb") as lines, open(sink, "wb") as out:
        for line in lines:
            view = View(validate(View(loads(line))))
            if is_valid(view):
                view = View(enrich(view))
                out.write(dumps(categorize(view), option=newline))
            else:
                out.write(dumps(view.data, option=newline))


def run_orjson_by_chunk(source: str, sink: str, chunk_size: int = 1000) -> None:
    reach_best_heap()
    loads, dumps, newline = orjson.loads, orjson.dumps, orjson.OPT_APPEND_NEWLINE
    with open(source, "rb") as lines, open(sink, "wb") as out:
        while chunk := [loads(line) for line in islice(lines, chunk_size)]:
            results = [result_of(record) for record in chunk]
            out.write(b"".join([dumps(result, option=newline) for result in results]))


def result_of(record: dict[str, Any]) -> dict[str, Any]:
    view = View(validate(View(record)))
    return categorize(View(enrich(view))) if is_valid(view) else view.data


def reach_best_heap() -> None:
    """Let glibc's allocator reach the state in which it no longer gives memory back.

    Until one large block was freed, its thresholds are low: each chunk's results make the heap
    grow and shrink, a page fault per record. Peers are measured at their best.
    """
    bytes(31 << 20)
