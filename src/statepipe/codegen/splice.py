"""Author's expressions as text in another place, with the way back to every character."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from statepipe.functions.function import InlineCode
from statepipe.plan.facts import Fusion

BRACKETED = (ast.Dict, ast.DictComp, ast.List, ast.ListComp, ast.Set, ast.SetComp)


@dataclass(frozen=True, slots=True)
class Piece:
    """`length` characters of an output line at `column` (from 0) stand for `start` to `end`.

    `start` and `end` are offsets in the code's own text. A piece that is as long as what it
    stands for is the author's own text, character by character.
    """

    column: int
    length: int
    start: int
    end: int

    def start_of(self, column: int) -> int:
        """Return the offset that the character at `column` of the output line stands for."""
        inside = column - self.column
        return self.start + inside if self.length == self.end - self.start else self.start

    def end_of(self, column: int) -> int:
        """Return the offset behind what the characters before `column` stand for."""
        inside = column - self.column
        return self.start + inside if self.length == self.end - self.start else self.end


@dataclass(frozen=True, slots=True)
class SplicedLine:
    text: str
    pieces: tuple[Piece, ...]


def splice(
    code: InlineCode, fusion: Fusion, names: dict[str, str], indent: str, prefix: str, suffix: str
) -> list[SplicedLine]:
    """Return the lines of `prefix` + the expression + `suffix`, the first at `indent`.

    `names` holds what `record` and `state_name` edits are replaced by. An expression over
    several lines keeps its lines, shifted to stand under the first, in brackets where it needs
    them.
    """
    lines = cut_lines(code.source.text, fusion, names)
    if len(lines) > 1 and not isinstance(code.expression, BRACKETED):
        prefix, suffix = prefix + "(", ")" + suffix
    later, cut = ("", 0)
    if not has_long_string(code):
        later, cut = indent, margin(code.source.text, fusion)
    last = len(lines) - 1
    return [
        write_line(
            parts,
            later if number else indent + prefix,
            cut if number else 0,
            "" if number < last else suffix,
        )
        for number, parts in enumerate(lines)
    ]


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of one line: the text to write, and the offsets that it stands for."""

    text: str
    start: int
    end: int


def cut_lines(text: str, fusion: Fusion, names: dict[str, str]) -> list[list[Part]]:
    """Return the expression's parts line by line, edits made."""
    lines: list[list[Part]] = [[]]
    at = fusion.start
    for edit in fusion.edits:
        add_verbatim(lines, text, at, edit.start)
        lines[-1].append(Part(names[edit.by], edit.start, edit.end))
        at = edit.end
    add_verbatim(lines, text, at, fusion.end)
    return lines


def add_verbatim(lines: list[list[Part]], text: str, start: int, end: int) -> None:
    for number, piece in enumerate(text[start:end].split("\n")):
        if number:
            lines.append([])
        lines[-1].append(Part(piece, start, start + len(piece)))
        start += len(piece) + 1


def write_line(parts: list[Part], lead: str, cut: int, suffix: str) -> SplicedLine:
    """Return one output line: `lead`, the parts less their first `cut` characters, `suffix`."""
    text, pieces = lead, []
    for part in parts:
        dropped = min(cut, len(part.text))
        cut -= dropped
        kept = part.text[dropped:]
        start = part.start + dropped if len(part.text) == part.end - part.start else part.start
        pieces.append(Piece(len(text), len(kept), start, part.end))
        text += kept
    return SplicedLine(text + suffix, tuple(pieces))


def margin(text: str, fusion: Fusion) -> int:
    """Return the smallest indentation of the expression's lines after its first."""
    rest = text[fusion.start : fusion.end].split("\n")[1:]
    indents = [len(line) - len(line.lstrip(" ")) for line in rest if line.strip()]
    return min(indents, default=0)


def has_long_string(code: InlineCode) -> bool:
    """Tell whether a string stands over several lines, so that no line's start may be touched."""
    assert code.expression is not None
    return any(
        isinstance(node, ast.JoinedStr | ast.Constant) and node.lineno != node.end_lineno
        for node in ast.walk(code.expression)
    )
