"""The workload as a bytewax dataflow, one operator per state, in one worker."""

from __future__ import annotations

from typing import Any

import orjson
from bytewax import operators as op
from bytewax.connectors.files import FileSink, FileSource
from bytewax.dataflow import Dataflow
from bytewax.testing import run_main

from bench import by_hand


def enriched(record: dict[str, Any]) -> dict[str, Any]:
    return by_hand.enrich(by_hand.View(record))


def categorized(record: dict[str, Any]) -> dict[str, Any]:
    return by_hand.categorize(by_hand.View(record))


def is_valid(record: dict[str, Any]) -> bool:
    return bool(by_hand.is_valid(by_hand.View(record)))


def run(source: str, sink: str) -> None:
    flow = Dataflow("bench")
    lines = op.input("read", flow, FileSource(source, batch_size=1000))
    records = op.map("decode", lines, orjson.loads)
    checked = op.map("validate", records, lambda record: by_hand.validate(by_hand.View(record)))
    routes = op.branch("route", checked, is_valid)
    good = op.map("categorize", op.map("enrich", routes.trues, enriched), categorized)
    merged = op.merge("merge", good, routes.falses)
    keyed = op.map("encode", merged, lambda record: ("", orjson.dumps(record).decode()))
    op.output("write", keyed, FileSink(sink))
    run_main(flow)
