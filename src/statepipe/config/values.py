"""Values from the environment: `${VAR}` and its forms, replaced in texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from statepipe.config.problems import Problems, suggestion
from statepipe.config.tree import ListNode, MapNode, Node, Scalar, Spot

_OPENING = re.compile(r"\$\$\{|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MAX_VARIABLES = 100
_FORMS = (
    "write ${VAR}, ${VAR:default}, ${VAR:-default} or ${VAR:?message}; $${ stands for ${ itself"
)


def expanded(node: Node, env: Mapping[str, str], problems: Problems) -> Node:
    """Return the tree with the variables in its texts replaced, those of code aside.

    A variable that is required and not set, or a form that cannot be read, is a problem, and
    the text becomes empty.
    """
    match node:
        case ListNode():
            return replace(node, items=tuple(expanded(item, env, problems) for item in node.items))
        case MapNode():
            entries = tuple(
                replace(entry, value=expanded(entry.value, env, problems)) for entry in node.entries
            )
            return replace(node, entries=entries)
        case Scalar(value=str(text), is_code=False) if "${" in text:
            told = len(problems.found)
            value = _Expansion(env, problems, node.at).text(text)
            return replace(node, value=value if len(problems.found) == told else "")
        case Scalar():
            return node


@dataclass(frozen=True, slots=True)
class _Expansion:
    env: Mapping[str, str]
    problems: Problems
    at: Spot

    def text(self, text: str) -> str:
        if text.count("${") > MAX_VARIABLES:
            self.problems.add(self.at, f"more than {MAX_VARIABLES} variables in one text")
            return text
        pieces, position = [], 0
        while found := _OPENING.search(text, position):
            pieces.append(text[position : found.start()])
            if found[0] == "$${":
                pieces.append("${")
                position = found.end()
                continue
            end = _closing(text, found.end())
            if end < 0:
                self.problems.add(self.at, "a '${' without its '}'", _FORMS)
                return text
            pieces.append(self.value(text[found.end() : end]))
            position = end + 1
        return "".join([*pieces, text[position:]])

    def value(self, inside: str) -> str:
        name = _NAME.match(inside)
        rest = inside[name.end() :] if name else inside
        if name is None or (rest and not rest.startswith(":")):
            self.problems.add(self.at, f"'${{{inside}}}' is no variable", _FORMS)
            return ""
        value = self.env.get(name[0])
        if rest.startswith(":-"):
            return value or self.text(rest[2:])
        if rest.startswith(":?"):
            return value or self.missing(name[0], rest[2:])
        if rest:
            return value if value is not None else self.text(rest[1:])
        return value if value is not None else self.missing(name[0], "")

    def missing(self, name: str, message: str) -> str:
        state = "is empty" if name in self.env else "is not set"
        text = f"the environment variable {name} {state}"
        near = suggestion(name, self.env) or ""
        help_text = f"set it, or give a default: ${{{name}:-default}}"
        if near.startswith("did you mean"):
            help_text = f"{near} Else {help_text}"
        self.problems.add(
            self.at, f"{text}: {message.strip()}" if message.strip() else text, help_text
        )
        return ""


def _closing(text: str, start: int) -> int:
    """Return where the '}' stands that closes what is open at `start`, or -1."""
    depth = 1
    for index in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return index
    return -1
