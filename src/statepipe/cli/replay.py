"""`statepipe replay`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import click

from statepipe.api.replay import ReplayResult, replay
from statepipe.api.request import BESIDE
from statepipe.api.simple import BlockingStreaming, SimpleFSM
from statepipe.cli import option, stream_option
from statepipe.cli.exits import EPILOG, ExitCode
from statepipe.cli.flow import admit_modules, check_path
from statepipe.cli.interrupts import Interrupts
from statepipe.cli.messages import show_traceback
from statepipe.cli.report import failure
from statepipe.cli.request import NONE, STANDARD, EndState, Options, end_states, paths_of
from statepipe.cli.summary import group_lines, letter_command, painted
from statepipe.cli.terminal import bold, dim, green, red, say, yellow
from statepipe.cli.values import filled, once, whole
from statepipe.cli.views import LineView
from statepipe.cli.words import counted, duration, printable
from statepipe.connectors.format_options import FormatOptions
from statepipe.connectors.formats import output_format
from statepipe.connectors.standard_streams import StandardOutput
from statepipe.errors import UsageError
from statepipe.letters.letter import REASONS, Obstacle
from statepipe.run.options import StreamConfig
from statepipe.run.progress import FailureGroup, Progress


@dataclass(frozen=True, slots=True)
class Order:
    """The command line of `statepipe replay`, word for word."""

    file: str
    flows: tuple[str, ...]
    output: str | None
    sinks: tuple[str, ...]
    dead_letters: str | None
    in_place: bool
    overwrite: bool
    max_errors: int
    output_format: str
    csv_delimiter: str
    csv_header: bool
    text_field: str
    chunk_size: int
    parallelism: int
    timeout: float | None
    as_json: bool
    quiet: bool
    trust: bool

    @property
    def delimiter(self) -> str:
        return "\t" if self.csv_delimiter == "\\t" else self.csv_delimiter


@click.command("replay", short_help="Run failed records again.", epilog=EPILOG)
@click.argument("file", callback=filled)
@click.option(
    "--config",
    "flows",
    multiple=True,
    required=True,
    metavar="FLOW",
    help="The mended flow; for a pipeline once for each, in order.",
)
@click.option(
    "-o",
    "--output",
    multiple=True,
    callback=once,
    metavar="PATH",
    help="Where fixed records go; none: a trial.",
)
@stream_option.sinks
@click.option(
    "--dead-letters",
    callback=filled,
    metavar="PATH",
    help="Where all else goes. [beside the output]",
)
@click.option("--in-place", is_flag=True, help="Put all else in place of FILE.")
@click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
@click.option(
    "--max-errors", callback=whole(0), default="0", metavar="N", help="Letters to accept. [0]"
)
@stream_option.output_format
@stream_option.csv_delimiter
@stream_option.csv_header
@stream_option.text_field
@stream_option.chunk_size
@stream_option.parallelism
@stream_option.timeout
@stream_option.result_as_json
@stream_option.quiet
@option.trust
@click.pass_context
def command(context: click.Context, /, **given: Any) -> None:  # as many kinds as there are options
    """Run the records of the dead letters in FILE through a mended flow.

    What reaches an end state is fixed, and written. What fails again goes to new dead letters
    with one attempt more. Nothing that is there already is replaced unless you say so.

    \b
    statepipe replay out.dead.jsonl --config flow.yaml -o none
    statepipe replay out.dead.jsonl --config flow.yaml -o fixed.jsonl
    """
    context.exit(run(Order(**given)))


def run(order: Order) -> int:
    """Replay, tell what became of the letters, and return the exit code."""
    with Interrupts() as interrupts:
        try:
            return replayed(order, interrupts)
        except KeyboardInterrupt as error:
            say(f"{red('interrupted')} by {interrupts.cause}; nothing was changed", to_stderr=True)
            show_traceback(error)
            return interrupts.exit_code


def replayed(order: Order, interrupts: Interrupts) -> int:
    fsms = [flow_at(path, order.trust) for path in order.flows]
    targets = targets_of(order, end_states(fsms[-1].config))
    machines: list[BlockingStreaming] = [*fsms]
    view = LineView()

    def watch(progress: Progress) -> None:
        if not order.quiet:
            view.update(progress)
        interrupts.check()

    result = replay(
        reduce(or_, machines),
        order.file,
        targets,
        new_dead_letters=new_letters_of(order),
        in_place=order.in_place,
        overwrite=order.overwrite,
        output_format=order.output_format,
        text_field_name=order.text_field,
        csv_delimiter=order.delimiter,
        csv_has_header=order.csv_header,
        stream_config=StreamConfig(chunk_size=order.chunk_size, parallelism=order.parallelism),
        on_progress=watch,
        timeout=order.timeout,
    )
    left = result.letters - result.fixed
    code = ExitCode.FAILED if left > order.max_errors else ExitCode.OK
    tell(order, targets, result, code)
    return code


def flow_at(path: str, trust: bool) -> SimpleFSM:
    check_path(path)
    admit_modules(path, trust)
    return SimpleFSM(path, trusted=trust)


def targets_of(order: Order, ends: list[EndState]) -> dict[str, str | StandardOutput]:
    """Return what each end state's records are written to; raises UsageError."""
    options = Options(order.flows[-1], order.file, order.output, order.sinks)
    name = "jsonl" if order.output_format == "auto" else order.output_format
    formats = FormatOptions(order.text_field, order.delimiter, order.csv_header)
    standard = StandardOutput(output_format(name, formats))
    paths = {} if order.output == NONE and not order.sinks else paths_of(options, ends)
    return {state: standard if path == STANDARD else path for state, path in paths.items()}


