"""Tests of `statepipe debug`: scripts, pipes, and a person at a real terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from statepipe.cli.debug import debugging
from statepipe.cli.debug_lines import numbered
from statepipe.cli.exits import ExitCode
from tests.cli.shop import COMMAND, environment, run_command, write_shop
from tests.cli.typing_terminal import Terminal
from tests.debugger.sessions import ORDERS, RECORD
from tests.run.sources import until

DATA = json.dumps(RECORD)
SLOW = """\
name: Slow
states:
  - name: work
    is_start: true
    transform: |
      def slow(state):
          import time
          for _ in range(3000):
              time.sleep(0.01)
          return state.data
  - {name: done, is_end: true}
arcs:
  - {from: work, to: done}
"""
ASYNC = """\
name: Waits
states:
  - name: work
    is_start: true
    transform: |
      async def wait(state):
          import asyncio
          await asyncio.sleep(state.get('seconds', 0))
          return {**state.data, 'waited': True}
  - {name: done, is_end: true}
arcs:
  - {from: work, to: done}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flow.yaml").write_text(ORDERS)
    return tmp_path


def script(folder: Path, *commands: str, data: str = DATA) -> subprocess.CompletedProcess[str]:
    (folder / "script.txt").write_text("".join(f"{each}\n" for each in commands))
    return run_command(folder, "debug", "flow.yaml", "--data", data, "--script", "script.txt")


# -- scripts -------------------------------------------------------------------------------


def test_a_script_is_obeyed_line_by_line_and_shown_with_its_answers(folder: Path) -> None:
    ended = script(folder, "# a comment", "", "break price", "continue", "edit price 1", "step")

    assert ended.stdout == (
        "▶ before order\n"
        "(order) break price\n"
        "● stands before price\n"
        "(order) continue\n"
        "step 1  order → price  by order->price\n"
        "  ran     validator  data.get('quantity', 0) > 0\n"
        "  arcs    ✓ order->price\n"
        "  record  as it was\n"
        "▶ before price  ● breakpoint\n"
        "(price) edit price 1\n"
        "  quantity: 4\n"
        "~ price: 80 → 1\n"
        "(price) step\n"
        "step 2  price → small  by price->small\n"
        "  ran     transform  {**data, 'total': data['quantity'] * data['price']}\n"
        "          condition  data['total'] >= 100\n"
        "  arcs    ✗ price->large\n"
        "          ✓ price->small\n"
        "  record  + total: 4\n"
        "✓ ended at small\n"
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_command_that_fails_names_its_line_and_ends_the_script(folder: Path) -> None:
    ended = script(folder, "step", "# no", "brake price", "step")

    assert ended.returncode == ExitCode.USAGE
    assert ended.stderr == (
        "error: script.txt:3: brake price: there is no command 'brake'; did you mean 'break'?\n"
    )
    assert ended.stdout.endswith("▶ before price\n(price) brake price\n")


def test_a_record_that_fails_does_not_fail_the_script(folder: Path) -> None:
    ended = script(folder, "continue", data='{"quantity": 1}')

    assert ended.returncode == 0
    assert "✗ failed at price\nflow.yaml:7:54: KeyError: 'price'\n" in ended.stdout


def test_quit_ends_a_script(folder: Path) -> None:
    ended = script(folder, "quit", "nonsense")

    assert (ended.returncode, ended.stdout) == (0, "▶ before order\n(order) quit\n")


def test_a_pipe_is_a_script(folder: Path) -> None:
    arguments = ["debug", "flow.yaml", "--data", DATA]
    ended = run_command(folder, *arguments, stdin="path\nnext\n")

    assert ended.returncode == ExitCode.USAGE
    assert ended.stdout.startswith("▶ before order\n(order) path\norder\n(order) next\n")
    assert ended.stderr.startswith("error: standard input:2: next: there is no command 'next'")


def test_a_script_may_come_from_standard_input(folder: Path) -> None:
    arguments = ["debug", "flow.yaml", "--data", DATA, "--script", "-"]

    assert run_command(folder, *arguments, stdin="path\n").stdout.endswith("(order) path\norder\n")


def test_lines_are_numbered_as_in_an_editor() -> None:
    lines = ["step\n", "\n", "# no\n", "  back  \n"]

    assert list(numbered(lines, "x")) == [("x:1", "step"), ("x:4", "back")]


# -- options -------------------------------------------------------------------------------


def test_the_record_may_come_from_a_file_or_from_standard_input(folder: Path) -> None:
    (folder / "record.json").write_text(DATA)
    (folder / "s.txt").write_text("record\n")
    of_file = ["debug", "flow.yaml", "--data", "@record.json", "--script", "s.txt"]
    of_input = ["debug", "flow.yaml", "--data", "-", "--script", "s.txt"]
    outputs = {
        run_command(folder, *of_file).stdout,
        run_command(folder, *of_input, stdin=DATA).stdout,
    }

    assert outputs == {"▶ before order\n(order) record\n  quantity: 4\n  price: 80\n"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "-"], "--data - takes standard input, which the commands come from; give"),
        (["--data", "-", "--script", "-"], "--data - takes standard input"),
        (["--data", "[1]"], "--data is no record: "),
        (["--data", "{}\n{}"], "one record is stepped at a time; for one line of a file: "),
        (["--data", "{}", "--script", "no.txt"], "--script no.txt: No such file or directory"),
        (["--data", "{}", "--script", "raw"], "--script raw is not UTF-8 at byte 0"),
        (["--data", "{}", "--state", "x"], "there is no state 'x'; the states are order, price"),
        ([], "missing option '--data'"),
    ],
)
def test_what_is_wrong_with_the_command_line_is_told(
    folder: Path, arguments: list[str], message: str
) -> None:
    (folder / "raw").write_bytes(b"\xff\n")
    ended = run_command(folder, "debug", "flow.yaml", *arguments, stdin="")

    assert (ended.returncode, ended.stdout) == (ExitCode.USAGE, "")
    assert message in ended.stderr


