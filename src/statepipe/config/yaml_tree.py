"""From YAML text to a tree. Values as in the core schema of YAML 1.2: only `true` and `false`
are truth values, `010` is ten, and dates stay text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar, TypeAlias

import yaml

from statepipe.config.problems import Problems, failure
from statepipe.config.scalars import LINE_BREAK, Extent, content_start, scalar_marks
from statepipe.config.tree import Entry, ListNode, MapNode, Node, Scalar, Spot, keys_below
from statepipe.errors import ConfigError, Place, Span
from statepipe.source_text import Mark, SourceText

MAX_NODES = 100_000
_Resolvers: TypeAlias = dict[str, list[tuple[str, re.Pattern[str]]]]
_TAG = "tag:yaml.org,2002:"


class _CoreLoader(yaml.SafeLoader):
    """Resolves plain scalars by the core schema. Used to compose nodes only, never objects."""

    yaml_implicit_resolvers: ClassVar[_Resolvers] = {}  # type: ignore[misc]  # stubs: no ClassVar


def _resolve(kind: str, pattern: str, first: str) -> None:
    _CoreLoader.add_implicit_resolver(_TAG + kind, re.compile(pattern), list(first))


_resolve("null", r"^(?:~|null|Null|NULL|)$", "~nN")
_CoreLoader.yaml_implicit_resolvers[""] = [(_TAG + "null", re.compile(r"^$"))]
_resolve("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF")
_resolve("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789")
_resolve(
    "float",
    r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)"
    r"|\.(?:nan|NaN|NAN))$",
    "-+.0123456789",
)
_resolve("merge", r"^<<$", "<")


def resolvers() -> _Resolvers:
    """Return by which patterns a plain scalar is something else than text, by first character.

    What writes YAML quotes the texts that match one.
    """
    return {first: list(found) for first, found in _CoreLoader.yaml_implicit_resolvers.items()}


def yaml_tree(text: str, file: str, keys: str, problems: Problems) -> Node:
    """Return the tree of a YAML document, its keys below `keys`.

    Duplicate keys and unknown tags are added to `problems`; broken YAML raises ConfigError.
    """
    builder = _Builder(text, file, problems)
    try:
        root = yaml.compose(text, Loader=_CoreLoader)
        if root is None:
            raise failure(builder.line_spot(keys, 0, 0), "the file is empty")
        return builder.node(root, keys, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.problem == _NO_COLON:
            mark = error.context_mark  # the key; the other is where it was given up, lines later
        line, column = (mark.line, mark.column) if mark else (0, 0)
        raise _syntax_error(builder.line_spot(keys, line, column), error) from error
    except yaml.reader.ReaderError as error:
        before = LINE_BREAK.split(text[: error.position])
        at = builder.line_spot(keys, len(before) - 1, len(before[-1]))
        raise failure(at, f"YAML: {error.reason}: U+{_code(error.character):04X}") from error
    except RecursionError as error:
        raise failure(builder.line_spot(keys, 0, 0), "YAML: nested too deeply") from error
    except (ValueError, OverflowError) as error:  # PyYAML lets these out of bad escapes
        raise failure(builder.line_spot(keys, 0, 0), f"YAML: {error}") from error


def _code(character: str | int) -> int:
    return ord(character) if isinstance(character, str) else character


_NO_COLON = "could not find expected ':'"
_BEGINS = "code that begins with '{', '[', '*' or '&' must be quoted or be a block after '|'"
_ADVICE = (
    (_NO_COLON, "a key ends in ':'; a text of several lines must be quoted or a block after '|'"),
    (
        "mapping values are not allowed",
        "a text that holds ': ', as a lambda does, must be quoted or be a block after '|'; "
        "or the line is indented too far",
    ),
    ("'\\t'", "indent with spaces; YAML allows no tabs there"),
    ("found undefined alias", "define it before with '&' and the same name"),
    ("but found another document", "a config is one document; remove the '---' line"),
    ("scanning an alias", _BEGINS),
    ("scanning an anchor", _BEGINS),
    ("cannot start any token", "put the text in quotes; YAML keeps this character for itself"),
    ("expected ',' or", "put a text that holds brackets in quotes, or close the bracket"),
    (
        "but found '<scalar>'",
        "a text that begins with a quote or a bracket ends with it: put quotes around all of it",
    ),
    ("expected <block end>", "check the indentation: the keys of a mapping stand in one column"),
)


def _syntax_error(at: Spot, error: yaml.MarkedYAMLError) -> ConfigError:
    message = error.problem or error.context or "cannot be read"
    if error.problem and error.context:
        message = f"{error.problem}, {error.context}"
    advice = next((advice for part, advice in _ADVICE if part in message), None)
    return failure(at, f"YAML: {message}", advice)


class _Builder:
    def __init__(self, text: str, file: str, problems: Problems) -> None:
        self.lines = tuple(LINE_BREAK.split(text))
        self.file = file
        self.problems = problems
        self.nodes = 0

    def line_spot(self, keys: str, line: int, column: int, end: int | None = None) -> Spot:
        """Return the spot of columns `column` to `end` of a line; all count from 0."""
        place = Place(keys, self.file, line + 1, column + 1)
        text = self.lines[line] if line < len(self.lines) else ""
        return Spot(place, Span(place, text, column, end if end is not None else column + 1))

    def spot(self, node: yaml.Node, keys: str) -> Spot:
        start, end = node.start_mark, node.end_mark
        stop = end.column if start.line == end.line else len(self.lines[start.line].rstrip())
        return self.line_spot(keys, start.line, start.column, stop)

    def node(self, node: yaml.Node, keys: str, above: tuple[yaml.Node, ...]) -> Node:
        at = self.spot(node, keys)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise failure(at, f"the file stands for more than {MAX_NODES} values", None)
        if node in above:
            self.problems.add(at, "an alias refers to what it stands in")
            return Scalar(None, at, is_broken=True)
        match node:
            case yaml.MappingNode(tag="tag:yaml.org,2002:map"):
                return MapNode(tuple(self.entries(node, keys, (*above, node))), at)
            case yaml.SequenceNode(tag="tag:yaml.org,2002:seq"):
                items = (
                    self.node(item, keys_below(keys, index), (*above, node))
                    for index, item in enumerate(node.value)
                )
                return ListNode(tuple(items), at)
            case yaml.ScalarNode():
                return self.scalar(node, at)
        return self.unknown_tag(node, at)

    def unknown_tag(self, node: yaml.Node, at: Spot) -> Scalar:
        tag = node.tag.replace(_TAG, "!!")
        self.problems.add(at, f"the YAML tag {tag} is not allowed in a config", "remove it")
        return Scalar(None, at, is_broken=True)

    def entries(
        self, node: yaml.MappingNode, keys: str, above: tuple[yaml.Node, ...]
    ) -> list[Entry]:
        found: dict[str, Entry] = {}
        merged: list[Entry] = []
        for key_node, value_node in node.value:
            key_at = self.spot(key_node, keys)
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.add(key_at, "a key must be text, not a list or a mapping")
            elif key_node.tag == _TAG + "merge":
                merged += self.merged(value_node, keys, above)
            elif key_node.value in found:
                first = found[key_node.value].at.place.line
                advice = f"it stands on line {first} already; remove one"
                self.problems.add(key_at, f"duplicate key {key_node.value!r}", advice)
            else:
                key = key_node.value
                below = keys_below(keys, key)
                value = self.node(value_node, below, above)
                found[key] = Entry(key, value, self.spot(key_node, below), key)
        for entry in merged:
            found.setdefault(entry.key, entry)
        return list(found.values())

    def merged(self, node: yaml.Node, keys: str, above: tuple[yaml.Node, ...]) -> list[Entry]:
        """Return the entries that `<<: node` brings in, the first mapping's first."""
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        entries: list[Entry] = []
        for one in nodes:
            value = self.node(one, keys, above)
            if isinstance(value, MapNode):
                entries += value.entries
            else:
                self.problems.add(value.at, "'<<' needs a mapping, or a list of mappings")
        return entries

    def scalar(self, node: yaml.ScalarNode, at: Spot) -> Scalar:
        source = SourceText(node.value, at.place, self.marks(node), self.lines)
        try:
            value = _value(node)
            str(value)  # of too many digits, which bases other than ten let through
            return Scalar(value, at, source)
        except KeyError:
            return self.unknown_tag(node, at)
        except ValueError as error:
            self.problems.add(at, f"cannot be read as {node.tag.removeprefix(_TAG)}: {error}")
            return Scalar(None, at, is_broken=True)

    def marks(self, node: yaml.ScalarNode) -> tuple[Mark, ...]:
        line, column = content_start(self.lines, node.start_mark.line, node.start_mark.column)
        end = node.end_mark
        extent = Extent(self.lines, line, column, end.line, end.column)
        return scalar_marks(node.style or None, node.value, extent)


def _value(node: yaml.ScalarNode) -> str | int | float | bool | None:
    return _VALUES[node.tag](node.value)


def _integer(text: str) -> int:
    bases = {"0o": 8, "0x": 16}
    return int(text, bases.get(text[:2].lower(), 10))


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


_VALUES: dict[str, Callable[[str], str | int | float | bool | None]] = {
    _TAG + "str": str,
    _TAG + "int": _integer,
    _TAG + "float": _float,
    _TAG + "bool": lambda text: text.lower() == "true",
    _TAG + "null": lambda text: None,
    _TAG + "merge": str,
}
