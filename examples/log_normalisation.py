"""Log normalisation: lines of text become clean records, with what is personal masked.

Run it with `python examples/log_normalisation.py [--out DIR]`. It writes its own small log into
DIR, by default a fresh temporary folder, runs `log_normalisation.yaml` over it, and prints what
became of the lines. The same from a shell:

    statepipe run examples/log_normalisation.yaml access.log --sink served=served.jsonl ...
"""

import argparse
import tempfile
from pathlib import Path

from statepipe import SimpleFSM

FLOW = Path(__file__).with_suffix(".yaml")

LOG = """\
192.0.2.17 - u17 [24/Nov/2026:10:15:31 +0100] "GET /orders/17 HTTP/1.1" 200 5120
192.0.2.17 - u17 [24/Nov/2026:10:15:32 +0100] "POST /orders?email=u17@example.org HTTP/1.1" 201 64
198.51.100.4 - - [24/Nov/2026:09:15:40 +0000] "GET /admin HTTP/1.1" 403 -
203.0.113.9 - u42 [24/Nov/2026:09:16:02 +0000] "GET /report?token=k3y&page=2 HTTP/1.1" 500 310
-- log rotated --
198.51.100.4 - - [24/Nov/2026:09:16:10 +0000] "GET /robots.txt HTTP/1.1" 404 12
203.0.113.9 - u42 [31/Nov/2026:09:16:11 +0000] "GET / HTTP/1.1" 200 2048
"""


def normalise(folder: Path) -> None:
    """Write the log into `folder`, and beside it a file for each way that a request ended."""
    log = folder / "access.log"
    log.write_text(LOG, encoding="utf-8")
    with SimpleFSM(FLOW) as fsm:
        result = fsm.process_stream(
            log,
            sink={name: folder / f"{name}.jsonl" for name in ("served", "refused", "broken")},
            dead_letters=folder / "unread.jsonl",
        )
    print(f"{result.total_records} lines: {result.by_state}, and {result.failed} that failed:")
    for error in result.errors:
        print(f"  line {error.position.line}: {error.message}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Normalise the lines of a log.")
    parser.add_argument("--out", metavar="DIR", type=Path, help="folder for all files")
    chosen = parser.parse_args().out
    folder = Path(chosen or tempfile.mkdtemp(prefix="statepipe-logs-")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    normalise(folder)
    print(f"\nThe files are in {folder}:")
    for name in ("served", "refused", "broken"):
        print(f"\n{name}.jsonl\n{(folder / name).with_suffix('.jsonl').read_text()}", end="")
    print("\nThe lines that failed are whole in unread.jsonl: statepipe dead unread.jsonl")


if __name__ == "__main__":
    main()
