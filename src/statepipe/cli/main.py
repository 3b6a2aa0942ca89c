"""The command `statepipe`: finds the subcommand, and turns errors into messages and exit codes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from statepipe.cli.exits import EPILOG, ExitCode, exit_code_of
from statepipe.cli.messages import show_error, show_traceback, show_unexpected, usage_message
from statepipe.cli.terminal import flush, forget_stdout, red, say, survive_any_text
from statepipe.cli.words import did_you_mean
from statepipe.errors import StatepipeError

COMMANDS = {
    "run": "statepipe.cli.run",
    "dead": "statepipe.cli.dead",
    "replay": "statepipe.cli.replay",
    "check": "statepipe.cli.check",
    "test": "statepipe.cli.test",
    "why": "statepipe.cli.why",
    "debug": "statepipe.cli.debug",
    "show": "statepipe.cli.show",
    "status": "statepipe.cli.status",
    "functions": "statepipe.cli.functions",
    "schema": "statepipe.cli.schema",
    "init": "statepipe.cli.init",
    "version": "statepipe.cli.version",
}
"""Subcommands and the modules of their `command`: imported when used, as some are slow to."""


class Commands(click.Group):
    """The subcommands by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name in COMMANDS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        hint = did_you_mean(name, COMMANDS) or f"; the commands are {', '.join(COMMANDS)}"
        raise click.UsageError(f"there is no command {name!r}{hint}", ctx)


def print_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        version = Commands().get_command(context, "version")
        assert version is not None
        context.invoke(version)
        context.exit()


@click.group(
    cls=Commands,
    invoke_without_command=True,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "-V",
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=print_version,
    help="Print the version and exit.",
)
@click.pass_context
def commands(context: click.Context) -> None:
    """Run state machines over streams of records.

    \b
    Begin with:  statepipe init my-flow
    """
    if context.invoked_subcommand is None:
        say(context.get_help(), to_stderr=True)
        context.exit(ExitCode.USAGE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. Every error has become a message."""
    survive_any_text()
    try:
        code = obey(list(sys.argv[1:] if arguments is None else arguments))
        flush()
        return code
    except BrokenPipeError as error:
        forget_stdout()
        show_traceback(error)
        return ExitCode.BROKEN_PIPE
    except KeyboardInterrupt as error:
        say(f"{red('interrupted')} by Ctrl-C", to_stderr=True)
        show_traceback(error)
        return ExitCode.INTERRUPTED
    except StatepipeError as error:
        show_error(error)
        return exit_code_of(error)
    except Exception as error:
        show_unexpected(error)
        return ExitCode.OURS


def obey(arguments: list[str]) -> int:
    """Run the subcommand that `arguments` name; return its exit code."""
    try:
        with commands.make_context("statepipe", arguments.copy(), obj=arguments) as context:
            commands.invoke(context)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        say(f"{red('error:')} {usage_message(error)}", to_stderr=True)
        show_traceback(error)
        return ExitCode.USAGE
    return ExitCode.OK
