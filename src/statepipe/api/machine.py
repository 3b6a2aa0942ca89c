"""ConfiguredMachine: what both kinds of FSM have in common: a config, states, an end."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from statepipe.api.assemble import Core, Functions
from statepipe.config.load import Config
from statepipe.record import DataHandlingMode
from statepipe.run.options import StreamConfig


class ConfiguredMachine:
    """A machine, ready to run. Made from a dict, or from a YAML or JSON file."""

    def __init__(
        self,
        config: Config,
        data_mode: DataHandlingMode = DataHandlingMode.COPY,
        resources: Mapping[str, Any] | None = None,
        custom_functions: Functions | None = None,
        stream_config: StreamConfig | None = None,
        trusted: bool | None = None,
    ) -> None:
        """Make the machine that `config` means.

        `data_mode` holds where the config names none. `resources` are seen by functions as
        `state.resources`, in place of those of the same name in the config.
        `custom_functions` are what the config calls registered functions.
        `stream_config` holds for streams that bring none. `trusted` None trusts a dict and no
        file; see docs/guides/trust.md. Raises ConfigError with every problem of the config.
        """
        self._core = Core(config, data_mode, resources, custom_functions, stream_config, trusted)
        self._stages: tuple[Core, ...] = (self._core,)

    def get_states(self) -> list[str]:
        """Return the names of the main network's states, as written."""
        return self._core.state_names()

    def get_resources(self) -> list[str]:
        """Return the names of the resources that functions see."""
        return self._core.resources.names

    @property
    def config(self) -> dict[str, Any]:
        """The config in its canonical form."""
        return self._core.config

    def close(self) -> None:
        """Refuse further work, and close the resources. Closing twice is fine."""
        self._core.close()

    async def aclose(self) -> None:
        """As `close`, also of what has to be closed in the event loop."""
        await self._core.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
