"""Strategies for whole streams: networks, inputs, limits and outputs, none of them friendly.

Every record carries its number among the input's records, so that it can be found again.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from hypothesis import strategies as st

from statepipe import Record, StreamConfig
from statepipe.testing import CollectingSink
from tests.codegen.authors import (
    TAME_TRANSFORMS,
    TAME_VERDICTS,
    TRANSFORMS,
    VERDICTS,
    CallableLater,
    later,
    later_failing,
)
from tests.codegen.networks import records as any_records

# -- networks ----------------------------------------------------------------------------------

FORGETFUL = (
    *("{'a': s", "{'only'", "{'é': s", "{'big'"),
    *(".get('b')", ".pop(", "['b']][0]", "'new' not in", "json.loads", "f({'n'"),
)
"""What stands in those of the authors' transforms that lose the number of a record."""

KEEPING = [
    transform
    for transform in TRANSFORMS
    if not isinstance(transform, str) or not any(mark in transform for mark in FORGETFUL)
]
LATER_KEEPING = [later, later_failing, CallableLater()]


def networks(transforms: list[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Configs of such transforms; the authors' own verdicts judge on the way."""
    wild = st.sampled_from(VERDICTS)
    tame = st.sampled_from(TAME_VERDICTS)
    verdict = tame | tame | wild
    transform = st.sampled_from(TAME_TRANSFORMS) | st.sampled_from(transforms)
    arcs = st.tuples(
        st.sampled_from([1, 1, 1, 2, 0, -1]),
        st.none() | verdict,
        st.just([]) | st.just([]) | st.lists(transform, max_size=1),
        st.sampled_from([0, 0, 1]),
    )
    states = st.tuples(
        st.booleans(),
        st.sampled_from([True, True, True, False]),
        st.just([]) | st.just([]) | st.lists(transform, max_size=2),
        st.just([]) | st.just([]) | st.just([]) | st.lists(wild, max_size=1),
        st.lists(arcs, min_size=1, max_size=3),
    )
    limits = st.sampled_from([1000, 10, 2])
    return st.builds(network, st.lists(states, min_size=2, max_size=5), limits)


def network(drafted: list[Any], limit: int) -> dict[str, Any]:
    last = len(drafted) - 1
    states, arcs = [], []
    for number, (ending, emits, transforms, validators, leading_out) in enumerate(drafted):
        is_end = number == last or (ending and number > 0)
        state = {"name": f"s{number}", "is_start": number == 0, "is_end": is_end}
        states.append(state | {"transforms": transforms, "validators": validators})
        if is_end:
            states[-1]["emit_output"] = emits
            continue
        for by, condition, changes, priority in [*leading_out, (1, None, [], -1)]:
            target = f"s{(number + by) % len(drafted)}"
            accepts = {} if condition is None else {"condition": condition}
            arc = {"from": f"s{number}", "to": target, "transform": changes, "priority": priority}
            arcs.append(arc | accepts)
    return {"name": "Chaos", "states": states, "arcs": arcs, "max_transitions": limit}


def ends_of(config: dict[str, Any]) -> list[str]:
    return [state["name"] for state in config["states"] if state.get("is_end")]


# -- inputs --------------------------------------------------------------------------------------

LIMIT_BYTES = 400


@dataclass(slots=True)
class Input:
    """What a stream reads: a file `name` with `data`, or `records` where there is no name.

    `pieces` are the bytes of each of its `total` records, None where they are not compared.
    """

    name: str | None
    data: bytes
    pieces: list[bytes | None]
    records: list[Any] = field(default_factory=list)

    @property
    def total(self) -> int:
        return len(self.pieces)

    def source(self, folder: Path) -> Any:
        if self.name is None:
            return iter(self.records)
        path = folder / self.name
        path.write_bytes(gzip.compress(self.data) if self.name.endswith(".gz") else self.data)
        return path


BLANK, MALFORMED, ALIEN, OVERSIZED = "blank", "malformed", "alien", "oversized"
Piece: TypeAlias = "dict[str, Any] | str"
piece = st.builds(
    lambda odd, record: odd or record,
    st.sampled_from([None] * 16 + [BLANK, MALFORMED, ALIEN, OVERSIZED]),
    any_records,
)
pieces = st.lists(piece, max_size=3) | st.lists(piece, min_size=6, max_size=30)
ODD: dict[str, dict[str, bytes]] = {
    "jsonl": {
        BLANK: b" ",
        MALFORMED: b'{"id": 1,',
        ALIEN: b'{"id": "\xff"}',
        OVERSIZED: b'{"id": "' + b"x" * LIMIT_BYTES + b'"}',
    },
    "json": {
        MALFORMED: b'{"id" 1}',
        ALIEN: b'{"id": "\xff"}',
        OVERSIZED: b'{"id": "' + b"x" * LIMIT_BYTES + b'"}',
    },
    "csv": {
        BLANK: b"",
        MALFORMED: b"ragged",
        ALIEN: b"1,\xff,1",
        OVERSIZED: b"1,2," + b"x" * LIMIT_BYTES,
    },
    "text": {BLANK: b"\t", ALIEN: b"\xff\xfe", OVERSIZED: b"x" * 2 * LIMIT_BYTES},
}
TORN = {"jsonl": b'{"id": 1, "te', "json": b"", "csv": b'1,"open', "text": None}
"""What a source of the format ends with if it is cut off; one record more, where there is any."""


def written(form: str, number: int, drawn: dict[str, Any]) -> bytes:
    """Return a record as a source of the format has it."""
    text = f"{number}:{len(drawn)}"
    if form == "text":
        return text.encode()
    if form == "csv":
        return f'{number},"{text}{chr(10) * (len(drawn) % 2)}",{len(drawn)}'.encode()
    return json.dumps(numbered(number, drawn)).encode()


def numbered(number: int, drawn: dict[str, Any]) -> Record:
    return {**drawn, "text": f"{number}:{len(drawn)}", "id": number}


def file_of(name: str, drawn: list[Piece], torn: bool) -> Input:
    form = {"jsonl": "jsonl", "json": "json", "csv": "csv", "txt": "text"}[name.split(".")[1]]
    lines: list[bytes] = []
    kept: list[bytes | None] = []
    for piece in drawn:
        if isinstance(piece, str) and piece not in ODD[form]:
            continue
        line = ODD[form][piece] if isinstance(piece, str) else written(form, len(kept), piece)
        lines.append(line)
        if piece != BLANK:
            kept.append(line)
    end = TORN[form] if torn else None
    if end is not None:
        kept.append(None)
    if form == "json":
        data = b"[" + b",\n".join(lines) + (b"" if torn else b"]")
    else:
        header = b"id,text,n\n" if form == "csv" else b""
        data = header + b"".join(line + b"\n" for line in lines) + (end or b"")
    return Input(name, data, kept)


def iterable_of(drawn: list[Piece]) -> Input:
    given: list[Any] = []
    for piece in drawn:
        given.append(piece if isinstance(piece, str) else numbered(len(given), piece))
    return Input(None, b"", [None] * len(given), given)


NAMES = ["in.jsonl", "in.jsonl", "in.json", "in.csv", "in.txt", "in.jsonl.gz", "in.csv.gz"]
files = st.builds(file_of, st.sampled_from(NAMES), pieces, st.booleans())
inputs = files | files | files | st.builds(iterable_of, pieces)

configs = st.builds(
    StreamConfig,
    chunk_size=st.integers(1, 6),
    buffer_size=st.sampled_from([1, 5, 10_000]),
    backpressure_threshold=st.sampled_from([1, 5, 5_000]),
    parallelism=st.sampled_from([1, 1, 1, 1, 1, 1, 1, 2]),
    ordered=st.booleans(),
    retry_on_error=st.booleans(),
    max_retries=st.integers(0, 2),
    memory_limit_mb=st.sampled_from([None, None, 1]),
    max_record_bytes=st.just(LIMIT_BYTES),
    concurrency=st.sampled_from([1, 64]),
)


# -- outputs -------------------------------------------------------------------------------------

OUTPUTS = ["jsonl", "json", "csv", "txt", "jsonl.gz", "csv.gz", "function", "object"]


@dataclass(slots=True)
class Target:
    """One sink of a stream: what is given to it, and how the numbers in it are found."""

    sink: Any  # as in `process_stream`
    path: Path | None
    numbers: Callable[[], list[int]]


def target_of(folder: Path, number: int, kind: str) -> Target:
    if kind == "function":
        seen: list[Record] = []
        return Target(seen.append, None, lambda: list(map(number_of, seen)))
    if kind == "object":
        sink = CollectingSink()
        return Target(sink, None, lambda: list(map(number_of, sink.records)))
    path = folder / f"out{number}.{kind}"
    return Target(path, path, lambda: numbers_in(path))


def numbers_in(path: Path) -> list[int]:
    """Return the numbers of the records in an output file, in order; none if it is not there."""
    if not path.exists():
        return []
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    match path.name.split(".")[1]:
        case "csv":
            return list(map(number_of, csv.DictReader(io.StringIO(text, newline=""))))
        case "txt":
            return [number_of({"text": line}) for line in text.split("\n") if line]
        case "json":
            return list(map(number_of, json.loads(text)))
    return [number_of(json.loads(line)) for line in text.split("\n") if line]


def number_of(record: Record) -> int:
    """Return the number of a record; one that was a line of text has it there."""
    return int(record["id"] if "id" in record else record["text"].partition(":")[0])
