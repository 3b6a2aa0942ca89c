"""The streams that the reliability tests kill and stop, and what they give undisturbed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.reliability.victims import Job
from tests.streaming.pushes import pushing
from tests.streaming.streams import Stream, async_stream, blocking_stream, one_state

SEEN = "lambda state: {**state.data, 'seen': 1}"

OLD = b"what stood there before\n"


@dataclass(frozen=True, slots=True)
class Flow:
    """A kind of stream. `suffix` "" is an iterator."""

    name: str
    suffix: str
    into: str
    parallelism: int = 1
    stream: Stream = blocking_stream
    stages: int = 1
    sinks: int = 2
    machine: Callable[[], dict[str, Any]] | None = None

    def job(self, folder: Path, name: str, records: int) -> Job:
        """Return the stream into a new folder, which holds an old output already."""
        out = folder / name
        out.mkdir()
        names = ["output", "negative"][: self.sinks]
        sink = {state: out / f"{state}{self.into}" for state in names}
        sink["output"].write_bytes(OLD)
        return Job(
            config=(self.machine or numbers)(),
            source=self._source(folder, records),
            sink=sink,
            checkpoint=folder / f"{name}.checkpoint",
            stream=self.stream,
            parallelism=self.parallelism,
            second=one_state(SEEN) if self.stages == 2 else None,
            options={"dead_letters": out / "letters.dead.jsonl"},
        )

    def _source(self, folder: Path, records: int) -> Callable[[], Any]:
        if not self.suffix:
            return lambda: (json.loads(line) for line in json_lines(records))
        path = folder / f"in{self.suffix}"
        if not path.exists():
            content = source_content(self.suffix, records)
            packed = self.suffix.endswith(".gz")
            path.write_bytes(gzip.compress(content, 1) if packed else content)
        return lambda: path


FLOWS = [
    Flow("two-sinks", ".jsonl", ".jsonl"),
    Flow("two-workers", ".jsonl", ".jsonl", parallelism=2),
    Flow("gzip", ".jsonl.gz", ".jsonl.gz"),
    Flow("gzip-by-two-workers", ".csv.gz", ".jsonl.gz", parallelism=2),
    Flow("csv", ".csv", ".csv"),
    Flow("csv-by-two-workers", ".csv", ".csv.gz", parallelism=2),
    Flow("two-stages", ".jsonl", ".jsonl", stages=2, sinks=1),
    Flow("iterator", "", ".json"),
    Flow("async", ".jsonl", ".json", stream=async_stream),
    Flow("pushes", ".jsonl", ".jsonl", machine=pushing),
    Flow("pushes-by-two-workers", ".csv", ".jsonl.gz", parallelism=2, machine=pushing),
]


def numbers() -> dict[str, Any]:
    """Return a machine that fails on zero, and parts negative from other values."""
    code = (
        "lambda state: {**state.data, 'value': int(state['value']), 'r': 9 / int(state['value'])}"
    )
    machine = one_state(code, name="Numbers")
    machine["states"][0]["name"] = "input"
    machine["states"].append({"name": "negative", "is_end": True})
    condition = "lambda state: state['value'] < 0"
    machine["arcs"].insert(0, {"from": "input", "to": "negative", "condition": condition})
    return machine


def value(n: int) -> int:
    if n % 97 == 0:
        return 0
    return -n if n % 7 == 0 else n


def json_lines(records: int) -> Iterator[str]:
    for n in range(records):
        yield json.dumps({"value": value(n), "note": f"record {n} é" + "x" * (n % 401)})


def source_content(suffix: str, records: int) -> bytes:
    """Return the bytes of a source; of its lines some are malformed."""
    if suffix.startswith(".csv"):
        rows = "".join(f'{value(n)},"a\nb {n}{"x" * (n % 401)}"\n' for n in range(records))
        return f"value,note\n{rows}".encode()
    lines = list(json_lines(records))
    lines[50:records:1111] = ["no json"] * len(lines[50:records:1111])
    return "\n".join(lines).encode()


def undisturbed(job: Job) -> tuple[dict[str, bytes], Any]:
    """Run a job in one go; return its files by name, and the result."""
    result = job.run()
    return files_of(job), result


def files_of(job: Job) -> dict[str, bytes]:
    """Return every file in the folder of the outputs, partial ones too."""
    folder = next(iter(job.sink.values())).parent
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def counts_of(result: Any) -> list[Any]:
    names = ("total_records", "successful", "failed", "malformed", "emitted", "by_state")
    return [result[name] for name in names] + [str(error) for error in result.errors]


def taking_over(job: Job) -> Job:
    return replace(job, options={**job.options, "take_over": True})
