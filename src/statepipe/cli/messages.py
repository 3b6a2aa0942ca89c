"""Messages: what is printed of an error, for the person who has to act."""

from __future__ import annotations

import os
import shutil
import traceback
from dataclasses import replace

import click

from statepipe.cli.terminal import bold, dim, red, say
from statepipe.cli.words import in_options, printable
from statepipe.errors import ConfigError, Problem, Span, underline

DEBUG = "STATEPIPE_DEBUG"


def show_error(error: BaseException) -> None:
    """Print an error that was raised on purpose, to standard error."""
    if isinstance(error, ConfigError):
        show_problems(error)
    else:
        say(f"{red('error:')} {printable(in_options(str(error)))}", to_stderr=True)
    show_traceback(error)


def show_problems(error: ConfigError) -> None:
    """Print all problems of a config, and how many there are."""
    for problem in error.problems:
        say("\n".join(problem_lines(problem)) + "\n", to_stderr=True)
    count = len(error.problems)
    title = "1 problem in the config" if count == 1 else f"{count} problems in the config"
    say(f"{red('error:')} {title}", to_stderr=True)


def problem_lines(problem: Problem) -> list[str]:
    """Return a problem with its place, its source line, a caret and help."""
    lines = [f"{bold(printable(str(problem.place)))}: {printable(problem.message)}"]
    if problem.span is not None:
        lines += span_lines(problem.span)
    if problem.advice:
        lines.append(f"    {dim('help:')} {printable(problem.advice)}")
    return lines


def span_lines(span: Span) -> list[str]:
    """Return the source line of `span` and its carets, cut to the terminal's width."""
    room = shutil.get_terminal_size((100, 24)).columns - len(str(span.place.line or "")) - 8
    source, carets = underline(window(span, max(20, room)))
    return [source, red(carets)]


def window(span: Span, width: int) -> Span:
    """Return `span` with at most `width` characters of its line around it, `…` for the rest."""
    text = "".join(char if char.isprintable() or char == "\t" else "\ufffd" for char in span.text)
    if len(text) <= width:
        return replace(span, text=text)
    left = max(0, min(span.start - width // 3, len(text) - width))
    right = left + width
    cut = ("…" if left else text[:1]) + text[left + 1 : right - 1]
    cut += "…" if right < len(text) else text[right - 1]
    return replace(span, text=cut, start=span.start - left, end=min(span.end - left, width))


def show_unexpected(error: BaseException) -> None:
    """Print an apology for an error that is a defect of ours."""
    kind = type(error).__name__
    say(
        f"{red('error:')} statepipe failed, and it is not your fault: "
        f"{kind}: {printable(str(error))}",
        to_stderr=True,
    )
    if not os.environ.get(DEBUG):
        say(
            f"{dim('help:')} sorry; run it again with {DEBUG}=1 for the traceback to report",
            to_stderr=True,
        )
    show_traceback(error)


def show_traceback(error: BaseException) -> None:
    """Print where `error` came from, if the environment asks for it."""
    if os.environ.get(DEBUG):
        say("".join(traceback.format_exception(error)), to_stderr=True)


def called(parameter: click.Parameter) -> str:
    """Return what a parameter is called on the command line: `--sink`, or `SOURCE`."""
    name = parameter.opts[-1]
    return name if isinstance(parameter, click.Option) else name.upper()


def usage_message(error: click.ClickException) -> str:
    """Return one line on what is wrong with a command line."""
    if isinstance(error, click.NoSuchOption):
        near = [option for option in error.possibilities or () if option.startswith("--")]
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"there is no option {error.option_name}{hint}"
    if isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter):
        return f"{called(error.param)}: {error.message}" if error.param else error.message
    message = " ".join(error.format_message().split()).rstrip(".")
    message = message[:1].lower() + message[1:]
    if isinstance(error, click.MissingParameter) and error.ctx is not None:
        usage = error.ctx.get_usage().removeprefix("Usage: ")
        return f"{message}; usage: {usage}"
    return message
