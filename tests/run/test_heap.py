"""Tests that chunks do not give their memory back only to ask for it again."""

from __future__ import annotations

import mmap
import platform
import subprocess
import sys

import pytest

from statepipe import SimpleFSM
from statepipe.api import streaming

# Counts the page faults of what comes and goes as a chunk's texts do, once the heap is warm.
RUN = """
import resource, sys
from statepipe.run.heap import settle_heap

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    texts = [bytes(1000) for _ in range(20_000)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

if sys.argv[1] == "settled":
    settle_heap()
faults()
print(faults())
"""
PAGES = 20_000 * 1000 // mmap.PAGESIZE


def page_faults(heap: str) -> int:
    arguments = [sys.executable, "-c", RUN, heap]
    return int(subprocess.run(arguments, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's own habit")
def test_a_settled_heap_does_not_fault_its_memory_in_again_and_again() -> None:
    assert page_faults("settled") < PAGES * 0.1
    assert page_faults("unsettled") > PAGES * 0.9


def test_a_stream_settles_the_heap_of_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    settled: list[int] = []
    monkeypatch.setattr(streaming, "settle_heap", lambda: settled.append(1))
    fsm = SimpleFSM({"name": "m", "states": {"a": {"start": True, "end": True}}, "arcs": []})

    fsm.process_stream([{"n": 1}], None)

    assert settled == [1]
