"""Strategies for whole streams: networks, inputs, limits and outputs, none of them friendly.

Every record carries its number among the input's records, so that it can be found again.
"""

from __future__ import annotations

import copy
import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import cycle
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


def networks(
    transforms: list[Any], limits: tuple[int, ...] = (1000, 10, 2)
) -> st.SearchStrategy[dict[str, Any]]:
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
    drafted = st.lists(states, min_size=2, max_size=5)
    return st.builds(network, drafted, st.sampled_from(limits))


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
    """Return the end states of the main network."""
    main = config["networks"][0] if "networks" in config else config
    return [state["name"] for state in main["states"] if state.get("is_end")]


fields = st.sampled_from(["a", "b", "n", "k", "a.x", "text"])
mappings = (
    st.none()
    | st.none()
    | st.dictionaries(fields, fields, min_size=1, max_size=2).filter(
        lambda mapping: len(set(mapping.values())) == len(mapping)
    )
)
pushes = st.tuples(
    st.sampled_from([1, 1, 1, 2, 0]),
    st.sampled_from(["copy", "reference", "serialize"]),
    mappings,
    mappings,
)
handling = st.sampled_from(
    [{}] * 4
    + [
        {"retry": {"max_attempts": 3, "backoff_s": 0}},
        {"retry": {"max_attempts": 2, "backoff_s": 0}, "on_error": 1},
        {"on_error": 1},
        {"on_error": 2},
    ]
)


