"""Tests of replays: what failed goes once more through a machine that has been mended."""

from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statepipe import (
    ReplayResult,
    SimpleFSM,
    SinkError,
    SourceError,
    StreamConfig,
    UsageError,
    replay,
)
from statepipe.record import DataHandlingMode
from tests.streaming.streams import lines_of, on_workers, write_lines

MENDED = "lambda s: {**s.data, 'share': 12 / (s.data['value'] or 1)}"


def divider(transform: str = "lambda s: {**s.data, 'share': 12 / s.data['value']}") -> Any:
    """Return a machine that cannot do zero, unless it is mended, and no text."""
    return {
        "name": "Divider",
        "states": [
            {"name": "input", "is_start": True, "transform": transform},
            {"name": "output", "is_end": True},
            {"name": "negative", "is_end": True},
        ],
        "arcs": [
            {"from": "input", "to": "negative", "condition": "data['value'] < 0"},
            {"from": "input", "to": "output"},
        ],
    }


def mended() -> Any:
    return divider(MENDED)


RECORDS: list[dict[str, Any]] = [
    {"id": 0, "value": 3},
    {"id": 1, "value": 0},
    {"id": 2, "value": "x"},
    {"id": 3, "value": 0},
    {"id": 4},
]


def check_counts(result: ReplayResult) -> None:
    assert result.letters == result.fixed + result.same + result.new + result.not_replayable
    assert result.not_replayable == sum(result.obstacles.values())
    assert result.fixed == sum(result.by_state.values())
    assert dict(result)["fixed"] == result["fixed"] == result.fixed


def run_divider(folder: Path, records: list[dict[str, Any]] = RECORDS, **options: Any) -> Path:
    """Run the broken machine; return its dead letters."""
    source = write_lines(folder / "in.jsonl", records)
    SimpleFSM(divider()).process_stream(source, folder / "out.jsonl", **options)
    return folder / "out.dead.jsonl"


def test_a_replay_writes_what_is_fixed_and_keeps_the_rest(tmp_path: Path, parallelism: int) -> None:
    dead, fixed = run_divider(tmp_path), tmp_path / "fixed.jsonl"

    result = replay(mended(), dead, fixed, stream_config=on_workers(parallelism, chunk_size=2))
    left = lines_of(tmp_path / "fixed.dead.jsonl")

    check_counts(result)
    assert (result.letters, result.fixed, result.same, result.new) == (4, 2, 2, 0)
    assert [record["id"] for record in lines_of(fixed)] == [1, 3]
    assert [json.loads(letter["original"])["id"] for letter in left] == [2, 4]
    assert result.dead_letters == str(tmp_path / "fixed.dead.jsonl")
    assert {letter["attempts"] for letter in left} == {2}


def test_letters_of_a_replay_tell_of_the_first_source(tmp_path: Path) -> None:
    dead = run_divider(tmp_path)
    before = {letter["original"]: letter for letter in lines_of(dead)}

    result = replay(mended(), dead, tmp_path / "fixed.jsonl")

    for after in lines_of(tmp_path / "fixed.dead.jsonl"):
        known = before[after["original"]]
        kept = ("source", "position", "format", "kept", "machine", "machines", "role", "message")
        assert [after[key] for key in kept] == [known[key] for key in kept]
        assert after["config_hash"] != known["config_hash"]
    assert [error.position.index for error in result.errors] == [2, 4]


def test_attempts_add_up_over_replays_and_retries(tmp_path: Path) -> None:
    dead = run_divider(tmp_path)
    retrying = StreamConfig(retry_on_error=True, max_retries=2)

    for number in range(3):
        config = retrying if number == 1 else None
        replay(divider(), dead, tmp_path / f"{number}.jsonl", stream_config=config)
        dead = tmp_path / f"{number}.dead.jsonl"

    assert {letter["attempts"] for letter in lines_of(dead)} == {1 + 1 + 3 + 1}


def test_a_config_that_was_not_changed_is_told(tmp_path: Path) -> None:
    dead = run_divider(tmp_path)

    same = replay(divider(), dead)
    other = replay(mended(), dead)

    assert (same.same, same.new, same.unchanged_config) == (4, 0, 4)
    assert (other.same, other.new, other.unchanged_config) == (2, 0, 0)


