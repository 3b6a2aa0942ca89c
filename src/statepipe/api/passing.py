"""Passing on: what one machine of a pipeline hands to the next."""

from __future__ import annotations

from statepipe.api.assemble import Core
from statepipe.errors import UsageError


def emitting(stage: Core) -> frozenset[str]:
    """Return the end states of a stage whose records go on to the next."""
    states = stage.machine.main_network.states.values()
    return frozenset(state.name for state in states if state.is_end and state.emit_output)


def refuse_own_sinks(stage: Core) -> None:
    """Refuse end states with their own sink where another machine follows."""
    for state in stage.machine.main_network.states.values():
        if state.sink is not None:
            raise UsageError(
                f"{stage.machine.name!r} is followed by another machine, and its end state "
                f"{state.name!r} has a sink of its own: not yet possible in a pipeline"
            )
