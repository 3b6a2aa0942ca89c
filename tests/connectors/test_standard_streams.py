"""Tests of standard input and output, in real processes."""

from __future__ import annotations

import subprocess
import sys

from statepipe.connectors.csv_format import CsvOutput
from statepipe.connectors.standard_streams import StandardOutput

COPY = """
from statepipe.connectors.jsonl import JsonLinesInput, JsonLinesOutput
from statepipe.connectors.standard_streams import StandardInput, StandardOutput
source, sink = StandardInput(JsonLinesInput()), StandardOutput(JsonLinesOutput())
reader, writer = source.open(), sink.open()
while (block := reader.read()) is not None:
    writer.write(sink.encoder.encode(source.decoder.decode(block.items)))
    writer.flush()
reader.close()
writer.commit()
writer.abort()
print("done")
"""


def test_records_go_from_standard_input_to_standard_output() -> None:
    run = subprocess.run(
        [sys.executable, "-c", COPY], input=b'{"a": 1}\n{"a": 2}', capture_output=True, check=True
    )

    assert run.stdout == b'{"a":1}\n{"a":2}\ndone\n'


def test_a_record_comes_out_before_the_next_goes_in() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", COPY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"a": 1}\n{"a"')
        process.stdin.flush()
        first = process.stdout.readline()
        process.stdin.write(b": 2}\n")
        process.stdin.close()
        rest = process.stdout.read()

    assert (first, rest) == (b'{"a":1}\n', b'{"a":2}\ndone\n')


def test_a_reader_that_went_away_is_an_error() -> None:
    script = COPY.replace(
        "reader, writer =",
        "import os; r, w = os.pipe(); os.dup2(w, 1); os.close(w); os.close(r)\nreader, writer =",
    )
    run = subprocess.run(
        [sys.executable, "-c", script], input=b"{}\n", capture_output=True, check=False
    )

    assert b"SinkError: cannot write standard output after 0 bytes: Broken pipe" in run.stderr


def test_each_opening_has_a_new_encoder() -> None:
    sink = StandardOutput(CsvOutput())
    before = sink.encoder
    sink.open().abort()

    assert sink.encoder is not before