def nested(networks: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Configs of several such networks: some arcs of one lead through another, some states
    retry, and some catch.
    """
    ways = st.lists(pushes | st.none(), min_size=2, max_size=8)
    return st.builds(
        joined, st.lists(networks, min_size=1, max_size=3), ways, st.lists(handling, min_size=1)
    )


def joined(configs: list[dict[str, Any]], ways: list[Any], handled: list[Any]) -> dict[str, Any]:
    names = ["main", "net1", "net2"][: len(configs)]
    next_way, next_handling = cycle(ways), cycle(handled)
    networks = []
    for number, (name, drafted) in enumerate(zip(names, configs, strict=True)):
        states = [handling_of(each, next(next_handling), drafted) for each in drafted["states"]]
        if number:
            states = [{k: v for k, v in each.items() if k != "emit_output"} for each in states]
        arcs = [pushing(each, next(next_way), number, names) for each in drafted["arcs"]]
        networks.append({"name": name, "states": states, "arcs": arcs})
    limit = configs[0]["max_transitions"]
    return {
        "name": "Chaos",
        "main_network": "main",
        "networks": networks,
        "max_transitions": limit,
    }


def handling_of(
    state: dict[str, Any], handling: dict[str, Any], config: dict[str, Any]
) -> dict[str, Any]:
    """Return a state that recovers so; `on_error` says by how many states it goes on."""
    if state["is_end"]:
        return state
    names = [each["name"] for each in config["states"]]
    if "on_error" in handling:
        at = (names.index(state["name"]) + handling["on_error"]) % len(names)
        handling = {**handling, "on_error": names[at]}
    return state | handling


def pushing(arc: dict[str, Any], way: Any, number: int, names: list[str]) -> dict[str, Any]:
    """Return an arc of network `number`, through another network where `way` leads to one."""
    if way is None or number + way[0] >= len(names):
        return arc
    by, isolation, give, take = way
    pushed = {k: v for k, v in arc.items() if k != "to"} | {
        "target_network": names[number + by],
        "return_state": arc["to"],
        "data_isolation": isolation,
    }
    mapped = {"data_mapping": give, "result_mapping": take}
    return pushed | {name: mapping for name, mapping in mapped.items() if mapping is not None}


# -- inputs --------------------------------------------------------------------------------------

LIMIT_BYTES = 400


@dataclass(slots=True)
class Input:
    """What a stream reads: a file `name` with `data`, or `records` where there is no name.

    `pieces` are the bytes of each of its `total` records, None where they are not compared, and
    `offsets` are where they begin; of an iterator's, their numbers.
    """

    name: str | None
    data: bytes
    pieces: list[bytes | None]
    offsets: list[int]
    records: list[Any] = field(default_factory=list)

    @property
    def form(self) -> str:
        return FORMS[(self.name or ".jsonl").split(".")[1]]

    @property
    def total(self) -> int:
        return len(self.pieces)

    def source(self, folder: Path) -> Any:
        if self.name is None:
            return iter(copy.deepcopy(self.records))
        path = folder / self.name
        path.write_bytes(gzip.compress(self.data) if self.name.endswith(".gz") else self.data)
        return path

    def again(self, folder: Path) -> Any:
        """Return the source once more: the same file, as it was left."""
        return self.source(folder) if self.name is None else folder / self.name


BLANK, MALFORMED, ALIEN, OVERSIZED = "blank", "malformed", "alien", "oversized"
STRANGE = {
    "twice": b'{"id": -1, "text": "%d:0", "id": %d}',
    "surrogate": b'{"id": %d, "text": "%d:0", "s": "\\ud800", "\\udfff": "\\u2028\xe2\x80\xa8"}',
    "deep": b'{"id": %d, "text": "%d:0", "d": ' + b"[" * 90 + b'{"n": 1}' + b"]" * 90 + b"}",
    "wide": b'{"id": %d, "text": "%d:0", "n": -' + b"7" * 200 + b', "f": 1E400}',
    "return": b'\t{"id": %d,\r"text": "%d:0"}\r',
    "no number": b'{"id": %d, "text": "%d:0", "n": NaN}',
    "infinite": b'{"id": %d, "text": "%d:0", "n": -Infinity}',
    "array": b'[{"id": %d, "text": "%d:0"}]',
}
"""Lines of JSON with their number, twice: read as Python's `json` reads them, or malformed."""

Piece: TypeAlias = "dict[str, Any] | str"
piece = st.builds(
    lambda odd, record: odd or record,
    st.sampled_from([None] * 20 + [BLANK, MALFORMED, ALIEN, OVERSIZED, *STRANGE]),
    any_records,
)
plain_piece = st.sampled_from([{}, {}, {"a": 1, "n": 2}, {"k": 1, "log": []}, {"b": 3}, BLANK])
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
FORMS = {"jsonl": "jsonl", "json": "json", "csv": "csv", "txt": "text"}
MARK = b"\xef\xbb\xbf"
BEGINS = {"jsonl": b"", "json": b"[", "csv": b"id,text,n\n", "text": b""}
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
    return {**copy.deepcopy(drawn), "text": f"{number}:{len(drawn)}", "id": number}


def file_of(name: str, drawn: list[Piece], torn: bool, before: bytes, end: bytes) -> Input:
    form = FORMS[name.split(".")[1]]
    data = bytearray(before + BEGINS[form])
    offsets: list[int] = []
    kept: list[bytes | None] = []
    behind = b""
    for piece in drawn:
        line = line_of(form, len(kept), piece)
        if line is None:
            continue
        data += behind
        if piece != BLANK:
            offsets.append(len(data))
            kept.append(line if form == "json" else line + end[:-1])
        data += line
        behind = b"," * (form == "json") + end
    data += behind if form != "json" else b"" if torn else b"]"
    if torn and TORN[form] is not None:
        offsets.append(len(data))
        kept.append(None)
        data += TORN[form] or b""
    return Input(name, bytes(data), kept, offsets)


def line_of(form: str, number: int, piece: Piece) -> bytes | None:
    """Return a piece as a source has it; None where its format has no such thing."""
    if not isinstance(piece, str):
        return written(form, number, piece)
    if piece in STRANGE:
        strange = STRANGE[piece] % (number, number)
        return {"jsonl": strange, "json": strange.strip()}.get(form)
    return ODD[form].get(piece)


def iterable_of(drawn: list[Piece]) -> Input:
    given: list[Any] = []
    for piece in drawn:
        given.append(piece if isinstance(piece, str) else numbered(len(given), piece))
    return Input(None, b"", [None] * len(given), list(range(len(given))), given)


NAMES = ["in.jsonl", "in.jsonl", "in.json", "in.csv", "in.txt", "in.jsonl.gz", "in.csv.gz"]


def inputs_of(pieces: st.SearchStrategy[list[Piece]]) -> st.SearchStrategy[Input]:
    """Inputs of such pieces: files of all formats, and iterators."""
    files = st.builds(
        file_of,
        st.sampled_from(NAMES),
        pieces,
        st.booleans(),
        st.sampled_from([b"", b"", MARK]),
        st.sampled_from([b"\n", b"\n", b"\r\n"]),
    )
    return files | files | files | st.builds(iterable_of, pieces)


inputs = inputs_of(pieces)
long_inputs = inputs_of(st.lists(plain_piece | plain_piece | piece, min_size=6, max_size=40))

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
wilder_configs = st.builds(
    replace,
    configs,
    chunk_size=st.sampled_from([1, 2, 3, 7, 50, 5000]),
    parallelism=st.sampled_from([1, 1, 1, 1, 1, 1, 1, 1, 2, 3]),
    ordered=st.just(True),
    buffer_bytes=st.sampled_from([1, 300, 5_000, 64 * 1024 * 1024]),
    max_wait_ms=st.sampled_from([0, 0.1, 5]),
    memory_limit_mb=st.sampled_from([None, None, 64]),
)


# -- outputs -------------------------------------------------------------------------------------

OUTPUTS = ["jsonl", "json", "csv", "txt", "jsonl.gz", "csv.gz", "function", "object"]


@dataclass(slots=True)
class Target:
    """One sink of a stream: what is given to it, and how the numbers in it are found."""

    sink: Any  # as in `process_stream`
    path: Path | None
    numbers: Callable[[], list[int]]
    records: Callable[[], list[Record]] = list


def target_of(folder: Path, number: int, kind: str) -> Target:
    if kind == "function":
        seen: list[Record] = []
        receive = seen.append
        return Target(receive, None, lambda: list(map(number_of, seen)), lambda: seen)
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
