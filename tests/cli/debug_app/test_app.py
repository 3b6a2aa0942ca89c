"""Tests of the debugger on a full screen, with keys pressed and the screen read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from statepipe.cli.debug_app import DebugApp
from statepipe.cli.debug_app.app import left_alone
from statepipe.cli.debug_app.panes import NetworkPane, TextPane
from statepipe.cli.exits import ExitCode
from statepipe.errors import LifecycleError
from statepipe.record import Record
from tests.debugger.sessions import ORDERS, session_on


class Screen:
    """An app that runs without a terminal, and what it shows."""

    def __init__(self, app: DebugApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other is done."""
        for key in keys:
            await self.pilot.press(key)
            await self.until(lambda: self.app.working is None)

    async def command(self, text: str) -> None:
        await self.pilot.press("colon")
        self.app.query_one(Input).insert_text_at_cursor(text)
        await self.press("enter")

    async def until(self, holds: Callable[[], bool]) -> None:
        end_s = time.monotonic() + 20
        while True:
            await self.pilot.pause()
            if holds():
                return
            assert time.monotonic() < end_s, "it never came true"
            await asyncio.sleep(0.01)

    def pane(self, name: str) -> str:
        return self.app.query_one(f"#{name}", TextPane).content.plain

    @property
    def network(self) -> list[str]:
        pane = self.app.query_one(NetworkPane)
        return [str(pane.get_option_at_index(at).prompt) for at in range(pane.option_count)]

    @property
    def status(self) -> str:
        return str(self.app.query_one("#status").render())

    @property
    def rows(self) -> list[str]:
        """The whole screen, as it is drawn."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


@asynccontextmanager
async def screen(
    folder: Path,
    config: str | dict[str, Any] = ORDERS,
    record: Record | None = None,
    size: tuple[int, int] = (120, 40),
) -> AsyncIterator[Screen]:
    with session_on(config, folder, record) as session:
        app = DebugApp(session)
        with left_alone(app):
            async with app.run_test(size=size) as pilot:
                await pilot.pause()
                yield Screen(app, pilot)


async def test_the_first_screen_shows_network_record_and_the_functions_to_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with screen(Path()) as shown:
        assert shown.network[0] == " ▶ order  [start, check]"
        assert shown.pane("record") == "  quantity: 4\n  price: 80"
        assert shown.pane("step") == (
            "next, at order\n  validator  flow.yaml:5:18\n    5 │ data.get('quantity', 0) > 0"
        )
        assert shown.status.strip() == "Orders  ▶ before order   order"


async def test_a_step_moves_the_mark_and_shows_the_change(tmp_path: Path) -> None:
    async with screen(tmp_path) as shown:
        await shown.press("s", "s")

        assert shown.network[1:3] == [
            " ✓ └─ price  [transform]",
            " ▶    ├─ large  if data['total'] >= 100  [end]",
        ]
        assert shown.pane("record").endswith("+ total: 320")
        assert "  ✓ price->large" in shown.pane("step")
        assert "✓ ended at large" in shown.status


async def test_back_shows_what_was_and_a_step_goes_on_again(tmp_path: Path) -> None:
    async with screen(tmp_path) as shown:
        await shown.press("c", "b")

        assert "recorded, step 1 of 2" in shown.status
        assert "total" not in shown.pane("record")
        await shown.press("s")
        assert shown.pane("record").endswith("+ total: 320")


async def test_a_breakpoint_is_set_and_taken_away_at_the_chosen_state(tmp_path: Path) -> None:
    async with screen(tmp_path) as shown:
        await shown.press("down", "t")
        assert shown.network[1] == "●  └─ price  [transform]"
        assert shown.pane("aside") == "● price"

        await shown.press("c")
        assert "▶ before price  ● breakpoint" in shown.status
        await shown.press("t")
        assert shown.network[1] == " ▶ └─ price  [transform]"
        assert not shown.app.query_one("#aside").display


async def test_keys_begin_commands_that_the_user_ends(tmp_path: Path) -> None:
    async with screen(tmp_path) as shown:
        await shown.press("w", *"total", "enter")
        assert shown.pane("aside") == "◉ total = not there"

        await shown.press("e", *"price", "space", "1", "enter", "c")
        assert shown.pane("aside") == "◉ total = 4"
        assert "✓ ended at small" in shown.status


async def test_a_mistake_is_shown_and_changes_nothing(tmp_path: Path) -> None:
    async with screen(tmp_path) as shown:
        await shown.command("brake price")

        assert shown.pane("answers") == (
            "› brake price\nthere is no command 'brake'; did you mean 'break'?"
        )
        assert shown.app.is_running


async def test_a_record_that_failed_is_gone_back_from_edited_and_forked(tmp_path: Path) -> None:
    async with screen(tmp_path, record={"quantity": 2}) as shown:
        await shown.press("c")
        assert "✗ failed at price" in shown.status
        assert shown.network[1] == " ✗ └─ price  [transform]"

        await shown.press("b")
        await shown.command("edit price 60")
        await shown.press("c")
        assert "✓ ended at large  branch 2" in shown.status
        await shown.press("b", "f")
        assert "▶ before price  branch 3" in shown.status


async def test_what_failed_is_underlined_also_on_a_narrow_screen(tmp_path: Path) -> None:
    async with screen(tmp_path, record={"quantity": 2}, size=(80, 24)) as shown:
        await shown.press("c")
        source, carets = shown.pane("step").split("\n")[1:3]

        assert source[carets.index("^") :].startswith("data['price']")
        assert len(carets) < 42


async def test_why_is_answered_part_by_part(tmp_path: Path) -> None:
    async with screen(tmp_path) as shown:
        await shown.press("c", "y")

        assert "data['total']  320" in shown.pane("answers")


async def test_keys_that_come_in_one_piece_are_a_command_from_the_first_on(tmp_path: Path) -> None:
    async with screen(tmp_path) as shown:
        for character in ":watch price:":
            shown.app.post_message(Key("colon" if character == ":" else character, character))
        await shown.until(lambda: shown.app.query_one(Input).value.endswith(":"))

        assert shown.app.query_one(Input).value == "watch price:"
        assert shown.app.working is None


async def test_letters_are_typed_where_a_command_is_written(tmp_path: Path) -> None:
    async with screen(tmp_path) as shown:
        await shown.press("colon", "s", "q")
        assert (shown.app.query_one(Input).value, shown.app.is_running) == ("sq", True)

        await shown.press("escape", "s")
        assert shown.app.query_one(Input).value == ""
        assert "before price" in shown.status


@pytest.mark.parametrize(
    ("keys", "code"), [(("q",), 0), (("ctrl+c",), ExitCode.INTERRUPTED)], ids=["q", "ctrl+c"]
)
async def test_the_user_leaves(tmp_path: Path, keys: tuple[str, ...], code: int) -> None:
    async with screen(tmp_path) as shown:
        await shown.pilot.press(*keys)

    assert shown.app.return_value == code


async def test_quit_leaves_from_the_command_line(tmp_path: Path) -> None:
    async with screen(tmp_path) as shown:
        await shown.pilot.press("colon", *"quit", "enter")
        await shown.until(lambda: not shown.app.is_running)

    assert shown.app.return_value == 0


def slow(work: Any) -> dict[str, Any]:
    return {
        "name": "Slow",
        "states": [
            {"name": "work", "is_start": True, "transform": work},
            {"name": "done", "is_end": True},
        ],
        "arcs": [{"from": "work", "to": "done"}],
    }


def waits_blocking(state: Any) -> None:
    while not state.get("ready"):
        time.sleep(0.005)


async def waits_in_a_loop(state: Any) -> None:
    if not state.get("ready"):
        await asyncio.sleep(60)


@pytest.mark.parametrize("work", [waits_blocking, waits_in_a_loop])
async def test_a_step_that_takes_long_holds_nothing_and_can_be_interrupted(
    tmp_path: Path, work: Any
) -> None:
    async with screen(tmp_path, slow(work)) as shown:
        await shown.pilot.press("s")
        await shown.until(lambda: "… step  running; Esc interrupts it" in shown.status)
        await shown.pilot.press("p", "c")
        assert "step is still running" in shown.pane("answers")

        await shown.press("escape")
        assert shown.pane("answers").endswith("interrupted: the record stands there again")
        await shown.command('edit {"ready": true}')
        await shown.press("s")
        assert "✓ ended at done" in shown.status


async def test_what_functions_print_stands_among_the_answers(tmp_path: Path) -> None:
    async with screen(tmp_path, slow(lambda _: print("so far", "so good"))) as shown:
        await shown.press("s")
        await shown.until(lambda: "printed  so far so good" in shown.pane("answers"))


async def test_the_app_is_left_while_a_step_runs(tmp_path: Path) -> None:
    began_s = time.monotonic()
    async with screen(tmp_path, slow(waits_blocking)) as shown:
        await shown.pilot.press("s", "ctrl+c")

    assert shown.app.return_value == ExitCode.INTERRUPTED
    assert time.monotonic() - began_s < 30


async def test_what_is_no_mistake_of_the_users_ends_the_app(tmp_path: Path) -> None:
    class Work:
        def set_up(self) -> None:
            raise ValueError("no such host")

        def __call__(self, state: Any) -> None: ...

        def tear_down(self) -> None: ...

    async with screen(tmp_path, slow(Work())) as shown:
        await shown.pilot.press("s")
        await shown.until(lambda: not shown.app.is_running)

    assert isinstance(shown.app.return_value, LifecycleError)


async def test_what_a_record_holds_does_not_steer_the_terminal(tmp_path: Path) -> None:
    async with screen(tmp_path, record={"quantity": 1, "[red]a": "\x1b[2J[/red]"}) as shown:
        assert "  [red]a: '\\x1b[2J[/red]'" in shown.pane("record")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_everything_has_its_place_at_any_usual_size(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with screen(tmp_path, size=size) as shown:
        await shown.press("s")
        rows = "\n".join(shown.rows)

    for title in ("─ network ─", "─ record ─", "─ step ─", "─ answers ─"):
        assert title in rows
    for words in ("▶ └─ price", "quantity: 4", "order->price", "s step b back c continue"):
        assert words in rows
