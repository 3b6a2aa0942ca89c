"""Session: a record that is stepped through its machine by commands, each with an answer.

It prints nothing and owns no loop, thread or file. `make` drives a step to its end, blocking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from statepipe.config.problems import suggestion
from statepipe.debugger import commands as say
from statepipe.debugger.conditions import Breakpoint, breakpoint_at
from statepipe.debugger.drive import Make
from statepipe.debugger.names import network_of
from statepipe.debugger.paths import Path, shown_path, value_at, with_value, without_value
from statepipe.debugger.picture import picture
from statepipe.debugger.reasons import why_lines
from statepipe.debugger.rows import record_lines
from statepipe.debugger.source import source_lines
from statepipe.debugger.telling import (
    breakpoint_lines,
    fault_line,
    head_line,
    help_lines,
    moved_lines,
    path_lines,
    place_lines,
    verb_lines,
    watch_lines,
)
from statepipe.debugger.text import Line, bold, dim, line
from statepipe.debugger.timeline import Timeline
from statepipe.errors import UsageError
from statepipe.graph.model import Machine
from statepipe.plan.stepping import Move, Stepper
from statepipe.record import Record
from statepipe.short import shown

MUCH = 100_000
"""Characters of a value that was asked for by its path."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command has to say. `ends`: the user wants to leave.

    `brief` is the same for a face that shows the record and its last step anyway.
    """

    lines: tuple[Line, ...] = ()
    brief: tuple[Line, ...] = ()
    ends: bool = False


class Session:
    """One record, its branches, and what the user has asked to be shown of it.

    A line that cannot be obeyed raises UsageError, and changes nothing.
    """

    def __init__(self, machine: Machine, stepper: Stepper, make: Make, *, trusted: bool) -> None:
        self.machine = machine
        self.branches = [Timeline(stepper, origin="from the beginning")]
        self.current = 0
        self._beginning = stepper.stop()
        self.breakpoints: dict[str, Breakpoint] = {}
        self.watches: list[Path] = []
        self._heads: list[Line] = []
        self._make = make
        self._trusted = trusted
        self._verbs: dict[type, Callable[[Any], Iterator[Line]]] = {  # each takes its command
            say.Step: self._step,
            say.Back: self._back,
            say.Continue: self._continue,
            say.Break: self._break,
            say.Unbreak: self._unbreak,
            say.Watch: self._watch,
            say.Unwatch: self._unwatch,
            say.Edit: self._edit,
            say.Remove: self._remove,
            say.Fork: self._fork,
            say.Branch: self._branch,
            say.Restart: self._restart,
            say.Show: self._show,
            say.Help: self._help,
        }

    @property
    def timeline(self) -> Timeline:
        return self.branches[self.current]

    @property
    def states(self) -> list[str]:
        """The states that a breakpoint may stand at, as paths name them."""
        main = self.machine.main_network
        nested = [
            f"{network.name}:{state}"
            for network in self.machine.networks.values()
            if network is not main
            for state in network.states
        ]
        return [*main.states, *nested]

    def obey(self, text: str) -> Answer:
        """Obey the command on a line; raises UsageError.

        An interrupt while a step is made leaves the record where the step began.
        """
        command = say.read_command(text)
        if isinstance(command, say.Quit):
            return Answer(ends=True)
        self._heads.clear()
        lines = tuple(self._verbs[type(command)](command))
        return Answer(lines, tuple(self._heads) or lines)

    def greeting(self) -> tuple[Line, ...]:
        """Return what there is to say before the first command."""
        return tuple(place_lines(self.timeline, self.breakpoints))

    def holds(self, state: str, record: Record) -> bool:
        """Tell whether a breakpoint holds a record before a state. What it raises is passed on."""
        found = self.breakpoints.get(state)
        return found is not None and found.holds(record, network_of(state, self.machine).name)

    # -- going on --------------------------------------------------------------------------

    def _step(self, command: say.Step) -> Iterator[Line]:
        yield from self._moved(command.count)

    def _continue(self, _: say.Continue) -> Iterator[Line]:
        yield from self._moved(None)

    def _moved(self, most: int | None) -> Iterator[Line]:
        """Go on until a breakpoint holds the record, it is done, or `most` steps are made."""
        if self.timeline.is_done:
            raise UsageError("the record is done; go `back`, or `restart`")
        lines: list[Line] = []
        for move, recorded in islice(self._moves(), most):
            self._heads.append(head_line(move, self.timeline.at, recorded=recorded))
            lines += moved_lines(move, self.timeline.at, recorded=recorded)
            if self._is_held(move):
                break
        yield from lines
        yield from self._place()
        faults = list(fault_line(move, self.breakpoints))
        self._heads += faults
        yield from faults

    def _moves(self) -> Iterator[tuple[Move, bool]]:
        """Yield the next moves: those that were recorded are shown again, others are made."""
        while not self.timeline.is_done:
            if self.timeline.is_past:
                yield self.timeline.forward(), True
            else:
                yield self._made(), False

    def _made(self) -> Move:
        timeline = self.timeline
        try:
            move = self._make(timeline.stepper.step(holds=self.holds))
        except BaseException:
            if not timeline.stepper.is_ready:
                self._stand_again()
            raise
        timeline.made()
        return move

    def _stand_again(self) -> None:
        """Put the record back to where an interrupted step began."""
        old = self.timeline
        self.branches[self.current] = old.forked(old.origin)

    def _is_held(self, move: Move) -> bool:
        if not self.timeline.is_past:
            return move.held
        return self.holds(self.timeline.state, self.timeline.record)

    def _place(self) -> Iterator[Line]:
        yield from place_lines(self.timeline, self.breakpoints)
        yield from watch_lines(self.watches, self.timeline.record)

    # -- going back, and elsewhere ---------------------------------------------------------

    def _back(self, command: say.Back) -> Iterator[Line]:
        self.timeline.back()
        for _ in range(min(command.count - 1, self.timeline.at)):
            self.timeline.back()
        yield from self._place()

    def _fork(self, _: say.Fork) -> Iterator[Line]:
        yield from self._new_branch(f"from step {self.timeline.at}")
        yield from self._place()

    def _new_branch(self, origin: str, record: Record | None = None) -> Iterator[Line]:
        self.branches.append(self.timeline.forked(origin, record))
        self.current = len(self.branches) - 1
        yield line(bold(f"branch {self.current + 1}"), dim(f"  {origin}; the old one stays"))

    def _branch(self, command: say.Branch) -> Iterator[Line]:
        if command.number is None:
            for number, timeline in enumerate(self.branches, start=1):
                mark = "▶" if timeline is self.timeline else " "
                yield line(f"{mark} {number}  at {timeline.state}", dim(f"  {timeline.origin}"))
            return
        if not 1 <= command.number <= len(self.branches):
            raise UsageError(f"there is no branch {command.number}; `branch` lists them")
        self.current = command.number - 1
        yield from self._place()

    def _restart(self, _: say.Restart) -> Iterator[Line]:
        fresh = self.timeline.stepper.forked(self._beginning)
        self.branches.append(Timeline(fresh, origin="from the beginning"))
        self.current = len(self.branches) - 1
        yield from self._place()

    # -- the record ------------------------------------------------------------------------

    def _edit(self, command: say.Edit) -> Iterator[Line]:
        path, record = command.path, self.timeline.record
        yield from self._changed(with_value(record, path, command.value) if path else command.value)

    def _remove(self, command: say.Remove) -> Iterator[Line]:
        yield from self._changed(without_value(self.timeline.record, command.path))

    def _changed(self, record: Record) -> Iterator[Line]:
        before = self.timeline.record
        if self.timeline.is_past:
            yield from self._new_branch(f"from step {self.timeline.at}, edited", record)
        else:
            self.timeline.stop()  # raises for a record that is done
            self.timeline.stepper.record = record
        yield from record_lines(record, before)

    # -- what is asked for -----------------------------------------------------------------

    def _break(self, command: say.Break) -> Iterator[Line]:
        self._check_state(command.state)
        found = breakpoint_at(command.state, command.condition, trusted=self._trusted)
        self.breakpoints[found.state] = found
        yield line(("● ", "error"), f"stands before {found}")

    def _unbreak(self, command: say.Unbreak) -> Iterator[Line]:
        if command.state is None:
            self.breakpoints.clear()
        elif command.state not in self.breakpoints:
            self._check_state(command.state)
            raise UsageError(f"there is no breakpoint at {command.state!r}")
        else:
            del self.breakpoints[command.state]
        yield from breakpoint_lines(self.breakpoints)

    def _check_state(self, state: str) -> None:
        if state not in self.states:
            hint = suggestion(state, self.states)
            raise UsageError(f"there is no state {state!r}; {hint}")

    def _watch(self, command: say.Watch) -> Iterator[Line]:
        if command.path not in self.watches:
            self.watches.append(command.path)
        yield from watch_lines([command.path], self.timeline.record)

    def _unwatch(self, command: say.Unwatch) -> Iterator[Line]:
        if command.path is None:
            self.watches.clear()
        elif command.path not in self.watches:
            raise UsageError(f"{shown_path(command.path)!r} is not watched; {self._watched()}")
        else:
            self.watches.remove(command.path)
        yield line(dim(self._watched()))

    def _watched(self) -> str:
        return f"watched: {', '.join(map(shown_path, self.watches)) or 'nothing'}"

    def _show(self, command: say.Show) -> Iterator[Line]:
        timeline = self.timeline
        match command.what:
            case "record" if command.path:
                value = value_at(timeline.record, command.path)
                yield line(f"{shown_path(command.path)} = {shown(value, MUCH)}")
            case "record":
                before = timeline.last.before.record if timeline.last is not None else None
                yield from record_lines(timeline.record, before)
            case "why":
                yield from why_lines(timeline, self._make)
            case "source":
                yield from source_lines(timeline)
            case "path":
                yield from path_lines(timeline)
            case "graph":
                yield from (each.line for each in picture(self.machine, timeline, self.breakpoints))
            case _:
                yield from breakpoint_lines(self.breakpoints)

    def _help(self, command: say.Help) -> Iterator[Line]:
        if command.verb is None:
            yield from help_lines()
        else:
            yield from verb_lines(say.known_verb(command.verb))