def test_a_record_enters_at_a_named_state(folder: Path) -> None:
    arguments = ["debug", "flow.yaml", "--data", DATA, "--state", "price"]

    assert run_command(folder, *arguments).stdout == "▶ before price\n"


def test_code_that_is_not_trusted_is_refused_until_it_is(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(ORDERS.replace("data.get('quantity', 0) > 0", "open"))
    arguments = ["debug", "flow.yaml", "--data", DATA]

    assert run_command(tmp_path, *arguments).returncode == ExitCode.USAGE
    assert run_command(tmp_path, *arguments, "--trust").returncode == 0


def test_an_async_flow_is_stepped_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(ASYNC)
    arguments = ["debug", "flow.yaml", "--data", "{}", "--trust"]
    ended = run_command(tmp_path, *arguments, stdin="step\nback\nfork\nstep\n")

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("record  + waited: True") == 2


def test_what_a_record_holds_does_not_steer_the_terminal(folder: Path) -> None:
    ended = script(folder, "show", data='{"quantity": 1, "\\u001b[2J": "\\u001b[31m"}')

    assert "\x1b" not in ended.stdout
    assert "\\x1b[2J: '\\x1b[31m'" in ended.stdout


def test_functions_are_set_up_once_and_torn_down_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "class Work:\n"
        "    def set_up(self): print('SET UP', flush=True)\n"
        "    def __call__(self, state): return {**state.data, 'worked': True}\n"
        "    def tear_down(self): print('TORN DOWN', flush=True)\n"
    )
    (tmp_path / "flow.yaml").write_text(
        ORDERS.replace(
            "validators: [\"data.get('quantity', 0) > 0\"]",
            "transform: {type: custom, module: mine, name: Work}",
        )
    )
    arguments = ["debug", "flow.yaml", "--data", DATA, "--trust"]
    ended = run_command(tmp_path, *arguments, stdin="step\nback\nfork\ncontinue\nsource\n")

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("SET UP") == ended.stdout.count("TORN DOWN") == 1
    assert ended.stdout.endswith("TORN DOWN\n")


# -- a person ------------------------------------------------------------------------------


@contextmanager
def terminal(folder: Path, *arguments: str, **env: str) -> Iterator[Terminal]:
    with Terminal([*COMMAND, "debug", *arguments], folder, environment(**env)) as opened:
        yield opened


def test_a_person_types_commands_and_mistakes(folder: Path) -> None:
    with terminal(folder, "flow.yaml", "--data", DATA, "--plain") as typed:
        typed.expect("(order) ")
        typed.type("stpe\n")
        typed.expect("error: there is no command 'stpe'; did you mean 'step'?")
        typed.type("step\n")
        typed.expect("▶ before price")
        typed.type("quit\n")

        assert typed.ended() == 0


def test_the_end_of_input_leaves(folder: Path) -> None:
    with terminal(folder, "flow.yaml", "--data", DATA, "--plain") as typed:
        typed.expect("(order) ")
        typed.type("\x04")

        assert typed.ended() == 0


def test_ctrl_c_at_the_prompt_leaves(folder: Path) -> None:
    with terminal(folder, "flow.yaml", "--data", DATA, "--plain") as typed:
        typed.expect("(order) ")
        typed.type("\x03")
        typed.expect("interrupted by Ctrl-C")

        assert typed.ended() == ExitCode.INTERRUPTED


