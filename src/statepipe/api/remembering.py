"""Remembering: which streams a machine can run whose functions know the records before."""

from __future__ import annotations

from collections.abc import Sequence

from statepipe.api.assemble import Core
from statepipe.errors import UsageError
from statepipe.run.options import StreamConfig


def check_memory(stages: Sequence[Core], config: StreamConfig, *, checkpointed: bool) -> None:
    """Raise UsageError where what functions remember would be lost, split, or counted twice."""
    for stage in stages:
        memory = stage.plan.memory
        if memory == "none":
            continue
        names = ", ".join(stage.plan.remembering())
        if checkpointed:
            raise UsageError(
                f"a checkpoint does not hold what {names} remembers of earlier records; leave the "
                "checkpoint out, or the function"
            )
        if config.retry_on_error and config.max_retries:
            raise UsageError(
                f"retry_on_error would show failed records to {names} again, after later ones; "
                "leave one of the two out"
            )
        if config.parallelism > 1 and memory == "run":
            raise UsageError(
                f"with parallelism={config.parallelism} each worker sees only a part of the "
                f"records that {names} should remember; use parallelism=1, or say "
                "`per_worker: true` if that will do"
            )
