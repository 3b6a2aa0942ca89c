"""Values of options that click has no good words for: checked, with one-line answers.

Each function here makes a callback for `click.option`. They are no `click.ParamType`s, as those
are generic in some of the supported versions of click and not in others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, TypeAlias

import click

Callback: TypeAlias = Callable[[click.Context, click.Parameter, Any], Any]  # as click says


def whole(least: int) -> Callback:
    """Accept a whole number of at least `least`."""

    def check(context: click.Context, option: click.Parameter, value: object) -> int | None:
        text = str(value).strip()
        if value is None:
            return None
        if not text.isdecimal() or int(text) < least:
            what = f"a whole number of at least {least}"
            raise click.BadParameter(f"{value!r} is not {what}", context, option)
        return int(text)

    return check


def number(least: float) -> Callback:
    """Accept a finite number of at least `least`."""

    def check(context: click.Context, option: click.Parameter, value: object) -> float | None:
        if value is None:
            return None
        try:
            given = float(str(value))
        except ValueError:
            given = math.nan
        if not least <= given < math.inf:
            what = f"a number of at least {least:g}"
            raise click.BadParameter(f"{value!r} is not {what}", context, option)
        return given

    return check


def filled(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Accept a path that is not empty, as that of a variable which is not set is."""
    if value == "":
        raise click.BadParameter("the path is empty", context, option)
    return value


def once(context: click.Context, option: click.Parameter, values: Sequence[str]) -> str | None:
    """Accept one path at most: of two outputs, one would not be written."""
    if len(values) > 1:
        what = f"given {len(values)} times; --sink STATE=PATH gives each end state its own"
        raise click.BadParameter(what, context, option)
    return filled(context, option, values[0]) if values else None


def one_of(names: Sequence[str]) -> Callback:
    """Accept one of `names`. Anything else is answered with the nearest, or with all of them."""

    def check(context: click.Context, option: click.Parameter, value: str) -> str:
        if value in names:
            return value
        near = get_close_matches(value, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it may be {', '.join(names)}"
        raise click.BadParameter(f"there is no {value!r}; {hint}", context, option)

    return check
