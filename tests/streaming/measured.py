"""Streams in a process of their own, whose memory is measured from outside."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

SAMPLE_S = 0.01

CHILD = """
import json, sys
from statepipe import SimpleFSM, StreamConfig, StreamError

flow = {
    "name": "Through",
    "states": [{"name": "in", "is_start": True}, {"name": "out", "is_end": True}],
    "arcs": [{"from": "in", "to": "out"}],
}
asked = json.loads(sys.argv[1])
told = []
def note(progress):
    told.append(progress)
    del told[:-1]
try:
    result = SimpleFSM(flow).process_stream(
        eval(asked["source"]), asked["sink"], on_progress=note, input_format=asked["format"],
        stream_config=StreamConfig(**asked["options"]))
    error = None
except StreamError as exc:
    result, error = exc.result, str(exc)
last = told[-1] if told else None
# Not `ru_maxrss`: that begins with the memory of the process that forked this one.
status = open("/proc/self/status").read()
own_kb = int(status.partition("VmHWM:")[2].split()[0])
print(json.dumps({
    "total": result.total_records, "successful": result.successful, "failed": result.failed,
    "malformed": result.malformed, "emitted": result.emitted, "error": error,
    "messages": sorted({e.message for e in result.errors}), "paused_s": result.paused_s,
    "chunk_size": last.chunk_size if last else None, "told_mb": result.peak_memory_mb,
    "own_mb": own_kb / 1024,
}))
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a child said of its stream, and the most memory it and its workers had, in MB."""

    said: dict[str, Any]
    peak_mb: float


def run_measured(
    source: str | Path,
    sink: Path,
    *,
    feed: Iterable[bytes] = (),
    format: str = "jsonl",  # noqa: A002 - the word that users write
    expression: bool = False,
    **options: Any,
) -> Ran:
    """Stream `source` to `sink` in a child; `feed` goes to its standard input.

    `expression`: the source is Python that makes it. The peak is the child's own count of its
    pages (exact), or where there are workers what was seen of the whole tree.
    """
    asked = {
        "source": str(source) if expression else repr(str(source)),
        "sink": str(sink),
        "format": "auto" if expression else format,
        "options": options,
    }
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, json.dumps(asked)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    peaks: list[float] = [0.0]
    over = threading.Event()
    watching = threading.Thread(target=watch, args=(child.pid, peaks, over))
    watching.start()
    assert child.stdin is not None
    try:
        for piece in feed:
            child.stdin.write(piece)
        out, err = child.communicate()
    finally:
        over.set()
        watching.join()
    assert child.returncode == 0, err.decode()
    said = json.loads(out)
    print(f"memory: {said['own_mb']:.0f} MB, with workers {peaks[0]:.0f} MB; {said}")
    return Ran(said, max(said["own_mb"], *peaks))


def watch(pid: int, peaks: list[float], over: threading.Event) -> None:
    """Note the most resident memory of a process and its children, until `over`."""
    process = psutil.Process(pid)
    while not over.wait(SAMPLE_S):
        try:
            tree = [process, *process.children()]
            total = sum(one.memory_info().rss for one in tree) / 1024 / 1024
        except psutil.Error:
            continue
        peaks[0] = max(peaks[0], total)


def check_counts(said: dict[str, Any]) -> None:
    """Check that what a child counted adds up."""
    assert said["total"] == said["successful"] + said["failed"]
    assert said["emitted"] == said["successful"]
    assert said["malformed"] <= said["failed"]
