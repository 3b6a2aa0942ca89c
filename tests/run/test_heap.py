"""Tests that chunks do not give their memory back only to ask for it again."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

RECORDS = 60_000

# Counts the page faults of a stream after a warm-up, with and without the settled heap.
RUN = """
import resource, sys
import statepipe.api.streaming as streaming
from statepipe import SimpleFSM
if sys.argv[3] == "unsettled":
    streaming.settle_heap = lambda: None
fsm = SimpleFSM({"name": "m", "states": {"a": {"start": True}, "b": {"end": True}},
                 "arcs": [{"from": "a", "to": "b"}]})
fsm.process_stream(sys.argv[1], sys.argv[2], chunk_size=1000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
fsm.process_stream(sys.argv[1], sys.argv[2], chunk_size=1000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(tmp_path: Path, heap: str) -> int:
    source = tmp_path / "in.jsonl"
    record = json.dumps({"id": 1, "text": "x" * 300})
    source.write_text(f"{record}\n" * RECORDS)
    arguments = [sys.executable, "-c", RUN, str(source), str(tmp_path / "out.jsonl"), heap]
    return int(subprocess.run(arguments, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's own habit")
def test_a_stream_does_not_fault_its_memory_in_again_and_again(tmp_path: Path) -> None:
    settled = page_faults(tmp_path, "settled")
    # A heap that grew enough by chance settles by itself, but hardly three times.
    unsettled = max(page_faults(tmp_path, "unsettled") for _ in range(3))

    assert settled < RECORDS * 0.2
    assert settled < unsettled
