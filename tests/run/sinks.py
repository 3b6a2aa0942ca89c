"""A byte sink in memory, for tests of what writes to one: it can hold back and break."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from statepipe.connectors.json_codec import JsonEncoder
from statepipe.ports.byte_sink import ByteWriter
from statepipe.ports.formats import Encoder, Framing
from tests.run.sources import WAIT_S


@dataclass(slots=True)
class PaperSink:
    """Keeps what is written in `text`, and what befell it in `events`.

    `gate` holds writing back until it is set. Each of the errors is raised where its name says.
    """

    name: str = "paper"
    path: str | None = None
    encoder: Encoder = field(default_factory=JsonEncoder)
    framing: Framing = field(default=Framing(between=b"", end_if_any=b""))
    gate: threading.Event | None = None
    open_error: Exception | None = None
    write_error: Exception | None = None
    commit_error: Exception | None = None
    text: bytes = b""
    events: list[str] = field(default_factory=list)

    def open(self) -> ByteWriter:
        if self.open_error is not None:
            raise self.open_error
        self.events.append("open")
        return PaperWriter(self)


class PaperWriter:
    def __init__(self, sink: PaperSink) -> None:
        self._sink = sink

    def write(self, data: bytes) -> None:
        if self._sink.gate is not None:
            assert self._sink.gate.wait(WAIT_S)
        if self._sink.write_error is not None:
            raise self._sink.write_error
        self._sink.text += data

    def flush(self) -> None:
        return

    def commit(self) -> None:
        if self._sink.commit_error is not None:
            raise self._sink.commit_error
        self._sink.events.append("commit")

    def abort(self) -> None:
        self._sink.events.append("abort")
