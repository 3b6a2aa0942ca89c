"""`statepipe init`."""

from __future__ import annotations

import os
import shlex
import sys
from importlib.resources import files
from pathlib import Path

import click

from statepipe.cli.terminal import bold, dim, green, say
from statepipe.cli.words import printable
from statepipe.errors import SinkError, UsageError

STARTER = {
    "flow.yaml": "the flow",
    "input.jsonl": "five records",
    "README.md": "what to do with them",
    "test_flow.py": "a test",
}


@click.command("init", short_help="Make a small project to begin with.")
@click.argument("folder", metavar="DIR")
def command(folder: str) -> None:
    """Make DIR with a small flow that works, its input and a test."""
    written = make_project(Path(folder))
    say("\n".join([*told(written), "", "Next:", f"  {bold(next_command(folder))}"]))


def make_project(folder: Path) -> list[Path]:
    """Write the starter's files; raises UsageError if one is there already, before any is made."""
    paths = {name: folder / name for name in STARTER}
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; give the name of a folder")
    there = [str(path) for path in paths.values() if path.exists()]
    if there:
        raise UsageError(f"nothing is overwritten, and there is already {', '.join(there)}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, path in paths.items():
            with path.open("x", encoding="utf-8") as file:
                file.write(starter_text(name))
    except OSError as exc:
        raise SinkError(f"cannot write {exc.filename}: {exc.strerror}") from exc
    return list(paths.values())


def starter_text(name: str) -> str:
    """Return a file of the starter. Its test is kept as text, so that no tool takes it for ours."""
    kept = f"{name}.txt" if name.endswith(".py") else name
    return files("statepipe.cli").joinpath("starter", kept).read_text(encoding="utf-8")


def told(paths: list[Path]) -> list[str]:
    width = max(len(printable(str(path))) for path in paths)
    return [
        f"{green('+')} {printable(str(path)):<{width}}  {dim(STARTER[path.name])}" for path in paths
    ]


def next_command(folder: str) -> str:
    """Return the command that runs the new flow, from where the caller stands."""
    if folder.startswith("-"):
        folder = f"./{folder}"
    enter = "" if Path(folder).resolve() == Path.cwd() else f"cd {shlex.quote(folder)} && "
    return f"{enter}{program()} run flow.yaml input.jsonl -o output.jsonl"


def program() -> str:
    """Return how this program was called."""
    if os.path.basename(sys.argv[0]) == "__main__.py":
        return "python -m statepipe"
    return "statepipe"
