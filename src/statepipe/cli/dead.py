"""`statepipe dead`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import click

from statepipe.cli.exits import ExitCode
from statepipe.cli.summary import group_lines, letter_command
from statepipe.cli.terminal import bold, red, say, yellow
from statepipe.cli.values import whole
from statepipe.cli.words import counted, printable
from statepipe.connectors.dead_letter_format import Entry, entries
from statepipe.connectors.filesystem import LocalFiles
from statepipe.errors import UsageError, told
from statepipe.letters.letter import DeadLetter, fields_of

MAX_PROBLEMS = 10
"""Lines that are no dead letters, of which the place is told; all of them are counted."""

Json: TypeAlias = dict[str, Any]  # JSON


@click.command("dead", short_help="Look at the records that failed.")
@click.argument("file")
@click.option("--show", callback=whole(1), metavar="N", help="Print letter N, from 1, whole.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def command(context: click.Context, file: str, show: int | None, as_json: bool) -> None:
    """Say what the dead letters in FILE died of: each cause, how often, and the first example.

    Exit code 1 says that some lines are no dead letters.

    \b
    statepipe dead out.dead.jsonl
    statepipe dead out.dead.jsonl --show 3
    """
    found = entries(file, LocalFiles())
    if show is not None:
        context.exit(show_one(file, found, show, as_json))
    survey = surveyed(found)
    say(json.dumps(survey_json(file, survey)) if as_json else "\n".join(survey_lines(file, survey)))
    context.exit(ExitCode.FAILED if survey.others else ExitCode.OK)


# -- one letter ----------------------------------------------------------------------------


def show_one(file: str, found: Iterator[Entry], number: int, as_json: bool) -> ExitCode:
    """Print entry `number`; raises UsageError if there are not as many."""
    last = 0
    for entry in found:
        last = entry.number
        if last == number:
            return show_entry(file, entry, as_json)
    raise UsageError(f"--show {number}: {file} holds {counted(last, 'dead letter')}")


def show_entry(file: str, entry: Entry, as_json: bool) -> ExitCode:
    if entry.letter is None:
        say(f"{red('error:')} {printable(problem_of(file, entry))}", to_stderr=True)
        return ExitCode.FAILED
    text = entry.letter.to_line().decode().rstrip("\n") if as_json else None
    say(text or "\n".join(letter_lines(entry.letter)))
    return ExitCode.OK


def letter_lines(letter: DeadLetter) -> list[str]:
    """Return a letter as a compiler would tell it, with its original at the end."""
    facts = {
        "source": letter.source,
        "machine": f"{letter.machine}, config {letter.config_hash[:12]}",
        "attempts": str(letter.attempts),
    }
    lines = [printable_line(line) for line in told(letter.error, letter.record, **facts)]
    return [bold(lines[0]), *lines[1:], "", *original_lines(letter)]


def printable_line(line: str) -> str:
    """Return a line as it is but for what would steer the terminal: tabs align the carets."""
    return "\t".join(map(printable, line.split("\t")))


def original_lines(letter: DeadLetter) -> list[str]:
    if letter.original is None:
        return ["original: not kept"]
    size = counted(len(letter.original), "byte")
    text = letter.original.decode(errors="backslashreplace")
    shown = [f"    {printable_line(line)}" for line in text.split("\n")]
    return [f"original ({letter.kept.value}, {size}):", *shown]


# -- all letters ---------------------------------------------------------------------------


@dataclass(slots=True)
class Group:
    """Letters that died of the same: how many, and the first, with its number in the file."""

    count: int
    number: int
    first: DeadLetter


@dataclass(slots=True)
class Survey:
    """What a file holds: `letters` in groups, and `others`, which are none. `problems` tell of
    the first of these.
    """

    letters: int = 0
    others: int = 0
    groups: dict[tuple[object, ...], Group] = field(default_factory=dict)
    problems: list[Entry] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        if entry.letter is None:
            self.others += 1
            if self.others <= MAX_PROBLEMS:
                self.problems.append(entry)
            return
        self.letters += 1
        key = cause_key(entry.letter)
        if key in self.groups:
            self.groups[key].count += 1
        else:
            self.groups[key] = Group(1, entry.number, entry.letter)

    def largest(self) -> list[Group]:
        return sorted(self.groups.values(), key=lambda group: -group.count)


def cause_key(letter: DeadLetter) -> tuple[object, ...]:
    error = letter.error
    place = str(error.place) if error.place else None
    return letter.machine, error.error_type, error.state, error.role, error.arc, place


def surveyed(found: Iterator[Entry]) -> Survey:
    survey = Survey()
    for entry in found:
        survey.add(entry)
    return survey


def survey_lines(file: str, survey: Survey) -> list[str]:
    """Return the causes, the largest first, and the lines that are no letters."""
    if not survey.letters and not survey.others:
        return [f"{printable(file)} holds no dead letters: it is empty"]
    ways = f", of {counted(len(survey.groups), 'cause')}" if survey.groups else ""
    lines = [bold(f"{counted(survey.letters, 'dead letter')} in {printable(file)}{ways}")]
    for group in survey.largest():
        lines += ["", *group_lines(group.count, group.first.error, facts_of(file, group))]
    return lines + other_lines(file, survey)


def facts_of(file: str, group: Group) -> list[tuple[str, str]]:
    letter = group.first
    found = [("first: ", f"{letter.error.position or 'a record'} of {letter.source}")]
    if letter.record is not None:
        found.append(("record:", letter.record))
    if letter.error.hint:
        found.append(("help:  ", letter.error.hint))
    found += [("note:  ", note) for note in letter.error.notes]
    return [*found, ("see:   ", letter_command(file, group.number))]


def other_lines(file: str, survey: Survey) -> list[str]:
    """Return where the lines are that are no letters."""
    if not survey.others:
        return []
    lines = ["", yellow(f"{counted(survey.others, 'line')} that are no dead letters:")]
    lines += [f"    {printable(problem_of(file, entry))}" for entry in survey.problems]
    if survey.others > len(survey.problems):
        lines.append(f"    and {survey.others - len(survey.problems):,} more")
    return lines


def problem_of(file: str, entry: Entry) -> str:
    return f"{file}:{entry.line}: {entry.problem}"


def survey_json(file: str, survey: Survey) -> Json:
    return {
        "file": file,
        "letters": survey.letters,
        "others": survey.others,
        "problems": [
            {"number": entry.number, "line": entry.line, "problem": entry.problem}
            for entry in survey.problems
        ],
        "groups": [
            {"count": group.count, "number": group.number, "first": fields_of(group.first)}
            for group in survey.largest()
        ],
    }
