"""AtOnce: time as tests have it. Limits hold, and waits are over at once."""

from __future__ import annotations

import asyncio

from statepipe.run.deadline import SystemTiming


class AtOnce(SystemTiming):
    """The `Timing` of a process in which nobody waits, as between the attempts of a `retry`."""

    def sleep(self, seconds: float) -> None:
        """Go on."""

    async def sleep_async(self, seconds: float) -> None:
        """Let everything else run, and go on."""
        await asyncio.sleep(0)
