"""AdvancedFSM: records step by step: breakpoints, traces, profiles, histories, inspection."""

from __future__ import annotations

from typing import Any

from statepipe.api.assemble import Functions
from statepipe.api.history import History, HistoryEntry, Storage
from statepipe.api.inspecting import facts_of, report_on, state_called, transitions_of
from statepipe.api.machine import ConfiguredMachine
from statepipe.api.running import RunningMachine
from statepipe.config.load import Config
from statepipe.graph.draw import dot


class AdvancedFSM(RunningMachine):
    """A machine to look into: it does what `SimpleFSM` does, as slowly as one wants to see it."""

    # -- inspecting ------------------------------------------------------------------------

    def get_available_transitions(self, state: str) -> list[dict[str, Any]]:
        """Return the arcs of a state as they are tried, each with `name`, `target` and more."""
        return transitions_of(state_called(self._core.machine, state), state)

    def inspect_state(self, state: str) -> dict[str, Any]:
        """Return what a state is: `name`, `is_start`, `has_transform`, `arcs` and more."""
        return facts_of(state_called(self._core.machine, state), state)

    def visualize_fsm(self) -> str:
        """Return the network in Graphviz's language: the start green, end states red.

        Networks that arcs lead through stand in boxes beside it.
        """
        machine = self._core.machine
        return dot(machine.main_network, machine.inner_networks)

    async def validate_network(self) -> dict[str, Any]:
        """Say what keeps the networks from being of a piece: `valid`, `issues` and `stats`.

        `issues` are lines of text, `stats` counts of the main network's states.
        """
        return report_on(self._core.machine)

    # -- history ---------------------------------------------------------------------------

    @property
    def execution_history(self) -> History | None:
        return self._histories.history

    @property
    def history_enabled(self) -> bool:
        return self._histories.history is not None

    @property
    def max_history_depth(self) -> int | None:
        """How many steps are kept; None if none are."""
        history = self._histories.history
        return None if history is None else history.max_depth

    def enable_history(self, storage: Storage = None, max_depth: int = 100) -> None:
        """Keep the last `max_depth` steps from here on, of all contexts, in a new history.

        `storage` is where `save_history` puts it: a folder, a path ending in `.db`, `.sqlite` or
        `.sqlite3` for a database, a `HistoryStore`, or None for the program's own memory.
        """
        self._histories.enable(storage, max_depth)

    def disable_history(self) -> None:
        """Keep nothing further, and let go of what was kept and not saved."""
        self._histories.disable()

    def get_history(self) -> list[HistoryEntry]:
        """Return the steps that are kept, oldest first."""
        history = self._histories.history
        return [] if history is None else list(history.entries)

    async def save_history(self) -> str:
        """Save the history as JSON; return the id that `load_history` takes.

        Raises UsageError naming the field of a value that JSON has no word for.
        """
        return await self._histories.save()

    async def load_history(self, history_id: str) -> History:
        """Put a saved history of this machine in the place of the current one, and return it."""
        return await self._histories.load(history_id)


def create_advanced_fsm(
    config: Config | ConfiguredMachine,
    custom_functions: Functions | None = None,
    **options: Any,  # the other parameters of AdvancedFSM
) -> AdvancedFSM:
    """Return an `AdvancedFSM`."""
    return AdvancedFSM(config, custom_functions=custom_functions, **options)
