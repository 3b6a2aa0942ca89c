"""Drawing: a network as Mermaid, as DOT, and as a tree for a terminal. Same network, same text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from statepipe.functions.function import Function
from statepipe.graph.model import Arc, Catch, Network, Push, State

LABEL_WIDTH = 48
"""Conditions are shortened to this many characters."""

PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
DOT_WORDS = frozenset("node edge graph digraph subgraph strict".split())
MERMAID_WORDS = frozenset(
    """end graph flowchart subgraph style class classdef click default direction linkstyle
    call href""".split()
)


def label_of(function: Function, width: int = LABEL_WIDTH) -> str:
    """Return what a function is, on one line: its own code where that is short, else its name."""
    code = function.code
    if code is None:
        text = function.label
    else:
        text = code.source.text
        if code.expression is not None:
            text = ast.get_source_segment(text, code.expression) or text
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"


def errors_of(clause: Catch) -> str:
    """Return which errors a clause catches, in words."""
    names = sorted(clause.errors)
    return "on any error" if names == ["*"] else f"on {', '.join(names)}"


# -- DOT -----------------------------------------------------------------------------------


def dot(network: Network, inner: Sequence[Network] = ()) -> str:
    """Return the network in Graphviz's language: the start state green, end states red.

    The networks `inner`, which records are pushed into, stand in boxes beside it.
    """
    lines = ["digraph FSM {", "    rankdir=LR;", *dot_lines(network, "")]
    for number, each in enumerate(inner, 1):
        lines += [f"    subgraph cluster_{number} {{", f"        label={quoted(each.name)};"]
        lines += [f"    {line}" for line in dot_lines(each, f"{each.name}:")]
        lines.append("    }")
    return "\n".join([*lines, "}"]) + "\n"


def dot_lines(network: Network, prefix: str) -> Iterator[str]:
    """Yield the states and arcs of a network, with `prefix` before the names of states."""

    def name(state: str) -> str:
        return dot_name(prefix + state)

    for state in network.states.values():
        looks = [dot_look(state), f"label={quoted(state.name)}" if prefix else ""]
        look = ",".join(filter(None, looks))
        yield f"    {name(state.name)}{f' [{look}]' if look else ''};"
    for state, arc in arcs_of(network):
        text = arc_text(arc)
        label = f" [label={quoted(text)}]" if text else ""
        yield f"    {name(state.name)} -> {name(arc.target)}{label};"
    for state, clause in catches_of(network):
        look_of_catch = f"label={quoted(errors_of(clause))},style=dashed"
        yield f"    {name(state.name)} -> {name(clause.target)} [{look_of_catch}];"


def arc_text(arc: Arc) -> str:
    """Return what stands at an arc: its condition, and the network that it leads through."""
    parts = [label_of(arc.condition)] if arc.condition else []
    return ", ".join([*parts, *([f"through {through(arc.push)}"] if arc.push else [])])


def through(push: Push) -> str:
    """Return what a push arc leads through, as the config says it."""
    return push.network if push.state is None else f"{push.network}:{push.state}"


def dot_look(state: State) -> str:
    color = "green" if state.is_start else "red"
    if state.is_end:
        return f"shape=doublecircle,style=filled,fillcolor={color}"
    return f"style=filled,fillcolor={color}" if state.is_start else ""


def dot_name(name: str) -> str:
    plain = PLAIN_NAME.fullmatch(name) and name.lower() not in DOT_WORDS
    return name if plain else quoted(name)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.replace("\n", "\\n")


# -- Mermaid -------------------------------------------------------------------------------


def mermaid(network: Network, inner: Sequence[Network] = ()) -> str:
    """Return the network as a Mermaid flowchart, with the networks `inner` in boxes beside it."""
    lines = ["flowchart LR", *mermaid_lines(network, mermaid_ids(network))]
    for number, each in enumerate(inner, 1):
        ids = {name: f"network_{number}_{index}" for index, name in enumerate(each.states, 1)}
        lines.append(f"    subgraph network_{number}[{mermaid_text(each.name)}]")
        lines += [f"    {line}" for line in mermaid_lines(each, ids)]
        lines.append("    end")
    return "\n".join(lines) + "\n"


def mermaid_lines(network: Network, ids: Mapping[str, str]) -> list[str]:
    """Return the states and arcs of a network; `ids` goes by the names of states."""
    lines = []
    for state in network.states.values():
        left, right = mermaid_shape(state)
        lines.append(f"    {ids[state.name]}{left}{mermaid_text(state.name)}{right}")
    for state, arc in arcs_of(network):
        label = f"|{mermaid_text(arc_text(arc))}|" if arc_text(arc) else ""
        lines.append(f"    {ids[state.name]} -->{label} {ids[arc.target]}")
    for state, clause in catches_of(network):
        label = mermaid_text(errors_of(clause))
        lines.append(f"    {ids[state.name]} -.->|{label}| {ids[clause.target]}")
    for kind, color in (("start", "#9f9"), ("end", "#f99")):
        names = [state.name for state in network.states.values() if kind_of(state) == kind]
        if names:
            lines.append(f"    style {ids[names[0]]} fill:{color}")
            lines += [f"    style {ids[name]} fill:{color}" for name in names[1:]]
    return lines


def mermaid_shape(state: State) -> tuple[str, str]:
    if state.is_end:
        return "(((", ")))"
    return ("([", "])") if state.is_start else ("[", "]")


def kind_of(state: State) -> str:
    if state.is_start:
        return "start"
    return "end" if state.is_end else ""


def mermaid_ids(network: Network) -> dict[str, str]:
    """Return an id for each state: its name where Mermaid can read it, else a number."""
    ids = {
        name: name
        for name in network.states
        if PLAIN_NAME.fullmatch(name) and name.lower() not in MERMAID_WORDS
    }
    number = 0
    for name in network.states:
        while name not in ids:
            number += 1
            if f"state_{number}" not in ids.values():
                ids[name] = f"state_{number}"
    return ids


def mermaid_text(text: str) -> str:
    """Return quoted text. Mermaid knows no backslash: what it may misread is a character code."""
    return '"' + "".join(char if is_plain(char) else f"#{ord(char)};" for char in text) + '"'


def is_plain(char: str) -> bool:
    return char.isalnum() or char in " _-.,:=+/()[]'…"


# -- tree ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Twig:
    """One line of the tree: a state as `parent` leads to it, None for a root.

    `lead` is what is drawn before its name. `way` is when it is gone to, `note` what is particular
    about it. `is_again`: it was shown before, and is not followed here.
    """

    name: str
    parent: str | None
    lead: str
    way: str
    note: str
    is_again: bool

    def __str__(self) -> str:
        parts = [one_line(self.name), self.way, "(above)" if self.is_again else self.note]
        return self.lead + "  ".join(filter(None, parts))


LOST = "no way leads from the start to:"


def tree(network: Network, inner: Sequence[Network] = ()) -> str:
    """Return the network as an indented tree from its start state, and below it those `inner`.

    A state that was shown before is named again with `(above)` and not followed; states that no
    arc leads to stand at the end.
    """
    reached, lost = twigs(network)
    lines = list(map(str, reached))
    if lost:
        lines += ["", LOST, *map(str, lost)]
    text = "\n".join(lines) + "\n"
    return text + "".join(f"\nnetwork {one_line(each.name)}\n{tree(each)}" for each in inner)


def twigs(network: Network) -> tuple[list[Twig], list[Twig]]:
    """Return the lines of the tree, and those of the states that no way leads to."""
    shown: set[str] = set()
    reached = branch(network, network.start, shown)
    lost: list[Twig] = []
    for name in network.states:
        if name not in shown:
            lost += branch(network, name, shown)
    return reached, lost


def branch(network: Network, root: str, shown: set[str]) -> list[Twig]:
    """Return the lines of the tree below `root`, and add its states to `shown`.

    Not by recursion: a chain of states may be longer than Python's stack.
    """
    found: list[Twig] = []
    waiting: list[tuple[str, str | None, str, str, str]] = [(root, None, "", "", "")]
    while waiting:
        name, parent, lead, indent, way = waiting.pop()
        state = network.states[name]
        found.append(Twig(name, parent, lead, way, about(state), name in shown))
        if name in shown:
            continue
        shown.add(name)
        ways = [(arc.target, way_of(arc)) for arc in state.arcs]
        ways += [(clause.target, errors_of(clause)) for clause in state.catch]
        last = len(ways) - 1
        below = [
            (
                target,
                name,
                indent + ("└─ " if number == last else "├─ "),
                indent + ("   " if number == last else "│  "),
                way,
            )
            for number, (target, way) in enumerate(ways)
        ]
        waiting += reversed(below)
    return found


def about(state: State) -> str:
    """Return what is particular about a state, in brackets."""
    counts = [
        ("schema", int(state.schema is not None)),
        ("check", len(state.pre_validators) + len(state.validators)),
        ("transform", len(state.transforms)),
    ]
    words = ["start"] if state.is_start else []
    words += ["end"] if state.is_end else []
    words += ["retry"] if state.retry is not None else []
    words += [f"{state.timeout_s:g} s"] if state.timeout_s is not None else []
    words += ["on failure"] if state.run_on_failure else []
    words += [noun if count == 1 else f"{count} {noun}s" for noun, count in counts if count]
    return f"[{', '.join(words)}]" if words else ""


def way_of(arc: Arc) -> str:
    """Return when an arc is taken, and what it does to the record."""
    parts = [f"if {one_line(label_of(arc.condition))}"] if arc.condition else []
    if arc.push is not None:
        parts.append(f"through {one_line(through(arc.push))}")
    if arc.transforms:
        parts.append("with a transform" if len(arc.transforms) == 1 else "with transforms")
    return " ".join(parts)


def one_line(text: str) -> str:
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def arcs_of(network: Network) -> Iterator[tuple[State, Arc]]:
    for state in network.states.values():
        for arc in state.arcs:
            yield state, arc


def catches_of(network: Network) -> Iterator[tuple[State, Catch]]:
    for state in network.states.values():
        for clause in state.catch:
            yield state, clause