def new_letters_of(order: Order) -> str | None:
    if order.dead_letters == STANDARD:
        raise UsageError("--dead-letters needs a path, or none: standard output is for records")
    return None if order.dead_letters == NONE else order.dead_letters or BESIDE


# -- what is told --------------------------------------------------------------------------


def tell(
    order: Order, targets: dict[str, str | StandardOutput], result: ReplayResult, code: ExitCode
) -> None:
    """Print the result. Standard output is left to the records, if they go there."""
    aside = any(isinstance(target, StandardOutput) for target in targets.values())
    if order.as_json:
        say(json.dumps(report(order, result, code)), to_stderr=aside)
    elif not order.quiet:
        say("\n".join(summary(order, targets, result)), to_stderr=aside)
    elif code != ExitCode.OK:
        left = result.letters - result.fixed
        say(f"{red('error:')} {left:,} of {letters(result.letters)} not fixed", to_stderr=True)


def letters(count: int) -> str:
    return counted(count, "dead letter")


def report(order: Order, result: ReplayResult, code: ExitCode) -> dict[str, Any]:  # JSON
    plain = {key: result[key] for key in result if key not in ("errors", "failure_groups")}
    groups = [
        {"count": group.count, "first": failure(group.first)} for group in result.failure_groups
    ]
    flows = list(order.flows)
    return {
        "file": order.file,
        "flows": flows,
        "exit_code": int(code),
        **plain,
        "failure_groups": groups,
    }


def summary(
    order: Order, targets: dict[str, str | StandardOutput], result: ReplayResult
) -> list[str]:
    """Return the lines for people. Their numbers add up."""
    took = dim(f"in {duration(result.duration)}")
    outputs = dict.fromkeys(name_of(target) for target in targets.values())
    digits = len(f"{result.letters:,}")
    rows = [
        ("fixed", painted(result.fixed, digits, green), arrow(", ".join(outputs))),
        ("same error", painted(result.same, digits, red), ""),
        ("new error", painted(result.new, digits, red), ""),
        ("not replayable", painted(result.not_replayable, digits, yellow), ""),
        ("total", f"{result.letters:>{digits},}", ""),
    ]
    lines = [f"{bold(letters(result.letters))} of {printable(order.file)} {took}", ""]
    lines += [f"  {word:<14}  {figure}{behind}" for word, figure, behind in rows]
    if result.dead_letters:
        lines.append(f"  not fixed{arrow(result.dead_letters)}")
    lines += obstacle_lines(result)
    for group in result.failure_groups:
        if group.first.role != "replay":
            lines += ["", *group_lines(group.count, group.first, facts_of(result, group))]
    return lines + warning(result)


def name_of(target: str | StandardOutput) -> str:
    return target if isinstance(target, str) else target.name


def arrow(name: str) -> str:
    return f"  {dim('→')} {printable(name)}" if name else ""


def obstacle_lines(result: ReplayResult) -> list[str]:
    if not result.obstacles:
        return []
    told = [f"    {count:,} × {REASONS[Obstacle(key)]}" for key, count in result.obstacles.items()]
    return ["", yellow("not replayable:"), *told]


def facts_of(result: ReplayResult, group: FailureGroup) -> list[tuple[str, str]]:
    error = group.first
    found = [("first: ", str(error.position))]
    if error.hint:
        found.append(("help:  ", error.hint))
    if result.dead_letters:
        found.append(("see:   ", letter_command(result.dead_letters, group.ordinal + 1)))
    return found


def warning(result: ReplayResult) -> list[str]:
    """Return a warning where what failed again did so in the very config that it failed in."""
    failed = result.same + result.new
    if not failed or result.unchanged_config < failed:
        return []
    return ["", f"{yellow('warning:')} the config is the one that they failed with before"]
