"""What goes in, and what must come out: every fault of an input, and its counts."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statepipe import SourceError, UsageError
from tests.streaming.streams import (
    Stream,
    blocking_stream,
    check_sums,
    divider,
    lines_of,
    on_workers,
    one_state,
)

GOOD = b'{"value": 3}\n'
DEEP = b"[" * 100_000 + b"]" * 100_000

MALFORMED = {
    "no json": (b"garbage\n", "invalid JSON"),
    "truncated last line": (b'{"value": 1', "truncated last line"),
    "an array": (b"[1]\n", "not an object"),
    "a number": (b"17\n", "not an object (got number)"),
    "invalid UTF-8": (b'{"value": "\xff"}\n', "UTF-8"),
    "NaN": (b'{"value": NaN}\n', "NaN"),
    "Infinity": (b'{"value": -Infinity}\n', "Infinity"),
    "nesting": (b'{"value": ' + DEEP + b"}\n", "nest"),
    "over max_record_bytes": (b'{"value": "' + b"x" * 300_000 + b'"}\n', "max_record_bytes"),
    "4400 digits": (b'{"value": ' + b"7" * 4400 + b"}\n", "digits"),
    "a lone NUL": (b"\0\n", "invalid JSON"),
}


@pytest.mark.parametrize("fault", MALFORMED)
def test_a_malformed_line_is_a_dead_letter_and_the_stream_goes_on(
    fault: str, stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    bad, reason = MALFORMED[fault]
    after = GOOD if bad.endswith(b"\n") else b""
    (tmp_path / "in.jsonl").write_bytes(GOOD * 2 + bad + after)

    config = on_workers(parallelism, max_record_bytes=250_000)
    result = stream(
        one_state(), tmp_path / "in.jsonl", tmp_path / "out.jsonl", stream_config=config
    )

    (letter,) = lines_of(tmp_path / "out.dead.jsonl")
    assert reason in letter["message"]
    assert letter["position"] == {"record": 2, "line": 3, "offset": 2 * len(GOOD)}
    assert letter["role"] == "read"
    assert result.malformed == result.failed == 1
    assert str(result.errors[0].position) == f"record 3, line 3, byte {2 * len(GOOD)}"
    check_sums(result, written=len(lines_of(tmp_path / "out.jsonl")), letters=1)


READ_AS_PYTHON_READS = {
    "byte order mark": b'\xef\xbb\xbf{"a": 1}\n',
    "CRLF": b'{"a": 1}\r\n{"a": 2}\r\n',
    "a CR at the end": b'{"a": 1}\r',
    "blank lines": b'\n\n{"a": 1}\n   \n{"a": 2}\n\n',
    "no final newline": b'{"a": 1}\n{"a": 2}',
    "U+2028 in a string": '{"a": "x\u2028y\u0085z"}\n'.encode(),
    "lone surrogates": b'{"a": "\\ud800", "\\udfff": 1}\n',
    "duplicate keys": b'{"a": 1, "a": 2}\n',
    "4000 digits": b'{"a": ' + b"7" * 4000 + b"}\n",
    "an integer beyond 64 bits": b'{"a": 18446744073709551616, "b": -9223372036854775809}\n',
    "floats": b'{"a": 1e400000000000000000000, "b": 0.1, "c": 1E5}\n'[:0]
    + b'{"b": 0.1, "c": 1E5}\n',
    "an escaped NUL": b'{"a": "\\u0000"}\n',
    "an empty object": b"{}\n",
    "deep but bounded": b'{"a": ' + b"[" * 400 + b"]" * 400 + b"}\n",
}


@pytest.mark.parametrize("case", READ_AS_PYTHON_READS)
def test_what_python_reads_is_written_back_without_change_of_value(
    case: str, stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    data = READ_AS_PYTHON_READS[case]
    (tmp_path / "in.jsonl").write_bytes(data)
    text = data.decode("utf-8-sig").replace("\r", "\n")
    expected = [json.loads(line) for line in text.split("\n") if line.strip()]

    config = on_workers(parallelism)
    result = stream(
        one_state(), tmp_path / "in.jsonl", tmp_path / "out.jsonl", stream_config=config
    )

    assert lines_of(tmp_path / "out.jsonl") == expected
    check_sums(result, written=len(expected), letters=0)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("{1, 2}", "field 'value': JSON cannot hold a set"),
        ("float('nan')", "field 'value': nan is no JSON value"),
        ("[{'deep': float('inf')}]", "field 'value[0].deep': inf is no JSON value"),
        ("{1: 2}", "field 'value.1': the key is an int"),
        ("b'x'", "field 'value': JSON cannot hold a bytes"),
    ],
)
def test_a_value_that_json_cannot_hold_fails_its_record_alone(
    value: str, reason: str, stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    config = one_state(f"lambda s: {{**s.data, 'value': {value}}} if s.data['bad'] else s.data")
    source = [{"bad": bad, "value": 0} for bad in (False, True, False)]

    result = stream(config, source, tmp_path / "out.jsonl", stream_config=on_workers(parallelism))

    (letter,) = lines_of(tmp_path / "out.dead.jsonl")
    assert reason in letter["message"]
    assert (letter["role"], letter["state"], letter["path"]) == (
        "write",
        "output",
        ["input", "output"],
    )
    assert json.loads(letter["original"]) == source[1]
    assert result.malformed == 0
    check_sums(result, written=len(lines_of(tmp_path / "out.jsonl")), letters=1)


def test_a_ragged_csv_row_is_a_dead_letter(
    stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_bytes(b"a,b\n1,2\n3\n4,5,6\n7,8\n")

    result = stream(
        one_state(),
        tmp_path / "in.csv",
        tmp_path / "out.jsonl",
        stream_config=on_workers(parallelism),
    )

    letters = lines_of(tmp_path / "out.dead.jsonl")
    assert [letter["message"] for letter in letters] == [
        "expected 2 columns, found 1",
        "expected 2 columns, found 3",
    ]
    assert [letter["position"]["line"] for letter in letters] == [3, 4]
    assert [letter["position"]["offset"] for letter in letters] == [8, 10]
    assert lines_of(tmp_path / "out.jsonl") == [{"a": "1", "b": "2"}, {"a": "7", "b": "8"}]
    check_sums(result, written=2, letters=2)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("out.jsonl", b""),
        ("out.json", b"[\n]\n"),
        ("out.csv", b""),
        ("out.txt", b""),
        ("out.jsonl.gz", None),
    ],
)
def test_an_empty_file_gives_an_empty_sink(
    name: str, expected: bytes | None, stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    (tmp_path / "in.jsonl").touch()

    result = stream(
        one_state(),
        tmp_path / "in.jsonl",
        tmp_path / name,
        stream_config=on_workers(parallelism),
    )

    written = (tmp_path / name).read_bytes()
    assert (gzip.decompress(written) if expected is None else written) == (expected or b"")
    assert not (tmp_path / "out.dead.jsonl").exists()
    assert result.total_records == 0
    check_sums(result, written=0, letters=0)


def test_an_unknown_suffix_is_refused_unless_a_format_is_given(
    stream: Stream, tmp_path: Path
) -> None:
    source, sink = tmp_path / "in.data", tmp_path / "out.data"
    source.write_bytes(GOOD)

    with pytest.raises(UsageError, match=r"suffix '.data'; known are .jsonl, .ndjson, .json"):
        stream(one_state(), source, sink)
    with pytest.raises(UsageError, match=r"out.data has suffix '.data'"):
        stream(one_state(), source, sink, input_format="jsonl")
    result = stream(one_state(), source, sink, input_format="jsonl", output_format="csv")

    assert sink.read_bytes() == b"value\n3\n"
    assert result.total_records == 1


class BrokenError(Exception):
    """What a source of these tests raises."""


def test_what_came_before_a_source_error_is_written_and_the_error_has_the_counts(
    stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    def source() -> Any:
        yield from ({"value": value} for value in (3, 0, -1, 4, 6))
        raise BrokenError("the source broke")

    with pytest.raises(BrokenError, match="the source broke") as caught:
        stream(
            divider(),
            source(),
            tmp_path / "out.jsonl",
            chunk_size=2,
            stream_config=on_workers(parallelism),
        )

    result = vars(caught.value)["result"]
    assert caught.value.__notes__ == ["after 5 records: 4 successful, 1 failed"]
    assert [r["value"] for r in lines_of(tmp_path / "out.jsonl")] == [3, -1, 4, 6]
    check_sums(result, written=4, letters=len(lines_of(tmp_path / "out.dead.jsonl")))


def test_an_async_source_s_error_is_raised_after_what_came_before(
    stream: Stream, tmp_path: Path
) -> None:
    async def source() -> Any:
        for value in (3, 4):
            yield {"value": value}
        raise BrokenError("the source broke")

    with pytest.raises(BrokenError) as caught:
        stream(one_state(), source(), tmp_path / "out.jsonl")

    assert lines_of(tmp_path / "out.jsonl") == [{"value": 3}, {"value": 4}]
    check_sums(vars(caught.value)["result"], written=2, letters=0)


def test_a_cut_off_gzip_file_leaves_the_old_sink(stream: Stream, tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(b'{"value": %d}\n' % n for n in range(50_000)))
    (tmp_path / "in.jsonl.gz").write_bytes(packed[:-1000])
    (tmp_path / "out.jsonl").write_bytes(b"old\n")

    with pytest.raises(SourceError, match="cut off at byte") as caught:
        stream(one_state(), tmp_path / "in.jsonl.gz", tmp_path / "out.jsonl")

    assert (tmp_path / "out.jsonl").read_bytes() == b"old\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl.gz", "out.jsonl"]
    assert caught.value.result.total_records > 0


def test_on_progress_that_raises_leaves_nothing_half_written(
    stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    source = ({"value": value} for value in [1, 0] * 50)
    (tmp_path / "out.jsonl").write_bytes(b"old\n")

    def fail(progress: Any) -> None:
        if progress.chunks_processed == 3:
            raise BrokenError("no more")

    with pytest.raises(BrokenError) as caught:
        stream(
            divider(),
            source,
            tmp_path / "out.jsonl",
            chunk_size=4,
            on_progress=fail,
            stream_config=on_workers(parallelism),
        )

    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]
    assert (tmp_path / "out.jsonl").read_bytes() == b"old\n"
    assert vars(caught.value)["result"].total_records == 12


def test_records_of_an_iterator_that_are_none_are_malformed(
    stream: Stream, parallelism: int, tmp_path: Path
) -> None:
    source = [{"value": 1}, 17, None, {"value": 2}, ["value"]]

    result = stream(
        one_state(), source, tmp_path / "out.jsonl", stream_config=on_workers(parallelism)
    )

    letters = lines_of(tmp_path / "out.dead.jsonl")
    assert [letter["message"] for letter in letters] == [
        f"a record must be a dict, not {kind}" for kind in ("int", "NoneType", "list")
    ]
    assert [letter["position"]["record"] for letter in letters] == [1, 2, 4]
    assert [letter["original"] for letter in letters] == ["17", "null", '["value"]']
    assert result.malformed == 3
    check_sums(result, written=2, letters=3)


def test_a_record_that_cannot_be_copied_fails_alone(stream: Stream, tmp_path: Path) -> None:
    source = [{"value": 1}, {"value": iter([1])}, {"value": (n for n in [1])}]
    seen: list[Any] = []

    result = stream(one_state(), source, seen.append, dead_letters=tmp_path / "dead.jsonl")

    assert "cannot be copied: cannot pickle 'generator' object" in result.errors[0].message
    check_sums(result, written=len(seen), letters=1)


def test_bytes_that_are_not_utf8_stand_in_a_dead_letter_as_base64(
    stream: Stream, tmp_path: Path
) -> None:
    line = b'{"value": "\xff\xfe"}'
    (tmp_path / "in.jsonl").write_bytes(line + b"\n")

    stream(one_state(), tmp_path / "in.jsonl", tmp_path / "out.jsonl")

    (letter,) = lines_of(tmp_path / "out.dead.jsonl")
    assert base64.b64decode(letter["original_base64"]) == line
    assert "original" not in letter


GOOD_LINES = st.integers(1, 9).map(lambda n: b'{"value": %d}' % n)
FAILING_LINES = st.sampled_from([b'{"value": 0}', b'{"value": "text"}', b"{}"])
MALFORMED_LINES = st.sampled_from(
    [b"no", b"[]", b'{"value": \xff}', b"{", b'{"value":' + b"1" * 99]
)
UNWRITABLE_LINES = st.just(b'{"value": 5, "odd": true}')
LINES = st.one_of(GOOD_LINES, FAILING_LINES, MALFORMED_LINES, UNWRITABLE_LINES, st.just(b""))


def some_unwritable() -> dict[str, Any]:
    config = divider()
    config["states"][0]["transform"] = (
        "lambda s: {**s.data, 'share': 12 / s.data['value'],"
        " 'set': {1} if s.data.get('odd') else None}"
    )
    return config


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    lines=st.lists(LINES, max_size=40),
    chunk_size=st.integers(1, 12),
    both=st.booleans(),
    final=st.sampled_from([b"", b"\n"]),
)
def test_every_record_comes_out_exactly_once(
    lines: list[bytes], chunk_size: int, both: bool, final: bytes, tmp_path: Path
) -> None:
    source, dead = tmp_path / "in.jsonl", tmp_path / "dead.jsonl"
    dead.unlink(missing_ok=True)
    source.write_bytes(b"\n".join(lines) + final)
    sinks = {"output": tmp_path / "a.jsonl", "negative": tmp_path / "b.jsonl" if both else None}

    result = blocking_stream(
        some_unwritable(), source, sinks, chunk_size=chunk_size, dead_letters=dead
    )

    written = [record for path in sinks.values() if path for record in lines_of(path)]
    letters = lines_of(dead)
    check_sums(result, written=len(written), letters=len(letters))
    assert result.total_records == len([line for line in lines if line])
    assert [letter["position"]["record"] for letter in letters] == sorted(
        letter["position"]["record"] for letter in letters
    )
    data = source.read_bytes()
    for letter in letters:
        at = letter["position"]["offset"]
        line = data[at:].split(b"\n")[0]
        kept = letter.get("original_base64")
        original = base64.b64decode(kept) if kept else letter["original"].encode()
        assert line == original
        assert data[:at].count(b"\n") + 1 == letter["position"]["line"]
