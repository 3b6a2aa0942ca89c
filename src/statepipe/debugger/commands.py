"""Commands: what a user may say to the debugger, read from a line of text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from statepipe.config.problems import suggestion
from statepipe.connectors.json_reading import InvalidJsonError, read_json
from statepipe.debugger.paths import Path, read_path
from statepipe.errors import UsageError
from statepipe.record import Record


@dataclass(frozen=True, slots=True)
class Step:
    count: int = 1


@dataclass(frozen=True, slots=True)
class Back:
    count: int = 1


@dataclass(frozen=True, slots=True)
class Continue:
    pass


@dataclass(frozen=True, slots=True)
class Break:
    state: str
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class Unbreak:
    """Without a state: all of them."""

    state: str | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    path: Path


@dataclass(frozen=True, slots=True)
class Unwatch:
    """Without a path: all of them."""

    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """A field, or with an empty path the whole record, gets a value."""

    path: Path
    value: Any  # any JSON value; a record where the path is empty


@dataclass(frozen=True, slots=True)
class Remove:
    path: Path


@dataclass(frozen=True, slots=True)
class Fork:
    pass


@dataclass(frozen=True, slots=True)
class Branch:
    """The branch to go to, counted from 1; without a number, all are listed."""

    number: int | None = None


@dataclass(frozen=True, slots=True)
class Restart:
    pass


@dataclass(frozen=True, slots=True)
class Show:
    """Something is looked at: `record`, or what is at `path` of it, `why`, `source` and so on."""

    what: str
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Help:
    verb: str | None = None


@dataclass(frozen=True, slots=True)
class Quit:
    pass


Command: TypeAlias = (
    Step | Back | Continue | Break | Unbreak | Watch | Unwatch | Edit | Remove | Fork | Branch
    | Restart | Show | Help | Quit
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verb:
    """The first word of a command: how it is used, what it does, and how the rest is read."""

    usage: str
    about: str
    read: Callable[[str], Command]
    short: str | None = None


def read_command(text: str) -> Command:
    """Return the command on a line. Raises UsageError, which says how it is used."""
    word, _, rest = text.strip().partition(" ")
    name = SHORT.get(word, word)
    verb = VERBS.get(name)
    if verb is None:
        advice = suggestion(word, [*VERBS, *(each for each in SHORT if len(each) > 1)])
        if advice is None or not advice.startswith("did you mean"):
            advice = "`help` lists the commands"
        raise UsageError(f"there is no command {word!r}; {advice}")
    try:
        return verb.read(rest.strip())
    except MisusedError as misused:
        raise UsageError(f"{name}: {misused}; usage: {verb.usage}") from misused


class MisusedError(Exception):
    """What follows the verb cannot be read."""


def known_verb(word: str) -> str:
    """Return the full name of a verb; UsageError if it is none."""
    name = SHORT.get(word, word)
    if name not in VERBS:
        raise UsageError(f"there is no command {word!r}; {suggestion(word, VERBS)}")
    return name


# -- what follows the verb -----------------------------------------------------------------


def counted(make: Callable[[int], Command]) -> Callable[[str], Command]:
    def read(rest: str) -> Command:
        if not rest:
            return make(1)
        if not rest.isdecimal() or not 1 <= int(rest[:10]) <= 1_000_000:
            raise MisusedError(f"{rest!r} is no number of steps")
        return make(int(rest))

    return read


def alone(command: Command) -> Callable[[str], Command]:
    def read(rest: str) -> Command:
        if rest:
            raise MisusedError(f"nothing may follow, not {rest!r}")
        return command

    return read


def read_break(rest: str) -> Command:
    state, found, condition = rest.partition(" if ")
    if not state or rest.startswith("if "):
        raise MisusedError("the state is missing")
    if found and not condition.strip():
        raise MisusedError("the condition is missing")
    return Break(unquoted(state), condition.strip() if found else None)


def read_unbreak(rest: str) -> Command:
    return Unbreak(unquoted(rest) or None)


def unquoted(text: str) -> str:
    text = text.strip()
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1] if quoted else text


def read_watch(rest: str) -> Command:
    if not rest:
        raise MisusedError("the path is missing")
    return Watch(read_path(rest))


def read_show(rest: str) -> Command:
    return Show("record", read_path(rest) if rest else ())


def read_unwatch(rest: str) -> Command:
    return Unwatch(read_path(rest) if rest else None)


def read_edit(rest: str) -> Command:
    if rest.startswith("{"):
        return Edit((), read_record(rest))
    path, value = split_path(rest)
    if not path or not value:
        raise MisusedError("a path and a value are needed" if rest else "what is to be edited?")
    return Edit(read_path(path), read_value(value))


def split_path(text: str) -> tuple[str, str]:
    """Part a path from what follows it; quotes in the path may hold spaces."""
    quote = ""
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char.isspace():
            return text[:at], text[at:].strip()
    return text, ""


def read_value(text: str) -> Any:  # any JSON value
    try:
        return read_json(text.encode(errors="surrogateescape"))
    except InvalidJsonError as error:
        hint = f'; a text stands in quotes: "{text}"' if text[0].isalpha() else ""
        raise MisusedError(f"{text} is no JSON value: {error.reason}{hint}") from error


def read_record(text: str) -> Record:
    value: Record = read_value(text)  # what begins with a brace is an object
    return value


def read_remove(rest: str) -> Command:
    if not rest:
        raise MisusedError("the path is missing")
    return Remove(read_path(rest))


def read_branch(rest: str) -> Command:
    if not rest:
        return Branch()
    if not rest.isdecimal():
        raise MisusedError(f"{rest!r} is no number of a branch")
    return Branch(int(rest[:10]))


def read_help(rest: str) -> Command:
    return Help(rest or None)


VERBS: Mapping[str, Verb] = {
    "step": Verb("step [N]", "go on by one state, or by N", counted(Step), "s"),
    "back": Verb("back [N]", "look at the record before the last step; nothing runs",
                 counted(Back), "b"),
    "continue": Verb("continue", "go on to a breakpoint, or to the end", alone(Continue()), "c"),
    "break": Verb("break STATE [if EXPRESSION]",
                  "stand before a state, or only with records that EXPRESSION accepts",
                  read_break, "t"),
    "unbreak": Verb("unbreak [STATE]", "take a breakpoint away, or all", read_unbreak),
    "breaks": Verb("breaks", "list the breakpoints", alone(Show("breaks"))),
    "watch": Verb("watch PATH", "show a field after every step, as items[0].price", read_watch,
                  "w"),
    "unwatch": Verb("unwatch [PATH]", "show a field no longer, or none", read_unwatch),
    "why": Verb("why", "tell how the arc was chosen", alone(Show("why")), "y"),
    "edit": Verb("edit PATH VALUE, or edit {RECORD}",
                 "change a field, or the whole record; in the past, on a new branch", read_edit,
                 "e"),
    "remove": Verb("remove PATH", "remove a field, as `edit` changes one", read_remove),
    "fork": Verb("fork", "begin a new branch here: what comes next runs again", alone(Fork()),
                 "f"),
    "branch": Verb("branch [N]", "list the branches, or go to one", read_branch),
    "show": Verb("show [PATH]",
                 "show the record, with what the last step did to it, or all of one field",
                 read_show, "r"),
    "source": Verb("source", "show the functions that ran in the last step and those to come",
                   alone(Show("source"))),
    "path": Verb("path", "show the states so far", alone(Show("path")), "p"),
    "graph": Verb("graph", "draw the network, and where the record is", alone(Show("graph")), "g"),
    "restart": Verb("restart", "begin again with the record as it was given", alone(Restart())),
    "help": Verb("help [COMMAND]", "list the commands, or tell more of one", read_help, "h"),
    "quit": Verb("quit", "leave", alone(Quit()), "q"),
}  # fmt: skip

SHORT: Mapping[str, str] = {
    **{verb.short: name for name, verb in VERBS.items() if verb.short is not None},
    "record": "show",
    "exit": "quit",
    "n": "step",
    "?": "help",
}
"""Other words for verbs."""
