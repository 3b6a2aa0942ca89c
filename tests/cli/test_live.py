"""Tests of the live view: its picture as text, and real runs on a pseudo-terminal."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import shlex
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from statepipe.cli.live import drawn
from statepipe.cli.request import EndState, Options, Request, request_of
from statepipe.errors import RecordError
from statepipe.run.progress import FailureGroup, Progress
from tests.cli.shop import (
    BAD,
    COMMAND,
    GOOD,
    default_signals,
    environment,
    write_shop,
    write_slow_flow,
)

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def request_for(folder: Path, *ends: str) -> Request:
    source = folder / "in.jsonl"
    source.write_text("x" * 1000)
    options = Options("flow.yaml", str(source), output="out.jsonl")
    return request_of(options, [EndState(name, True, None) for name in ends])


def progress(**changes: object) -> Progress:
    usual = {
        "chunks_processed": 4,
        "records_processed": 1500,
        "successful": 1300,
        "failed": 200,
        "by_state": {"done": 1300},
        "errors": (),
        "bytes_processed": 250,
        "total_bytes": 1000,
        "elapsed_time": 10.0,
        "in_flight": 0,
        "paused_s": 0.0,
    }
    return Progress(**{**usual, **changes})  # type: ignore[arg-type]  # as given


def picture(request: Request, seen: Progress | None, width: int = 60) -> list[str]:
    """Return the lines of the view as a terminal of `width` shows them."""
    console = Console(file=io.StringIO(), width=width, height=20, color_system=None)
    with console.capture() as capture:
        console.print(drawn(request, "Shop", seen, 12.34, 85.6))
    text = capture.get().replace(str(Path(request.source_name).parent), "")
    return [line.rstrip() for line in text.splitlines()]


def test_the_picture_shows_where_a_run_stands(tmp_path: Path) -> None:
    error = RecordError("KeyError: 'price'", role="transform", error_type="KeyError", state="price")
    groups = (FailureGroup(200, error, 0),)

    lines = picture(request_for(tmp_path, "done", "rest"), progress(failure_groups=groups), 200)

    assert lines[0] == "Shop  /in.jsonl → out.jsonl"
    assert re.fullmatch(r"━+╸?╺?━+ +25% +30 s left", lines[1])
    assert lines[2:] == [
        "1,500 records · 150/s · 12 s · 86 MB",
        "",
        "done    1,300",
        "rest        0",
        "failed    200",
        "  200 × price: KeyError: 'price'",
    ]


def test_the_picture_before_the_first_chunk_has_the_same_form(tmp_path: Path) -> None:
    lines = picture(request_for(tmp_path, "done"), None, 200)

    assert lines[1].split()[-1] == "0%"
    assert lines[2:] == ["0 records · 0.0/s · 12 s · 86 MB", "", "done    0", "failed  0"]


def test_without_a_known_size_there_is_no_bar() -> None:
    request = request_of(Options("flow.yaml", "-", output="-"), [EndState("done", True, None)])

    lines = picture(request, progress(total_bytes=None, in_flight=30))

    assert lines[:2] == [
        "Shop  standard input → standard output",
        "1,500 records · 150/s · 12 s · 86 MB · 30 under way",
    ]


def test_the_picture_tells_what_holds_a_run_up(tmp_path: Path) -> None:
    seen = progress(in_flight=30, in_flight_bytes=3 * 1024 * 1024, paused_s=61.0, chunk_size=25)
    lines = picture(request_for(tmp_path, "done"), seen, 200)

    assert lines[2:4] == [
        "1,500 records · 150/s · 12 s · 86 MB · 30 under way · 3 MB in queues",
        "reading paused for 1 min 01 s · little memory: chunks of 25",
    ]
    calm = picture(request_for(tmp_path, "done"), progress(paused_s=0.9, chunk_size=100), 200)
    assert calm[2:4] == ["1,500 records · 150/s · 12 s · 86 MB", ""]


def test_many_end_states_are_summed_up(tmp_path: Path) -> None:
    names = [f"end {number}" for number in range(20)]
    seen = progress(by_state=dict.fromkeys(names, 10), failed=0)

    lines = picture(request_for(tmp_path, *names), seen)

    assert lines[-3:] == ["end 11  10", "8 more  80", "failed   0"]


@pytest.mark.parametrize("width", [10, 24, 80])
def test_no_line_is_wider_than_the_terminal(tmp_path: Path, width: int) -> None:
    error = RecordError("text " * 50, role="transform", error_type="X", state="s" * 50)
    seen = progress(failure_groups=(FailureGroup(1, error, 0),), by_state={"e" * 90: 1})

    lines = picture(request_for(tmp_path, "e" * 90), seen, width)

    assert max(map(len, lines)) <= width


def test_names_cannot_steer_the_terminal() -> None:
    evil = "\x1b[2J[bold]end"
    request = request_of(Options("flow.yaml", "-", output="-"), [EndState(evil, True, None)])

    lines = picture(request, progress(by_state={evil: 7}))

    assert lines[-2] == r"\x1b[2J[bold]end    7"


# -- on a terminal -------------------------------------------------------------------------


def take_terminal() -> None:
    default_signals()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def on_terminal(
    folder: Path,
    *arguments: str,
    size: tuple[int, int] = (24, 80),
    keys: bytes = b"",
    command: Sequence[str] = COMMAND,
    **env: str,
) -> tuple[int, str]:
    """Run the command on a terminal of `size` rows and columns; return its code and its output.

    `keys` are typed after one second.
    """
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    process = subprocess.Popen(
        [*command, *arguments],
        cwd=folder,
        env=environment(**{"TERM": "xterm-256color", **env}),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
        preexec_fn=take_terminal,  # noqa: PLW1509 - Ctrl-C needs it
    )
    os.close(follower)
    if keys:
        time.sleep(2)
        os.write(leader, keys)
    output = b""
    try:
        while data := os.read(leader, 65536):
            output += data
    except OSError:
        pass  # what Linux gives at the end of a terminal
    os.close(leader)
    return process.wait(timeout=30), output.decode().replace("\r\n", "\n")


def test_a_terminal_sees_the_run_and_then_the_summary(tmp_path: Path) -> None:
    write_slow_flow(tmp_path, 1500)

    code, output = on_terminal(
        tmp_path, "run", "slow.yaml", "in.jsonl", "-o", "out.jsonl", "--trust"
    )
    shown, summary = output.rsplit("\x1b[?25h", 1)

    assert code == 0
    assert re.search(r"\d+%", shown)
    assert re.search(r"\d+\.\d s left", ESCAPES.sub("", shown))
    assert "in.jsonl → out.jsonl" in ESCAPES.sub("", shown)
    assert "1,500 records\x1b[0m in " in summary
    assert "done    1,500  → out.jsonl" in ESCAPES.sub("", summary)


def test_the_view_lives_while_a_chunk_takes_long_and_is_gone_afterwards(tmp_path: Path) -> None:
    write_slow_flow(tmp_path, 1000)

    _, output = on_terminal(
        tmp_path,
        *("run", "slow.yaml", "in.jsonl", "-o", "out.jsonl", "--trust", "--chunk-size", "1000"),
    )
    frames = ESCAPES.sub("", output).count("0 records · ")

    assert frames > 5
    assert "\x1b[1A\x1b[2K" in output.rsplit("\x1b[?25h", 1)[1]


def test_ctrl_c_typed_on_a_terminal_gives_the_cursor_back(tmp_path: Path) -> None:
    write_slow_flow(tmp_path)

    code, output = on_terminal(
        tmp_path, "run", "slow.yaml", "in.jsonl", "-o", "out.jsonl", "--trust", keys=b"\x03"
    )
    after = ESCAPES.sub("", output.rsplit("\x1b[?25h", 1)[1])

    assert code == 130
    assert "interrupted by Ctrl-C; nothing was put in place" in after
    assert "Traceback" not in output


@pytest.mark.parametrize("size", [(4, 20), (50, 200)])
def test_any_size_of_terminal_will_do(tmp_path: Path, size: tuple[int, int]) -> None:
    write_slow_flow(tmp_path, 500)

    code, output = on_terminal(
        tmp_path, "run", "slow.yaml", "in.jsonl", "-o", "o.jsonl", "--trust", size=size
    )
    live = output.split("\x1b[?25h")[0]

    assert code == 0
    assert max(map(len, ESCAPES.sub("", live).replace("\r", "\n").split("\n"))) <= size[1]


def test_no_color_is_respected(tmp_path: Path) -> None:
    write_shop(tmp_path, [*GOOD, *BAD])

    _, output = on_terminal(
        tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "out.jsonl", NO_COLOR="1"
    )

    assert re.search(r"\x1b\[[0-9;]*3[0-9]m", output) is None
    assert "1 × price: KeyError: 'quantity'" in output


def test_a_dumb_terminal_gets_no_escapes(tmp_path: Path) -> None:
    write_shop(tmp_path, [*GOOD, *BAD])

    _, output = on_terminal(
        tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "out.jsonl", TERM="dumb"
    )

    assert "\x1b" not in output
    assert output.startswith("3 records in ")


def test_quiet_shows_no_live_view(tmp_path: Path) -> None:
    write_shop(tmp_path)

    code, output = on_terminal(tmp_path, "run", "flow.yaml", "in.jsonl", "-o", "o.jsonl", "-q")

    assert (code, output) == (0, "")


def test_workers_run_under_the_live_view(tmp_path: Path) -> None:
    write_slow_flow(tmp_path, 1500)

    code, output = on_terminal(
        tmp_path, "run", "slow.yaml", "in.jsonl", "-o", "o.jsonl", "--trust", "--parallelism", "2"
    )

    assert code == 0
    assert "done    1,500  → o.jsonl" in ESCAPES.sub("", output)


@pytest.mark.parametrize("piped", ["", " | cat"])
def test_records_that_are_printed_on_the_terminal_are_not_wiped_out(
    piped: str, tmp_path: Path
) -> None:
    write_slow_flow(tmp_path, 1500)
    run = shlex.join([*COMMAND, "run", "slow.yaml", "in.jsonl", "-o", "-", "--trust"])
    code, output = on_terminal(tmp_path, f"{run}{piped}", command=["sh", "-c"])
    records, _, summary = output.partition("1,500 records")

    assert code == 0
    assert len(records.splitlines()) > 1500
    assert not re.search(r"\x1b\[[0-9;]*[A-K]", records)
    assert "done    1,500  → standard output" in ESCAPES.sub("", summary)


def test_records_that_are_typed_on_the_terminal_are_not_wiped_out(tmp_path: Path) -> None:
    write_shop(tmp_path)
    keys = b'{"id": 1, "price": 2, "quantity": 3}\n\x04'
    code, output = on_terminal(tmp_path, "run", "flow.yaml", "-", "-o", "none", keys=keys)

    assert code == 0
    assert not re.search(r"\x1b\[[0-9;]*[A-K]", output)
    assert "total   1" in ESCAPES.sub("", output)


def test_a_run_whose_records_go_to_a_file_by_redirection_is_still_seen(tmp_path: Path) -> None:
    write_slow_flow(tmp_path, 1500)
    run = shlex.join([*COMMAND, "run", "slow.yaml", "in.jsonl", "-o", "-", "--trust"])
    code, output = on_terminal(tmp_path, f"{run} > out.jsonl", command=["sh", "-c"])

    assert code == 0
    assert re.search(r"\x1b\[[0-9;]*A", output)
    assert (tmp_path / "out.jsonl").read_text().count("\n") == 1500