@pytest.mark.parametrize("flow", [SLOW, ASYNC], ids=["blocking", "async"])
def test_ctrl_c_ends_a_step_and_the_record_stands_there_again(tmp_path: Path, flow: str) -> None:
    (tmp_path / "flow.yaml").write_text(flow)
    data = '{"seconds": 30}'
    with terminal(tmp_path, "flow.yaml", "--data", data, "--plain", "--trust") as typed:
        typed.expect("(work) ")
        typed.type("step\n")
        time.sleep(0.5)
        typed.type("\x03")
        typed.expect("interrupted: the record stands before 'work' again")
        typed.type("path\n")
        typed.expect("\nwork")
        typed.type("quit\n")

        assert typed.ended() == 0


def test_colours_are_shown_on_a_terminal_unless_they_are_unwanted(folder: Path) -> None:
    seen = []
    for env in ({}, {"NO_COLOR": "1"}):
        with terminal(folder, "flow.yaml", "--data", DATA, "--plain", **env) as typed:
            typed.expect("before ")
            typed.type("\x04")
            typed.ended()
            seen.append("\x1b[36m" in typed.raw)

    assert seen == [True, False]


def test_without_textual_lines_are_used_and_the_remedy_told(folder: Path) -> None:
    (folder / "textual.py").write_text("raise ModuleNotFoundError('textual', name='textual')\n")
    with terminal(folder, "flow.yaml", "--data", DATA, PYTHONPATH=str(folder)) as typed:
        typed.expect("for the full-screen debugger: pip install 'statepipe[debug]'")
        typed.expect("(order) ")
        typed.type("quit\n")

        assert typed.ended() == 0


def test_lines_are_used_on_a_dumb_terminal(folder: Path) -> None:
    with terminal(folder, "flow.yaml", "--data", DATA, TERM="dumb") as typed:
        typed.expect("(order) ")
        typed.type("quit\n")

        assert typed.ended() == 0


# -- a person, on a full screen ------------------------------------------------------------

ENTERED, LEFT = "\x1b[?1049h", "\x1b[?1049l"


def test_the_screen_is_filled_and_given_back(folder: Path) -> None:
    with terminal(folder, "flow.yaml", "--data", DATA) as typed:
        typed.expect("network")
        typed.type("s")
        typed.expect("order->price")
        typed.type("q")

        assert typed.ended() == 0
        assert typed.raw.count(ENTERED) == typed.raw.count(LEFT) == 1
        assert typed.is_cooked


def test_ctrl_c_gives_the_screen_back_also_while_a_step_runs(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(SLOW)
    with terminal(tmp_path, "flow.yaml", "--data", "{}", "--trust") as typed:
        typed.expect("network")
        typed.type("s")
        typed.expect("running")
        typed.type("\x03")

        assert typed.ended() == ExitCode.INTERRUPTED
        assert typed.raw.count(ENTERED) == typed.raw.count(LEFT) == 1
        assert typed.is_cooked


def test_sigterm_gives_the_screen_back(folder: Path) -> None:
    with terminal(folder, "flow.yaml", "--data", DATA) as typed:
        typed.expect("network")
        typed.process.terminate()

        assert typed.ended() == ExitCode.TERMINATED
        assert typed.raw.count(ENTERED) == typed.raw.count(LEFT) == 1


def test_textual_is_imported_only_where_it_is_used(folder: Path) -> None:
    write_shop(folder)
    code = (
        "import sys\n"
        "from statepipe.cli.main import main\n"
        "main(['debug', 'flow.yaml', '--data', '{}'])\n"
        "print('textual' in sys.modules)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, input="", text=True, capture_output=True,
        check=True, env={**os.environ},
    )  # fmt: skip

    assert ended.stdout.endswith("False\n")


def test_what_still_runs_when_the_user_leaves_keeps_what_it_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "slow.yaml").write_text(SLOW.replace("range(3000)", "range(30)"))
    threads = set(sys._current_frames())
    with debugging(str(tmp_path / "slow.yaml"), {"n": 1}, None, trust=True) as session:
        step = threading.Thread(target=lambda: session.obey("step"))
        step.start()
        frames = sys._current_frames
        until(lambda: any(each not in threads and stands_in_slow(each) for each in frames()))
    step.join()

    assert capsys.readouterr().err == (
        "a function is still running: what it uses was not torn down or closed\n"
    )


def stands_in_slow(thread: int) -> bool:
    frame = sys._current_frames().get(thread)
    while frame is not None and frame.f_code.co_name != "slow":
        frame = frame.f_back
    return frame is not None
