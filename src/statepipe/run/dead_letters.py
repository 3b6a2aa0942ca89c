"""Dead letters: what is written down of every record that failed, so that none is lost."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from statepipe.ports import ByteSink
from statepipe.run.chunk import Failure
from statepipe.run.outlets import Outlet


@dataclass(frozen=True, slots=True)
class Sender:
    """What the dead letters of a stream have in common.

    `machines` are the name and the config's hash of each stage.
    """

    source: str
    machines: tuple[tuple[str, str], ...]


def dead_letter(failure: Failure, sender: Sender) -> bytes:
    """Return the JSON line of a failure, newline included.

    `original` holds the record's bytes as the source had them, or `original_base64` where they
    are not UTF-8. Source: docs/guides/streaming.md, "Dead letters".
    """
    error = failure.error
    machine, config_hash = sender.machines[failure.stage]
    position = error.position
    envelope: dict[str, Any] = {
        **original_fields(failure.original),
        "source": sender.source,
        "position": {
            "record": position.index if position else None,
            "line": failure.line,
            "offset": failure.offset,
        },
        "machine": machine,
        "path": list(error.path),
        "state": error.state,
        "arc": error.arc,
        "role": error.role,
        "error_type": error.error_type,
        "message": error.message,
        "hint": error.hint,
        "place": str(error.place) if error.place else None,
        "config_hash": config_hash,
        "attempts": failure.retries + 1,
    }
    text = json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="backslashreplace") + b"\n"


def original_fields(original: bytes | None) -> dict[str, str | None]:
    if original is None:
        return {"original": None}
    try:
        return {"original": original.decode()}
    except UnicodeDecodeError:
        return {"original_base64": b64encode(original).decode()}


class DeadLetters:
    """Writes dead letters to a sink that is made when the first one comes.

    `outlet` leads to it; `begun` if an earlier run has made it. `path` is where it will stand,
    None while there is no letter.
    """

    def __init__(
        self, sink: ByteSink, sender: Sender, outlet: Outlet, *, begun: bool = False
    ) -> None:
        self.path: str | None = sink.name if begun else None
        self._sink = sink
        self._sender = sender
        self._outlet = outlet
        self._begun = begun
        self._is_open = False

    def prepare(self) -> None:
        """Raise SinkError if the file could not be made, before anything is read.

        One that an earlier run has made is opened.
        """
        if self._begun:
            self._open()
        else:
            self._sink.open().abort()

    async def write(self, failures: list[Failure]) -> None:
        """Write down the failures of a chunk, in order."""
        if not self._is_open:
            self._open()
        lines = [dead_letter(failure, self._sender) for failure in failures]
        await self._outlet.write(b"".join(lines))

    def _open(self) -> None:
        self._outlet.open()
        self._is_open = True
        self.path = self._sink.name

    async def commit(self) -> None:
        await self._outlet.commit()

    async def abort(self) -> None:
        await self._outlet.abort()
