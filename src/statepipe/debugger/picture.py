"""Picture: the network as a tree, with where the record is, was, and is to stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from statepipe.debugger.conditions import Breakpoint
from statepipe.debugger.names import network_of
from statepipe.debugger.text import Line, Tone, dim, line
from statepipe.debugger.timeline import Timeline
from statepipe.graph.draw import LOST, Twig, twigs
from statepipe.graph.model import Machine


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the picture. `state` is as paths name it, None for a heading."""

    line: Line
    state: str | None = None
    is_here: bool = False


def picture(
    machine: Machine, timeline: Timeline, breakpoints: Mapping[str, Breakpoint]
) -> list[Row]:
    """Return the network in which the record stands. Where that is another's, its name is told."""
    network = network_of(timeline.state, machine)
    nested = network is not machine.main_network
    look = Look(f"{network.name}:" if nested else "", timeline, breakpoints)
    reached, lost = twigs(network)
    rows = [Row(line(dim(f"network {network.name}")))] if nested else []
    rows += map(look.row, reached)
    if lost:
        rows += [Row(line(dim(LOST))), *map(look.row, lost)]
    return rows


@dataclass(frozen=True, slots=True)
class Look:
    """How the states of one network look. `prefix` is what paths put before their names."""

    prefix: str
    timeline: Timeline
    breakpoints: Mapping[str, Breakpoint]

    def row(self, twig: Twig) -> Row:
        """Return a line: `▶` where the record is, or `✗` where it failed, `✓` where it was.

        `●` stands before a state with a breakpoint.
        """
        timeline, name = self.timeline, f"{self.prefix}{twig.name}"
        here = name == timeline.state and not twig.is_again
        been = name in timeline.path[:-1]
        held = "●" if name in self.breakpoints and not twig.is_again else " "
        at: tuple[str, Tone] = (" ", "plain")
        if here:
            at = ("▶", "here") if timeline.error is None else ("✗", "error")
        elif been and not twig.is_again:
            at = ("✓", "added")
        tone: Tone = "here" if here else "plain" if been and not twig.is_again else "dim"
        if not twig.is_again and not here and not been:
            tone = "plain"
        note = "(above)" if twig.is_again else twig.note
        rest = "  ".join(filter(None, [twig.way, note]))
        taken = twig.parent is not None and (f"{self.prefix}{twig.parent}", name) in self.steps
        lead: tuple[str, Tone] = (twig.lead, "added" if taken else "dim")
        text = line(
            (held, "error"), at, " ", lead, (twig.name, tone), dim(f"  {rest}" if rest else "")
        )
        return Row(text, name, here)

    @property
    def steps(self) -> set[tuple[str, str]]:
        """The ways between states that the record has gone."""
        return set(pairwise(self.timeline.path))
