"""The workload in statepipe, as a user writes it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from bench import workload
from statepipe import CoreStreamConfig, SimpleFSM


def run(config: dict[str, Any], source: str, sink: str, chunk_size: int, workers: int) -> None:
    options = CoreStreamConfig(chunk_size=chunk_size, parallelism=workers)
    with SimpleFSM(config) as fsm:
        fsm.process_stream(source, sink, stream_config=options)


def run_plain(source: str, sink: str) -> None:
    run(workload.plain_config(), source, sink, chunk_size=1000, workers=1)


def run_small_chunks(source: str, sink: str) -> None:
    run(workload.plain_config(), source, sink, chunk_size=10, workers=1)


def run_two_workers(source: str, sink: str) -> None:
    run(workload.plain_config(), source, sink, chunk_size=1000, workers=2)


def run_with_checkpoint(source: str, sink: str) -> None:
    """Run the plain workload so that it could be gone on with after a crash."""
    options = CoreStreamConfig(chunk_size=1000)
    with (
        tempfile.TemporaryDirectory(dir=Path(sink).parent) as folder,
        SimpleFSM(workload.plain_config()) as fsm,
    ):
        checkpoint = Path(folder) / "checkpoint"
        fsm.process_stream(source, sink, stream_config=options, checkpoint=checkpoint)


def run_heavy(source: str, sink: str) -> None:
    run(workload.heavy_config(), source, sink, chunk_size=1000, workers=1)


def run_heavy_two_workers(source: str, sink: str) -> None:
    run(workload.heavy_config(), source, sink, chunk_size=1000, workers=2)
