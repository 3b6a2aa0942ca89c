"""Function: user code, resolved and ready to be called, and what is known of it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from statepipe.errors import Place
from statepipe.functions.life import Life
from statepipe.functions.pieces import Watched
from statepipe.functions.signature import CallStyle
from statepipe.source_text import SourceText

Memory: TypeAlias = Literal["none", "run", "worker"]
"""What a function remembers: nothing; the records of a run before this one; or only those of the
same worker, which its author has agreed to."""


@dataclass(frozen=True, slots=True, eq=False)
class InlineCode:
    """Inline code after parsing.

    `parameters` are the author's names: one (a state view), two (data and context), or none,
    where `data`, `state` and `context` are free names. `expression` is the value's expression,
    where the code is a lambda or a bare expression; positions in it count lines and UTF-8
    columns of `source.text`. It is None for a body with `return` and for a `def`.
    """

    source: SourceText
    parameters: tuple[str, ...]
    expression: ast.expr | None


def unwatched() -> None:
    """Give nothing: what the function does cannot be looked into."""


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A callable of the author's with its facts. Two functions are equal only if identical.

    `label` names it in messages, as in "registered function 'clean'". `call` takes what `style`
    says and gives a value, or an awaitable if `is_async`.

    `asks`: it may take from its view or context what is bound to the run, such as `now()`.
    `named`: it takes that by name, and `call` wants its view or context once more, at the end.
    `pure`: its maker vouches that it leaves its record alone, keeps no part of it, and gives a
    verdict or a new plain dict. `expression`: what a builtin may be written as; no author's text.
    `watch` makes, each time, the same code as one that tells the values in it, if it can.
    """

    label: str
    call: Callable[..., Any]  # user code: anything may come back
    style: CallStyle
    is_async: bool
    place: Place
    code: InlineCode | None = None
    asks: bool = False
    named: bool = False
    pure: bool = False
    expression: InlineCode | None = None
    memory: Memory = "none"
    life: Life | None = None
    watch: Callable[[], Watched | None] = unwatched
