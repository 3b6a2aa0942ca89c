"""Tests of `statepipe dead`."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from statepipe.cli.main import main
from statepipe.errors import Place, Span
from tests.letters.samples import letter

PLACE = Place("states[1]", "flow.yaml", 7, 6)
PRICE = letter(
    b'{"id":1}',
    place=PLACE,
    span=Span(PLACE, "  x: d['price']", 5, 15),
    hint="use .get",
    record="{'id': 1}",
).to_line()
MALFORMED = letter(
    b"\xffx", role="read", error_type="MalformedRecord", state=None, path=(), message="no JSON"
).to_line()


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_causes_are_told_the_largest_first(capsys: pytest.CaptureFixture[str]) -> None:
    Path("my dead.jsonl").write_bytes(MALFORMED + PRICE + PRICE)

    code = main(["dead", "my dead.jsonl"])

    assert code == 0
    assert capsys.readouterr().out == (
        "3 dead letters in my dead.jsonl, of 2 causes\n"
        "\n"
        "2 × enrich: KeyError: 'price'\n"
        "    flow.yaml:7:6\n"
        "    7 |   x: d['price']\n"
        "      |      ^^^^^^^^^^\n"
        "    first:  record 42, line 43, byte 900 of in.jsonl\n"
        "    record: {'id': 1}\n"
        "    help:   use .get\n"
        "    see:    statepipe dead 'my dead.jsonl' --show 2\n"
        "\n"
        "1 × malformed: no JSON\n"
        "    first:  record 42, line 43, byte 900 of in.jsonl\n"
        "    see:    statepipe dead 'my dead.jsonl' --show 1\n"
    )


def test_one_letter_is_told_as_a_compiler_would(capsys: pytest.CaptureFixture[str]) -> None:
    Path("dead.jsonl").write_bytes(MALFORMED + b"\n" + PRICE)

    code = main(["dead", "dead.jsonl", "--show", "2"])

    assert code == 0
    assert capsys.readouterr().out == (
        "flow.yaml:7:6: KeyError: 'price'\n"
        "    7 |   x: d['price']\n"
        "      |      ^^^^^^^^^^\n"
        "    where:    transform, state 'enrich'\n"
        "    path:     in -> enrich\n"
        "    record:   {'id': 1}\n"
        "    position: record 42, line 43, byte 900\n"
        "    help:     use .get\n"
        "    source:   in.jsonl\n"
        "    machine:  Shop, config abc\n"
        "    attempts: 1\n"
        "\n"
        "original (whole, 8 bytes):\n"
        '    {"id":1}\n'
    )


def test_what_a_letter_holds_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    nasty = letter(b"a\x1b[2J\r\n\tb\xff", message="\x1b[31m", record="\x07", hint="\x1b]0;")
    Path("dead.jsonl").write_bytes(nasty.to_line())

    main(["dead", "dead.jsonl"])
    main(["dead", "dead.jsonl", "--show", "1"])
    told = capsys.readouterr().out

    assert "\x1b" not in told and "\x07" not in told
    assert told.endswith("original (whole, 10 bytes):\n    a\\x1b[2J\\r\n    \tb\\xff\n")


def test_lines_that_are_no_letters_are_told_and_make_exit_code_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("dead.jsonl").write_bytes(PRICE + b"\n" + b"{}\n" * 12 + PRICE[:50])

    code = main(["dead", "dead.jsonl"])
    told = capsys.readouterr().out

    assert code == 1
    assert told.startswith("1 dead letter in dead.jsonl, of 1 cause\n")
    assert "\n13 lines that are no dead letters:\n    dead.jsonl:3: it has no 'version'\n" in told
    assert told.endswith("    dead.jsonl:12: it has no 'version'\n    and 3 more\n")
    assert main(["dead", "dead.jsonl", "--show", "14"]) == 1
    assert "dead.jsonl:15: it is no JSON" in capsys.readouterr().err


def test_a_number_that_is_not_there_says_how_many_are(capsys: pytest.CaptureFixture[str]) -> None:
    Path("dead.jsonl").write_bytes(PRICE)

    assert main(["dead", "dead.jsonl", "--show", "2"]) == 2
    assert capsys.readouterr().err == "error: --show 2: dead.jsonl holds 1 dead letter\n"


def test_an_empty_file_and_a_missing_one_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("dead.jsonl").touch()

    assert main(["dead", "dead.jsonl"]) == 0
    assert capsys.readouterr().out == "dead.jsonl holds no dead letters: it is empty\n"
    assert main(["dead", "dad.jsonl"]) == 3
    assert "there is no file dad.jsonl" in capsys.readouterr().err


def test_json_is_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    Path("dead.jsonl").write_bytes(PRICE + MALFORMED + PRICE + b"{}\n")

    assert main(["dead", "dead.jsonl", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["letters"], told["others"], told["problems"][0]["line"]) == (3, 1, 4)
    assert [(group["count"], group["number"]) for group in told["groups"]] == [(2, 1), (1, 2)]
    assert told["groups"][0]["first"] == json.loads(PRICE)
    assert main(["dead", "dead.jsonl", "--show", "2", "--json"]) == 0
    assert capsys.readouterr().out.encode() == MALFORMED


def test_a_compressed_file_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    Path("dead.jsonl.gz").write_bytes(gzip.compress(PRICE))

    assert main(["dead", "dead.jsonl.gz"]) == 0
    assert capsys.readouterr().out.startswith("1 dead letter in dead.jsonl.gz")
