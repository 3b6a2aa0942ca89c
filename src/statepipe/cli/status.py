"""`statepipe status`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from statepipe.cli.terminal import bold, dim, green, red, say, yellow
from statepipe.cli.words import counted, printable
from statepipe.connectors.checkpoint_status import CheckpointStatus, status_of
from statepipe.saved import Phase, Saved


@click.command("status", short_help="Say how far the run of a checkpoint is.")
@click.argument("directory")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(directory: str, as_json: bool) -> None:
    """Say how far the run of the checkpoint DIRECTORY is, and whether one is under way.

    Reads only: a run that is under way is not disturbed.
    """
    status = status_of(directory)
    say(report(directory, status) if as_json else "\n".join(lines_of(directory, status)))


def report(directory: str, status: CheckpointStatus) -> str:
    """Return the status as one JSON object."""
    saved = status.saved
    found: dict[str, Any] = {  # JSON
        "checkpoint": directory,
        "state": state_of(status),
        "process": status.owner,
    }
    if saved is not None:
        found |= {
            "run_id": saved.run_id,
            "began": moment(saved.began_s),
            "source": dict(saved.source),
            "point": asdict(saved.point) if saved.point is not None else None,
            **asdict(saved.counts),
            "output_bytes": sum(output.length for output in saved.outputs if output is not None),
        }
        del found["groups"]
    return json.dumps(found)


def state_of(status: CheckpointStatus) -> str:
    """Return `empty`, `finished`, `running`, or `left`: to be gone on with."""
    if status.saved is not None and status.saved.phase is Phase.DONE:
        return "finished"
    if status.owner is not None:
        return "running"
    return "empty" if status.saved is None else "left"


PAINTS = {"finished": green, "running": yellow, "left": red, "empty": dim}


def lines_of(directory: str, status: CheckpointStatus) -> list[str]:
    """Return the status for people."""
    state = state_of(status)
    owner = f" (process {status.owner})" if state == "running" and status.owner else ""
    lines = [f"{bold(printable(directory))}: {PAINTS[state](state)}{owner}"]
    if status.saved is not None:
        lines += fact_lines(status.saved)
    if state == "left":
        lines.append(dim("the same command goes on where it was left"))
    return lines


def fact_lines(saved: Saved) -> list[str]:
    counts = saved.counts
    facts = {"began": moment(saved.began_s), "records": f"{counts.total:,}{part_of(saved)}"}
    facts |= {state: f"{count:,}" for state, count in counts.by_state.items()}
    if counts.failed:
        malformed = f" ({counts.malformed:,} malformed)" if counts.malformed else ""
        facts["failed"] = f"{counts.failed:,}{malformed}"
    facts["source"] = saved.source.get("path") or f"a {saved.source.get('kind')}"
    safe = sum(output.length for output in saved.outputs if output is not None)
    facts["written"] = counted(safe, "byte")
    names = {name: printable(name) for name in facts}
    width = max(map(len, names.values()))
    return [f"  {dim(names[name].ljust(width))}  {printable(fact)}" for name, fact in facts.items()]


def part_of(saved: Saved) -> str:
    """Return how much of the source is done, where that is known."""
    size = saved.source.get("size", "")
    if not size.isdecimal() or not int(size):
        return ""
    return f", {min(100, 100 * saved.counts.size // int(size))} % of the source"


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ", timespec="seconds")
