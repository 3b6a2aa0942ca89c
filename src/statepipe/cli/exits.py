"""Exit codes: what the command tells the program that called it."""

from __future__ import annotations

from enum import IntEnum

from statepipe.errors import ConfigError, StreamError, UsageError


class ExitCode(IntEnum):
    """Codes above 128 are those that a shell gives for the signal: 128 + its number."""

    OK = 0
    FAILED = 1
    USAGE = 2
    IO = 3
    OURS = 70
    HANGUP = 129
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    TERMINATED = 143


EPILOG = """\b
Exit codes:
  0    all well
  1    more records failed than --max-errors allows, or a test failed
  2    the config or the command line is wrong
  3    a source or a sink cannot be read or written, or time is up
  130  ended by Ctrl-C (143: by SIGTERM, 129: by a hangup)
  141  the reader of standard output went away
  70   a defect of statepipe
"""


def exit_code_of(error: Exception) -> ExitCode:
    """Return the code for an error, by who must act."""
    if isinstance(error, ConfigError | UsageError):
        return ExitCode.USAGE
    return ExitCode.IO if isinstance(error, StreamError) else ExitCode.OURS
