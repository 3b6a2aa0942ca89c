"""Tests of the closing summary."""

from __future__ import annotations

import signal

import click

from statepipe.cli.ending import Ending
from statepipe.cli.request import EndState, Options, Request, request_of
from statepipe.cli.summary import summary
from statepipe.errors import RecordError
from statepipe.record import Position
from statepipe.run.progress import FailureGroup, Progress


def request_for(source: str = "in.jsonl", *ends: str) -> Request:
    states = [EndState(name, True, None) for name in ends or ("done",)]
    return request_of(Options("flow.yaml", source, output="out.jsonl"), states)


def group(number: int, count: int = 1) -> FailureGroup:
    error = RecordError(f"failure {number}", role="transform", error_type="X", state="work")
    error.position = Position(number, number * 10, number + 1)
    return FailureGroup(count, error, number)


def lines_of(request: Request, *groups: FailureGroup, total: int = 100) -> list[str]:
    """Return the summary of an interrupted run."""
    failed = sum(group.count for group in groups)
    seen = Progress(
        1, total, total - failed, failed, {"done": total - failed}, (), 0, None, 1.0, 0, 0.0, groups
    )
    return [click.unstyle(line) for line in summary(request, Ending(seen, signal=signal.SIGINT))]


def test_the_numbers_add_up() -> None:
    lines = lines_of(request_for("in.jsonl", "done", "rest"), group(0, 7))

    assert lines[2:6] == ["  done     93", "  rest      0", "  failed    7", "  total   100"]


def test_no_records_have_no_rate() -> None:
    assert lines_of(request_for(), total=0)[0] == "0 records in 1.0 s"


def test_an_end_state_that_the_flow_does_not_know_is_counted_as_well() -> None:
    lines = lines_of(request_for("in.jsonl", "other"))

    assert lines[2:] == ["  other     0", "  done    100", "  failed    0", "  total   100"]


def test_workers_that_died_are_told_of() -> None:
    seen = Progress(1, 9, 9, 0, {"done": 9}, (), 0, None, 1.0, 0, 0.0, workers_replaced=4)
    lines = summary(request_for(), Ending(seen, signal=signal.SIGINT))

    assert click.unstyle(lines[-1]) == "4 workers died and were replaced"


def test_one_worker_that_died_was_replaced() -> None:
    seen = Progress(1, 9, 9, 0, {"done": 9}, (), 0, None, 1.0, 0, 0.0, workers_replaced=1)
    lines = summary(request_for(), Ending(seen, signal=signal.SIGINT))

    assert click.unstyle(lines[-1]) == "1 worker died and was replaced"


def test_more_groups_than_five_are_summed_up() -> None:
    lines = lines_of(request_for(), *[group(number, 10 - number) for number in range(8)])

    assert len([line for line in lines if " × " in line]) == 5
    assert lines[-1] == "and 12 records that failed in 3 other ways"


def test_one_more_group_is_not_called_ways() -> None:
    lines = lines_of(request_for(), *[group(number) for number in range(6)])

    assert lines[-1] == "and 1 record that failed in 1 other way"


def test_the_command_quotes_the_source_s_name() -> None:
    lines = lines_of(request_for("my in.jsonl"), group(3))

    assert lines[-2:] == [
        "    first:  record 4, line 4, byte 30 of my in.jsonl",
        "    see:    sed -n 4p 'my in.jsonl'",
    ]


def test_a_source_that_has_no_line_for_each_record_gets_no_command() -> None:
    for source in ("in.json", "in.json.gz", "-"):
        assert not [line for line in lines_of(request_for(source), group(3)) if "see:" in line]


def test_a_compressed_source_is_unpacked_for_its_line() -> None:
    lines = lines_of(request_for("in.jsonl.gz"), group(3))

    assert lines[-1] == "    see:    gzip -dc in.jsonl.gz | sed -n 4p"


def test_names_and_messages_cannot_steer_the_terminal() -> None:
    request = request_for("in\x1b[2J.jsonl", "en\x1b[2Jd")
    error = RecordError(
        "\x1b[2J", role="transform", error_type="X", state="\x1b[2J", hint="\x1b[2J"
    )

    lines = lines_of(request, FailureGroup(1, error, 0))

    assert "\x1b" not in "".join(lines)