def test_another_error_is_new(tmp_path: Path) -> None:
    dead = run_divider(tmp_path)

    result = replay(divider("lambda s: {**s.data, 'share': s.data['other']}"), dead)

    check_counts(result)
    assert (result.same, result.new) == (0, 4)


def test_without_a_sink_a_replay_is_a_trial(tmp_path: Path) -> None:
    dead = run_divider(tmp_path)
    before = sorted((path.name, path.read_bytes()) for path in tmp_path.iterdir())

    result = replay(mended(), dead)

    check_counts(result)
    assert (result.fixed, result.dead_letters) == (2, None)
    assert sorted((path.name, path.read_bytes()) for path in tmp_path.iterdir()) == before


# -- what cannot be replayed -----------------------------------------------------------------


def test_what_is_no_letter_of_this_machine_is_counted_and_kept(tmp_path: Path) -> None:
    dead = run_divider(tmp_path)
    text = dead.read_bytes()
    foreign = text.splitlines(keepends=True)[0].replace(b'"Divider"', b'"Multiplier"')
    dead.write_bytes(text + b"\n" + foreign + b'{"version": 1, "torn')

    result = replay(mended(), dead, tmp_path / "fixed.jsonl")
    left = (tmp_path / "fixed.dead.jsonl").read_bytes().splitlines(keepends=True)

    check_counts(result)
    assert (result.letters, result.fixed, result.same) == (6, 2, 2)
    assert result.obstacles == {"other_machine": 1, "no_letter": 1}
    assert left[2:] == [foreign, b'{"version": 1, "torn\n']


def test_of_an_oversized_record_there_is_only_the_head(tmp_path: Path) -> None:
    records = [{"id": 0, "value": 1, "text": "x" * 3000}]
    dead = run_divider(tmp_path, records, stream_config=StreamConfig(max_record_bytes=2000))
    letter = dead.read_bytes()

    result = replay(mended(), dead, tmp_path / "fixed.jsonl")

    assert json.loads(letter)["kept"] == "head"
    assert result.obstacles == {"head": 1}
    assert (tmp_path / "fixed.dead.jsonl").read_bytes() == letter
    assert not lines_of(tmp_path / "fixed.jsonl")


@pytest.mark.parametrize(
    ("record", "mode"),
    [
        ({"value": 0, "day": date(2024, 2, 29)}, DataHandlingMode.COPY),
        ({"value": 0}, DataHandlingMode.REFERENCE),
    ],
)
def test_an_iterators_record_that_may_be_another_now_is_not_replayed(
    record: dict[str, Any], mode: DataHandlingMode, tmp_path: Path
) -> None:
    config = divider("lambda s: s.data.update(share=12 / s.data['value'])")
    dead = tmp_path / "dead.jsonl"
    SimpleFSM(config, data_mode=mode).process_stream([record], dead_letters=dead)

    assert replay(mended(), dead).obstacles == {"inexact": 1}


def test_an_iterators_record_is_replayed_exactly(tmp_path: Path) -> None:
    record = {"value": 0, "big": 2**70, "half": "\ud800", "list": [1.5, None, {"a": True}]}
    dead = tmp_path / "dead.jsonl"
    SimpleFSM(divider()).process_stream([record], dead_letters=dead)
    fixed: list[Any] = []

    result = replay(mended(), dead, fixed.append)

    assert result.fixed == 1
    assert fixed == [{**record, "share": 12.0}]


# -- files that are there ----------------------------------------------------------------------


