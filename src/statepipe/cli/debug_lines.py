"""The debugger in lines: commands from a terminal, a pipe or a script, answers as text."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count

import click

from statepipe.cli.terminal import bold, dim, green, red, say, yellow
from statepipe.cli.words import printable
from statepipe.debugger import Line, Session, Tone
from statepipe.errors import UsageError

STANDARD = "-"
PAINTS: Mapping[Tone, Callable[[str], str]] = {
    "bold": bold,
    "dim": dim,
    "added": green,
    "removed": red,
    "changed": yellow,
    "error": red,
    "here": lambda text: click.style(text, fg="cyan", bold=True),
}


def script_lines(path: str) -> list[tuple[str, str]]:
    """Return the commands of a script, each with its place. Raises UsageError."""
    name = "standard input" if path == STANDARD else path
    try:
        if path == STANDARD:
            return list(numbered(sys.stdin, name))
        with open(path, encoding="utf-8") as file:
            return list(numbered(file, name))
    except OSError as error:
        raise UsageError(f"--script {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"--script {path} is not UTF-8 at byte {error.start}") from error


def numbered(lines: Iterable[str], name: str) -> Iterator[tuple[str, str]]:
    """Yield commands with where they stand; no empty lines, no comments."""
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            yield f"{name}:{number}", text


# -- a script, or a pipe -------------------------------------------------------------------


def obey_script(session: Session, commands: Iterable[tuple[str, str]]) -> None:
    """Obey commands to the last, or to `quit`; UsageError names the line of one that fails."""
    tell(session.greeting())
    for place, text in commands:
        say(f"{prompt(session)}{printable(text)}")
        try:
            answer = session.obey(text)
        except UsageError as error:
            raise UsageError(f"{place}: {text}: {error}") from error
        tell(answer.lines)
        if answer.ends:
            return


# -- a person ------------------------------------------------------------------------------


def converse(session: Session) -> None:
    """Obey what is typed, until `quit` or the end of input.

    Ctrl-C ends a step that is under way, and at the prompt the command. What comes from a pipe
    is a script.
    """
    if not sys.stdin.isatty():
        obey_script(session, numbered(sys.stdin, "standard input"))
        return
    tell(session.greeting())
    say(dim("`help` lists the commands"))
    with_editing()
    for _ in count():
        text = asked(prompt(session))
        if text is None or not obeyed(session, text):
            return


def with_editing() -> None:
    """Let the arrow keys work at the prompt, where Python was built with that."""
    try:
        import readline  # noqa: F401, PLC0415  # Python may be built without it
    except ImportError:
        return


def asked(question: str) -> str | None:
    """Return what is typed; None at the end of input."""
    try:
        return input(question)
    except EOFError:
        say("")
        return None


def obeyed(session: Session, text: str) -> bool:
    """Obey a line, and say what there is to say; False if that was to be the last."""
    if not text.strip() or text.lstrip().startswith("#"):
        return True
    try:
        answer = session.obey(text)
    except UsageError as error:
        say(f"{red('error:')} {printable(str(error))}")
        return True
    except KeyboardInterrupt:
        say(f"\n{red('interrupted')}: the record stands before {session.timeline.state!r} again")
        return True
    tell(answer.lines)
    return not answer.ends


def prompt(session: Session) -> str:
    return f"({printable(session.timeline.state)}) "


def tell(lines: Iterable[Line]) -> None:
    for line in lines:
        say(painted(line))


def painted(line: Line) -> str:
    """Return a line, safe to print, with its colours."""
    return "".join(PAINTS.get(tone, str)(printable(text)) for text, tone in line.pieces).rstrip()
