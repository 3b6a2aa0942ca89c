"""Code blocks of Markdown files, with what the file says about running them.

An HTML comment directly above a fence says how its block is run:

- `<!-- test: skip REASON -->`: it is not run; the reason is required.
- `<!-- test: file NAME -->`: its text is the file NAME, there before any block runs.
- `<!-- test: raises NAME -->`: a Python or YAML block ends with this error.
- `<!-- test: exit N -->`: its shell commands end with this code (0 if nothing is said).
- `<!-- test: functions NAME, NAME -->`: a YAML config is built with these registered functions.

What a Python block says after `# ->` at the end of a line must be printed, in that order.

`<!-- test: shared -->` anywhere in a file lets its blocks run in order, with the same names and
the same folder. `<!-- test: file NAME`, the text, and a line `-->` make a file that readers do
not see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

FENCE = re.compile(r"^(?P<indent>\s*)(?P<ticks>`{3,})(?P<language>[\w+-]*)\s*$")
COMMENT = re.compile(r"^\s*<!--\s*test:\s*(?P<verb>\w+)\s*(?P<rest>.*?)\s*(?P<closed>-->)?\s*$")
VERBS = ("skip", "file", "raises", "exit", "functions", "shared")
WITHOUT_ARGUMENT = ("shared",)


class DocError(Exception):
    """A document's comment or fence is wrong; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block. `line` is that of its first line of code, from 1; `says` verb to text."""

    line: int
    language: str
    text: str
    says: Mapping[str, str]


@dataclass(slots=True)
class Document:
    """The blocks of one file in order, and the files that they need, by name."""

    name: str
    blocks: list[Block] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """One line after `$ ` and the output lines below it."""

    line: str
    output: tuple[str, ...]


def read_document(path: Path, name: str) -> Document:
    return parse_document(path.read_text(encoding="utf-8"), name)


def parse_document(text: str, name: str) -> Document:
    """Return the blocks of `text`; raises DocError for a comment that cannot be obeyed."""
    document = Document(name)
    lines = enumerate(text.splitlines(), start=1)
    says: dict[str, str] = {}
    for number, line in lines:
        if comment := COMMENT.match(line):
            verb, rest = checked_comment(comment, f"{name}:{number}")
            if not comment["closed"]:
                document.files[rest] = hidden_text(lines, f"{name}:{number}")
            elif verb == "shared":
                document.shared = True
            else:
                says[verb] = rest
        elif fence := FENCE.match(line):
            body = fenced_text(lines, fence, f"{name}:{number}")
            add_block(document, Block(number + 1, fence["language"], body, says))
            says = {}
        elif line.strip():
            says = {}
    return document


def checked_comment(comment: re.Match[str], place: str) -> tuple[str, str]:
    verb, rest = comment["verb"], comment["rest"]
    if verb not in VERBS:
        raise DocError(f"{place}: unknown 'test: {verb}'; known: {', '.join(VERBS)}")
    if bool(rest) == (verb in WITHOUT_ARGUMENT):
        raise DocError(f"{place}: 'test: {verb}' {'takes no' if rest else 'needs its'} argument")
    if not comment["closed"] and verb != "file":
        raise DocError(f"{place}: only 'test: file' may go over several lines")
    return verb, rest


def hidden_text(lines: Iterator[tuple[int, str]], place: str) -> str:
    """Take lines up to the end of the comment."""
    taken: list[str] = []
    for _, line in lines:
        if line.strip() == "-->":
            return "".join(f"{one}\n" for one in taken)
        taken.append(line)
    raise DocError(f"{place}: the comment has no end")


def fenced_text(lines: Iterator[tuple[int, str]], fence: re.Match[str], place: str) -> str:
    """Take lines up to the closing fence, without the fence's own indentation."""
    taken: list[str] = []
    for _, line in lines:
        if line.strip() == fence["ticks"]:
            return dedent("".join(f"{one}\n" for one in taken))
        taken.append(line)
    raise DocError(f"{place}: the block has no end")


def add_block(document: Document, block: Block) -> None:
    if "file" in block.says:
        document.files[block.says["file"]] = block.text
    else:
        document.blocks.append(block)


def commands(text: str) -> list[Command]:
    """Return the commands after `$ `, lines that end with a backslash joined to the next."""
    found: list[tuple[str, list[str]]] = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return [Command(line, tuple(output)) for line, output in found]


def promised_output(text: str) -> tuple[str, ...]:
    """Return what `text`, a Python block, says that it prints: each `# -> ...` at a line's end."""
    return tuple(re.findall(r"# -> (.*)$", text, flags=re.MULTILINE))


def missing_line(expected: tuple[str, ...], got: str) -> str | None:
    """Return the first line of `expected` that does not follow in `got`, or None.

    `...` within a line stands for any text. Lines of `got` may stand between the expected ones.
    """
    rest = iter(got.splitlines())
    for line in filter(None, map(str.strip, expected)):
        pattern = ".*".join(map(re.escape, line.split("...")))
        if not any(re.fullmatch(pattern, one.strip()) for one in rest):
            return line
    return None
