"""DebugApp: the session on a full screen, with keys for what is done most."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Print
from textual.message import Message
from textual.widgets import Footer, Input, Static

from statepipe.cli.debug_app.paint import painted
from statepipe.cli.debug_app.panes import (
    AnswersPane,
    NetworkPane,
    TextPane,
    aside_page,
    record_page,
    running_line,
    step_page,
)
from statepipe.cli.debug_app.working import Ended, Working
from statepipe.cli.exits import ExitCode
from statepipe.debugger import Line, Session
from statepipe.debugger.telling import path_line, status
from statepipe.debugger.text import dim, error, line
from statepipe.errors import UsageError

SIGNALS = {signal.SIGTERM: ExitCode.TERMINATED, signal.SIGHUP: ExitCode.HANGUP}
HINT = "a command, as: break STATE if EXPRESSION"


class DebugApp(App[BaseException | int]):
    """Leaves with an exit code, or with the error that ended it."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "obey('step')", "step"),
        Binding("b", "obey('back')", "back"),
        Binding("c", "obey('continue')", "continue"),
        Binding("t", "toggle_breakpoint", "breakpoint"),
        Binding("w", "begin('watch ')", "watch", priority=True),
        Binding("y", "obey('why')", "why"),
        Binding("e", "begin('edit ')", "edit", priority=True),
        Binding("f", "obey('fork')", "fork"),
        Binding("h", "obey('help')", "help"),
        Binding("q", "leave(0)", "quit"),
        Binding("colon", "begin('')", "command", key_display=":", priority=True),
        Binding("escape", "escape", "interrupt", show=False),
        Binding("ctrl+c", f"leave({int(ExitCode.INTERRUPTED)})", show=False, priority=True),
    ]

    class Obeyed(Message):
        """A command has ended."""

        def __init__(self, working: Working, ended: Ended) -> None:
            super().__init__()
            self.working = working
            self.ended = ended

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.working: Working | None = None
        self._printed = ""
        self._network = NetworkPane()
        self._record = TextPane("record", "record")
        self._step = TextPane("step", "step")
        self._aside = TextPane("watched", "aside")
        self._answers = AnswersPane()

    def compose(self) -> ComposeResult:
        yield Static(id="status")
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield self._network
                yield self._step
            with Vertical(id="right"):
                yield self._record
                yield self._aside
                yield self._answers
        yield Input(placeholder=HINT, id="command", select_on_focus=False)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self.title = self.session.machine.name
        for number, code in SIGNALS.items():
            asyncio.get_running_loop().add_signal_handler(number, self.exit, int(code))
        self.begin_capture_print(self)
        self._network.focus()
        self.redraw()

    def on_print(self, event: Print) -> None:
        """Show what user code prints: it must not be written over the screen."""
        self._printed += event.text
        *whole, self._printed = self._printed.split("\n")
        self._answers.add([line(dim("printed  "), text) for text in whole])

    def on_resize(self) -> None:
        if self.working is None:
            self.call_after_refresh(self.redraw)

    def on_unmount(self) -> None:
        for number in SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)

    # -- what is shown ---------------------------------------------------------------------

    def redraw(self) -> None:
        """Show the session as it is. No command may be under way."""
        session = self.session
        self._network.show(session)
        self._record.show(record_page(session))
        self._step.show(step_page(session, self._step.scrollable_content_region.width))
        aside = aside_page(session)
        self._aside.display = bool(aside)
        self._aside.show(aside)
        self.tell_status(line(*status(session.timeline, session.breakpoints)))

    def tell_status(self, what: Line) -> None:
        name = (f" {self.session.machine.name}  ", "bold")
        branch = f"  branch {self.session.current + 1}" if len(self.session.branches) > 1 else ""
        path = path_line(self.session.timeline.path)
        left = Content.assemble(name, painted(what), (branch, "$foreground-muted"))
        self.query_one("#status", Static).update(Content.assemble(left, ("   ", ""), painted(path)))

    # -- commands --------------------------------------------------------------------------

    def action_obey(self, text: str) -> None:
        """Begin to obey a command; one at a time."""
        if self.working is not None:
            self._answers.add([line(dim(f"{self.working.text} is still running"))])
            return
        self.tell_status(running_line(text))
        self.working = Working(self.session, text, self._tell)

    def _tell(self, working: Working, ended: Ended) -> None:
        self.post_message(self.Obeyed(working, ended))

    def on_debug_app_obeyed(self, message: Obeyed) -> None:
        if message.working is not self.working:  # told twice
            return
        self.working = None
        ended = message.ended
        said = [line(dim(f"› {ended.text}"))]
        if ended.answer is not None:
            self._answers.add(said + list(ended.answer.brief))
        elif isinstance(ended.error, UsageError):
            self._answers.add([*said, line(error(str(ended.error)))])
        elif isinstance(ended.error, KeyboardInterrupt):
            self._answers.add(
                [*said, line(error("interrupted"), ": the record stands there again")]
            )
        else:
            self.exit(ended.error)
            return
        if ended.answer is not None and ended.answer.ends:
            self.exit(int(ExitCode.OK))
        else:
            self.redraw()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        text = message.value.strip()
        message.input.clear()
        self._network.focus()
        if text:
            self.action_obey(text)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys that begin a command to the command line while that is written."""
        return None if action == "begin" and isinstance(self.focused, Input) else True

    def action_begin(self, text: str) -> None:
        """Let the user write the rest of a command.

        The keys for it have priority, and the focus is set at once: of keys that come in one
        piece, as over a slow line, the next one is for the command line already.
        """
        command = self.query_one("#command", Input)
        command.value = text
        self.screen.set_focus(command)
        command.cursor_position = len(text)

    def action_toggle_breakpoint(self) -> None:
        state = self._network.chosen
        if state is not None:
            verb = "unbreak" if state in self.session.breakpoints else "break"
            self.action_obey(f"{verb} {state}")

    def action_escape(self) -> None:
        """Interrupt the command under way; without one, leave the command line."""
        if self.working is not None:
            self.working.interrupt()
        else:
            self.query_one("#command", Input).clear()
            self._network.focus()

    def action_leave(self, code: int) -> None:
        self.exit(code)


def run_app(session: Session) -> int:
    """Show the debugger until the user leaves; return the exit code. Raises what ended it."""
    app = DebugApp(session)
    with left_alone(app):
        result = app.run()
    if isinstance(result, BaseException):
        raise result
    return int(ExitCode.OK) if result is None else result


@contextmanager
def left_alone(app: DebugApp) -> Iterator[None]:
    """End a command that is still under way when the screen is left."""
    try:
        yield
    finally:
        if app.working is not None:
            app.working.leave()
