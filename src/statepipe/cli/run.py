"""`statepipe run`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

import click

from statepipe.api.simple import SimpleFSM
from statepipe.cli import option, stream_option
from statepipe.cli.closing import tell
from statepipe.cli.ending import Ending, changed, traces
from statepipe.cli.exits import EPILOG
from statepipe.cli.flow import admit_modules
from statepipe.cli.interrupts import Interrupts
from statepipe.cli.messages import show_traceback
from statepipe.cli.request import (
    Options,
    Request,
    check_memory_limit,
    check_order,
    end_states,
    request_of,
)
from statepipe.cli.terminal import red, say
from statepipe.cli.values import filled, number, once, one_of, whole
from statepipe.cli.views import View, view_for
from statepipe.connectors.formats import FORMATS
from statepipe.errors import StreamError
from statepipe.run.options import StreamConfig
from statepipe.run.progress import Progress, StreamResult


@click.command("run", short_help="Run records through a flow.", epilog=EPILOG)
@click.argument("flow", callback=filled)
@click.argument("source", callback=filled)
@click.option(
    "-o",
    "--output",
    multiple=True,
    callback=once,
    metavar="PATH",
    help="Where records go; - is standard output.",
)
@stream_option.sinks
@click.option(
    "--dead-letters",
    callback=filled,
    metavar="PATH",
    help="Where failed records go. [beside the output]",
)
@click.option(
    "--max-errors", callback=whole(0), default="0", metavar="N", help="Failures to accept. [0]"
)
@click.option(
    "--input-format",
    callback=one_of(stream_option.FORMAT_NAMES),
    default="auto",
    metavar="NAME",
    help=f"{', '.join(FORMATS)}. [by suffix]",
)
@click.option(
    "--output-format",
    callback=one_of(stream_option.FORMAT_NAMES),
    default="auto",
    metavar="NAME",
    help="The same. [by suffix]",
)
@stream_option.csv_delimiter
@stream_option.csv_header
@stream_option.text_field
@click.option("--skip-empty-lines/--keep-empty-lines", default=True, help="In CSV and text.")
@stream_option.chunk_size
@stream_option.parallelism
@click.option("--memory-limit", callback=number(1), metavar="MB", help="Keep memory below this.")
@click.option(
    "--max-deliveries",
    callback=whole(1),
    default="3",
    metavar="N",
    help="Workers that a record may end. [3]",
)
@click.option(
    "--max-compression-ratio",
    callback=number(1),
    default="500",
    metavar="N",
    help="Of a gzip source; more is a bomb. [500]",
)
@stream_option.timeout
@click.option(
    "--checkpoint",
    callback=filled,
    metavar="DIR",
    help="Keep here how far the run is, to go on later.",
)
@click.option("--accept-changes", is_flag=True, help="Go on although flow or source have changed.")
@click.option("--take-over", is_flag=True, help="Go on although a process that hangs has DIR.")
@stream_option.result_as_json
@stream_option.quiet
@option.trust
@click.pass_context
def command(context: click.Context, /, **given: Any) -> None:  # as many kinds as there are options
    """Run the records of SOURCE through FLOW.

    SOURCE is a file, or - for standard input. Outputs appear under their names when they are
    whole. Failed records do not stop the run: they go to the dead letters.

    \b
    statepipe run flow.yaml in.jsonl -o out.jsonl
    statepipe run flow.yaml in.csv.gz --sink good=good.csv --sink bad=bad.csv
    statepipe run flow.yaml in.jsonl -o out.jsonl --checkpoint progress
    cat in.jsonl | statepipe run flow.yaml - -o - | head
    """
    context.exit(run(Options(**given, again=shlex.join(["statepipe", *context.obj]))))


def run(options: Options) -> int:
    """Run a flow, tell what became of it, and return the exit code."""
    with Interrupts() as interrupts:
        interrupts.gentle = options.checkpoint is not None
        try:
            return run_flow(options, interrupts)
        except KeyboardInterrupt as error:
            say(f"{red('interrupted')} by {interrupts.cause}", to_stderr=True)
            show_traceback(error)
            return interrupts.exit_code


def run_flow(options: Options, interrupts: Interrupts) -> int:
    check_order(options)
    admit_modules(options.flow, options.trust)
    with SimpleFSM(options.flow, trusted=options.trust) as fsm:
        check_memory_limit(options)
        request = request_of(options, end_states(fsm.config))
        ending = moved(fsm, request, view_for(request, fsm.config["name"]), interrupts)
    code = ending.exit_code(options.max_errors)
    tell(request, ending, code)
    return code


@dataclass(slots=True)
class Watch:
    """Keeps the last progress, for when no result will come, and shows it."""

    view: View
    interrupts: Interrupts
    last: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        self.last = progress
        self.view.update(progress)
        self.interrupts.check()


def moved(fsm: SimpleFSM, request: Request, view: View, interrupts: Interrupts) -> Ending:
    """Move everything; return how it ended."""
    watch = Watch(view, interrupts)
    before = traces(request.files)
    try:
        with view:
            return Ending(stream(fsm, request, watch), placed=tuple(request.files))
    except StreamError as error:
        return Ending(error.result or watch.last, error=error, placed=changed(before))
    except KeyboardInterrupt:
        return Ending(watch.last, signal=interrupts.caught, placed=changed(before))


def stream(fsm: SimpleFSM, request: Request, watch: Watch) -> StreamResult:
    options = request.options
    config = StreamConfig(
        chunk_size=options.chunk_size,
        parallelism=options.parallelism,
        max_deliveries=options.max_deliveries,
        memory_limit_mb=options.memory_limit,
        max_compression_ratio=options.max_compression_ratio,
    )
    return fsm.process_stream(
        request.source,
        request.targets,
        on_progress=watch,
        input_format=options.input_format,
        output_format=options.output_format,
        text_field_name=options.text_field,
        csv_delimiter=options.delimiter,
        csv_has_header=options.csv_header,
        skip_empty_lines=options.skip_empty_lines,
        stream_config=config,
        timeout=options.timeout,
        dead_letters=request.dead_letters,
        checkpoint=options.checkpoint,
        accept_changes=options.accept_changes,
        take_over=options.take_over,
    )
