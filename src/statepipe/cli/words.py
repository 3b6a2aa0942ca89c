"""Numbers, times and names as people read them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches


def counted(number: int, noun: str) -> str:
    """Return `1 record`, `12,000 records`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def rate(per_second: float) -> str:
    """Return records per second with about three digits that matter: `152,000/s`, `3.4/s`."""
    if per_second < 100:
        return f"{per_second:.1f}/s"
    digits = len(str(int(per_second)))
    return f"{round(per_second, 3 - digits):,.0f}/s"


def duration(seconds: float) -> str:
    """Return `0.4 s`, `12 s`, `2 min 05 s`, `1 h 02 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def printable(text: str) -> str:
    """Return `text` on one line, with control characters written out.

    What comes from records and configs must not steer the terminal.
    """
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


OPTIONS = {
    "csv_has_header=False": "--no-csv-header",
    "csv_has_header": "--csv-header",
    "csv_delimiter": "--csv-delimiter",
    "text_field_name": "--text-field",
    "skip_empty_lines": "--skip-empty-lines",
    "input_format": "--input-format",
    "output_format": "--output-format",
    "accept_changes": "--accept-changes",
    "take_over": "--take-over",
    "max_compression_ratio": "--max-compression-ratio",
    "memory_limit_mb": "--memory-limit",
}
"""Arguments of the Python API, and the options that say the same."""

_ARGUMENT = re.compile(rf"(?<![\w./-])(?:{'|'.join(OPTIONS)})(?![\w./-])")


def in_options(text: str) -> str:
    """Return a message of the API with its arguments called as on the command line."""
    return _ARGUMENT.sub(lambda found: OPTIONS[found[0]], text)


def shortened(text: str, width: int) -> str:
    """Return at most `width` characters of `text`, `…` standing for what is left out."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?`, or the empty text where nothing known is near."""
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
