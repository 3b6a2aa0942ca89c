"""The record that `--data` gives: JSON on the command line, in a file, or on standard input."""

from __future__ import annotations

import os
import sys

from statepipe.connectors.json_codec import JsonDecoder
from statepipe.errors import UsageError
from statepipe.ports.formats import Malformed
from statepipe.record import Record

STANDARD = "-"
FROM_FILE = "@"


def record_of(data: str, many: str) -> Record:
    """Return the record that `--data` gives; UsageError, with the advice `many` for several."""
    text, where = text_of(data)
    [found] = JsonDecoder().decode_each([text])
    if found is None:
        raise UsageError(f"{where} is empty: give one JSON object, as '{{\"id\": 1}}'")
    if not isinstance(found, Malformed):
        return found
    raise UsageError(f"{where} is no record: {found.reason}{advice(data, text, many)}")


def text_of(data: str) -> tuple[bytes, str]:
    """Return the JSON text that `--data` stands for, and how to call it."""
    if data == STANDARD:
        return sys.stdin.buffer.read(), "standard input"
    if not data.startswith(FROM_FILE):
        return data.encode(errors="surrogateescape"), "--data"
    path = data.removeprefix(FROM_FILE)
    try:
        with open(path, "rb") as file:
            return file.read(), path
    except OSError as error:
        raise UsageError(f"--data {data}: {error.strerror}") from error


def advice(data: str, text: bytes, many: str) -> str:
    """Return what may have been meant."""
    if data not in (STANDARD, "") and os.path.isfile(data):
        return f"; to read it from the file: --data {FROM_FILE}{data}"
    if len([line for line in text.splitlines() if line.strip().startswith(b"{")]) > 1:
        return f"; {many}"
    return ""
