"""The example of log normalisation prints and writes what it says."""

from __future__ import annotations

from pathlib import Path

from tests.examples.scripts import EXAMPLES, command, printed_by, records_in

OUTPUT = r"""7 lines: {'broken': 1, 'refused': 2, 'served': 2}, and 2 that failed:
  line 5: field 'text': does not match '^(?P<client>\\S+) \\S+ (?P<user>\\S+) \\[(?P<at>[^\\]]+)\\] "(?P<method>[A-Z]+) (?P<url>\\S+) [^"]*" (?P<status>\\d{3}) (?P<bytes>\\d+|-)$' (rule 'regex_extract')
  line 7: field 'at': '31/Nov/2026:09:16:11 +0000' is no date as %d/%b/%Y:%H:%M:%S %z (rule 'parse_date')

The files are in OUT:

served.jsonl
{"client":"192.0.0.0","user":"u***","at":"2026-11-24T09:15:31+00:00","method":"GET","url":"/orders/17","status":200,"bytes":5120}
{"client":"192.0.0.0","user":"u***","at":"2026-11-24T09:15:32+00:00","method":"POST","url":"/orders?email=...","status":201,"bytes":64}

refused.jsonl
{"client":"198.51.0.0","user":null,"at":"2026-11-24T09:15:40+00:00","method":"GET","url":"/admin","status":403,"bytes":null}
{"client":"198.51.0.0","user":null,"at":"2026-11-24T09:16:10+00:00","method":"GET","url":"/robots.txt","status":404,"bytes":12}

broken.jsonl
{"client":"203.0.0.0","user":"u***","at":"2026-11-24T09:16:02+00:00","method":"GET","url":"/report?token=...&page=2","status":500,"bytes":310}

The lines that failed are whole in unread.jsonl: statepipe dead unread.jsonl
"""  # noqa: E501 - what is printed has lines of any length
LINES = [
    "-- log rotated --",
    '203.0.113.9 - u42 [31/Nov/2026:09:16:11 +0000] "GET / HTTP/1.1" 200 2048',
]


def test_it_prints_what_became_of_its_lines(tmp_path: Path) -> None:
    out = tmp_path / "made" / "here"
    out.parent.mkdir()

    assert printed_by("log_normalisation.py", out) == OUTPUT.replace("OUT", str(out))
    assert [letter["original"] for letter in records_in(out / "unread.jsonl")] == LINES


def test_no_output_shows_who_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    printed_by("log_normalisation.py", out)
    written = "".join((out / f"{name}.jsonl").read_text() for name in ("served", "refused"))

    assert [
        name for name in ("u17", "u42", "example.org", "2.17", "100.4") if name in written
    ] == []


def test_the_same_flow_runs_from_a_shell(tmp_path: Path) -> None:
    out = tmp_path / "out"
    printed_by("log_normalisation.py", out)
    flow, again = EXAMPLES / "log_normalisation.yaml", tmp_path / "again.jsonl"
    done = command("run", flow, out / "access.log", f"--sink=served={again}", "--max-errors=2")

    assert done.returncode == 0, done.stderr
    assert records_in(again) == records_in(out / "served.jsonl")