def test_nothing_that_is_there_is_replaced_unless_told(tmp_path: Path) -> None:
    dead = run_divider(tmp_path)
    out = (tmp_path / "out.jsonl").read_bytes()

    with pytest.raises(UsageError, match=r"out\.jsonl is there already"):
        replay(mended(), dead, tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_bytes() == out
    (tmp_path / "fixed.dead.jsonl").write_text("mine")
    with pytest.raises(UsageError, match=r"fixed\.dead\.jsonl is there already"):
        replay(mended(), dead, tmp_path / "fixed.jsonl")
    result = replay(mended(), dead, tmp_path / "fixed.jsonl", overwrite=True)

    assert result.fixed == 2
    assert len(lines_of(tmp_path / "fixed.dead.jsonl")) == 2


def test_an_end_states_own_sink_in_the_config_is_not_replaced_either(tmp_path: Path) -> None:
    dead, own = run_divider(tmp_path), tmp_path / "own.jsonl"
    own.write_text("the run's\n")
    config = mended()
    config["states"][1]["sink"] = str(own)

    with pytest.raises(UsageError, match=r"own\.jsonl is there already"):
        replay(config, dead, tmp_path / "fixed.jsonl")
    assert own.read_text() == "the run's\n"


@pytest.mark.parametrize("overwrite", [False, True])
def test_the_letters_themselves_are_replaced_in_place_only(tmp_path: Path, overwrite: bool) -> None:
    dead, fixed = run_divider(tmp_path), tmp_path / "fixed.jsonl"
    before = dead.read_bytes()

    with pytest.raises(UsageError, match="the new dead letters would replace the old ones"):
        replay(mended(), dead, fixed, new_dead_letters=dead, overwrite=overwrite)
    with pytest.raises(UsageError, match="the sink is the file of dead letters itself"):
        replay(mended(), dead, dead, overwrite=overwrite)
    with pytest.raises(UsageError, match="the sink is the file of dead letters itself"):
        replay(mended(), dead, dead, in_place=True, overwrite=overwrite)
    assert dead.read_bytes() == before


def test_in_place_what_is_not_fixed_replaces_the_letters(tmp_path: Path) -> None:
    dead = run_divider(tmp_path)

    first = replay(mended(), dead, tmp_path / "first.jsonl", in_place=True)
    second = replay(mended(), dead, tmp_path / "second.jsonl", in_place=True)
    tolerant = divider("lambda s: {**s.data, 'value': 1}")
    third = replay(tolerant, dead, tmp_path / "third.jsonl", in_place=True)

    assert [result.letters for result in (first, second, third)] == [4, 2, 2]
    assert [result.fixed for result in (first, second, third)] == [2, 0, 2]
    assert dead.read_bytes() == b""
    assert replay(tolerant, dead).letters == 0


def test_in_place_needs_somewhere_for_what_is_fixed(tmp_path: Path) -> None:
    dead = run_divider(tmp_path)

    with pytest.raises(UsageError, match="in_place without a sink"):
        replay(mended(), dead, in_place=True)
    with pytest.raises(UsageError, match="name no other"):
        replay(mended(), dead, in_place=True, new_dead_letters=tmp_path / "x.jsonl")


def test_a_sink_that_breaks_leaves_the_letters_as_they_were(tmp_path: Path) -> None:
    dead = run_divider(tmp_path)
    before = dead.read_bytes()

    with pytest.raises(SinkError):
        replay(mended(), dead, "/dev/full", output_format="jsonl", in_place=True)
    assert dead.read_bytes() == before


def test_an_empty_file_has_no_letters_and_a_missing_one_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()

    assert replay(mended(), tmp_path / "empty.jsonl").letters == 0
    with pytest.raises(SourceError, match="there is no file"):
        replay(mended(), tmp_path / "nix.jsonl")
    with pytest.raises(UsageError, match="must be a path, not 5"):
        replay(mended(), 5)  # type: ignore[arg-type]


def test_an_option_that_no_file_heeds_is_refused(tmp_path: Path) -> None:
    dead = run_divider(tmp_path)

    with pytest.raises(UsageError, match="csv_delimiter"):
        replay(mended(), dead, tmp_path / "fixed.jsonl", csv_delimiter=";")
    replay(mended(), dead, tmp_path / "fixed.csv", csv_delimiter=";")
    assert (tmp_path / "fixed.csv").read_text() == "id;value;share\n1;0;12.0\n3;0;12.0\n"


# -- pipelines ---------------------------------------------------------------------------------


def passing(name: str, transform: str) -> Any:
    return {**divider(transform), "name": name}


def test_letters_of_a_pipeline_are_replayed_by_the_pipeline(tmp_path: Path) -> None:
    doubler = SimpleFSM(passing("Doubler", "lambda s: {**s.data, 'value': s.data['value'] * 2}"))
    source = write_lines(tmp_path / "in.jsonl", RECORDS)
    (doubler | SimpleFSM(divider())).process_stream(source, tmp_path / "out.jsonl")
    dead = tmp_path / "out.dead.jsonl"

    alone = replay(mended(), dead)
    whole = replay(doubler | SimpleFSM(mended()), dead, tmp_path / "fixed.jsonl")

    assert alone.obstacles == {"other_machine": 4}
    assert [letter["machine"] for letter in lines_of(dead)] == [
        "Divider",
        "Doubler",
        "Divider",
        "Doubler",
    ]
    assert (whole.fixed, whole.same, whole.new) == (2, 2, 0)
    assert [record["id"] for record in lines_of(tmp_path / "fixed.jsonl")] == [1, 3]


# -- every kind of source ------------------------------------------------------------------------


def text_machine(accept: str) -> Any:
    return {
        "name": "Texts",
        "states": [
            {"name": "input", "is_start": True, "validators": [accept]},
            {"name": "output", "is_end": True},
        ],
        "arcs": [{"from": "input", "to": "output"}],
    }


SOURCES: list[tuple[str, bytes, dict[str, Any], list[Any]]] = [
    ("a.jsonl", b'\xef\xbb\xbf{"a": "1"}\n\n{"a": "no"}\r\n', {}, [{"a": "no"}]),
    ("a.json", b'[{"a": "1"},\n {"a":\n "no"}]', {}, [{"a": "no"}]),
    ("a.csv", b'a,b\n1,2\nno,"x\ny"\n', {}, [{"a": "no", "b": "x\ny"}]),
    ("a.tsv", b"a\tb\nno\t \n", {}, [{"a": "no", "b": " "}]),
    ("b.csv", b"a;b\nno;,\n", {"csv_delimiter": ";"}, [{"a": "no", "b": ","}]),
    (
        "c.csv",
        b"no,1\n",
        {"csv_has_header": False},
        [{"column_1": "no", "column_2": "1"}],
    ),
    ("a.txt", b"1\n  no \r\n", {"text_field_name": "a"}, [{"a": "  no "}]),
    ("a.jsonl.gz", gzip.compress(b'{"a": "no"}\n'), {}, [{"a": "no"}]),
    ("b.csv.gz", gzip.compress(b"a,b\nno,2\n"), {}, [{"a": "no", "b": "2"}]),
]


@pytest.mark.parametrize(("name", "data", "options", "expected"), SOURCES)
def test_originals_are_decoded_as_their_source_was(
    name: str,
    data: bytes,
    options: dict[str, Any],
    expected: list[Any],
    tmp_path: Path,
    parallelism: int,
) -> None:
    (tmp_path / name).write_bytes(data)
    dead, config = tmp_path / "dead.jsonl.gz", on_workers(parallelism)
    refuse = text_machine("lambda s: 'no' not in str(s.data)")
    SimpleFSM(refuse).process_stream(
        tmp_path / name, dead_letters=dead, stream_config=config, **options
    )
    fixed: list[Any] = []

    result = replay(text_machine("lambda s: True"), dead, fixed.append, stream_config=config)

    assert fixed == expected
    assert result.fixed == result.letters == 1


def test_bytes_that_are_not_utf8_fail_again_with_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_bytes(b"good\n\xff\xfe\n")
    dead = tmp_path / "dead.jsonl"
    machine = text_machine("lambda s: True")
    SimpleFSM(machine).process_stream(tmp_path / "in.txt", dead_letters=dead)

    result = replay(machine, dead, tmp_path / "fixed.jsonl")
    left = lines_of(tmp_path / "fixed.dead.jsonl")

    assert (result.same, result.fixed) == (1, 0)
    assert base64.b64decode(left[0]["original_base64"]) == b"\xff\xfe"


# -- the whole, as a property ------------------------------------------------------------------

values = st.none() | st.integers(-3, 3) | st.text(max_size=2) | st.lists(st.integers(), max_size=1)
records = st.dictionaries(st.sampled_from(["value", "other"]), values)
odd = st.sampled_from(
    [b"", b" ", b"{", b"[1]", b"\xff", b'{"value": "\xc3"}', b'{"a":' + b"1" * 300]
)
inputs = st.lists(records | odd, max_size=12)

BROKEN_AND_MENDED = [
    ("lambda s: {**s.data, 'share': 12 / s.data['value']}", MENDED),
    ("lambda s: s.data if s.data['value'] else 1 / 0", "lambda s: s.data"),
    (
        "lambda s: {**s.data, 'first': s.data['other'][0]}",
        "lambda s: {**s.data, 'first': (s.data.get('other') or [None])[0]}",
    ),
    ("lambda s: {**s.data, 'value': -1} if s['value'] < 0 else 1 / 0", "{**data, 'value': -1}"),
]
"""Both give the same where the broken one gives anything."""

configs = st.builds(
    StreamConfig,
    chunk_size=st.integers(1, 5),
    parallelism=st.sampled_from([1, 1, 1, 1, 1, 1, 1, 2]),
    max_record_bytes=st.just(200),
)


def line_of(number: int, drawn: Any) -> bytes:
    """Return a line of input; what is a record knows its number."""
    return drawn if isinstance(drawn, bytes) else json.dumps({"id": number, **drawn}).encode()


def ids_of(path: Path) -> list[int]:
    return [record["id"] for record in lines_of(path)]


@given(inputs, st.sampled_from(BROKEN_AND_MENDED), configs, configs)
@settings(max_examples=60, deadline=None)
def test_a_run_and_a_replay_give_what_the_mended_machine_gives_of_all(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: list[Any],
    transforms: tuple[str, str],
    first: StreamConfig,
    second: StreamConfig,
) -> None:
    folder = tmp_path_factory.mktemp("replay")
    ran, replayed, whole = (folder / f"{name}.jsonl" for name in ("ran", "replayed", "whole"))
    texts = [line_of(number, one) for number, one in enumerate(drawn)]
    (folder / "in.jsonl").write_bytes(b"".join(text + b"\n" for text in texts))
    broken, fixed = (SimpleFSM(divider(transform)) for transform in transforms)
    run = broken.process_stream(folder / "in.jsonl", ran, stream_config=first)
    expected = fixed.process_stream(folder / "in.jsonl", whole, stream_config=first)

    if run.failed:
        result = replay(fixed, folder / "ran.dead.jsonl", replayed, stream_config=second)

        check_counts(result)
        assert result.letters == run.failed
        assert result.letters - result.fixed == expected.failed
    both = lines_of(ran) + lines_of(replayed)
    assert Counter(map(json.dumps, both)) == Counter(map(json.dumps, lines_of(whole)))
    assert ids_of(ran) == sorted(ids_of(ran))
    assert ids_of(replayed) == sorted(ids_of(replayed))


@given(inputs, configs)
@settings(max_examples=30, deadline=None)
def test_what_is_never_fixed_is_never_lost(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[Any], config: StreamConfig
) -> None:
    folder = tmp_path_factory.mktemp("attempts")
    texts = [line_of(number, one) for number, one in enumerate(drawn)]
    (folder / "in.jsonl").write_bytes(b"".join(text + b"\n" for text in texts))
    refuse = SimpleFSM(divider("lambda s: 1 / 0"))
    first = dead = folder / "0.jsonl"
    refuse.process_stream(folder / "in.jsonl", dead_letters=dead, stream_config=config)

    for number in range(1, 4 if first.exists() else 1):
        after = folder / f"{number}.jsonl"
        replay(refuse, dead, new_dead_letters=after, stream_config=config)
        dead = after

    kept = [(letter.pop("attempts"), letter) for letter in lines_of(dead)]
    known = [(letter.pop("attempts"), letter) for letter in lines_of(first)]
    assert [letter for _, letter in kept] == [letter for _, letter in known]
    heads = [letter["kept"] == "head" for _, letter in kept]
    assert [attempts for attempts, _ in kept] == [1 if head else 4 for head in heads]
