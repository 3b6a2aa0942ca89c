"""Expressions: the usual case of a builtin as text that can stand in the generated function."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from statepipe.functions.builtin import Fast, Kind, Made
from statepipe.functions.function import InlineCode
from statepipe.source_text import SourceText

X = "\0"
"""Stands for a value in a template of an expression. No literal holds it: `repr` escapes it."""

OTHERWISE = "otherwise"
FILE = "<statepipe builtin>"


@dataclass(frozen=True, slots=True)
class Written:
    """A builtin as inline code, and that code as a function of the record."""

    code: InlineCode
    call: Callable[..., Any]  # gives what `Made.call` gives


def written(made: Made, kind: Kind, keys: str) -> Written | None:
    """Return `made` as an expression; None where there is no usual case to write.

    `keys` is where it stands in the config: its globals get names of their own by it.
    """
    if made.fast is None or made.style != "record":
        return None
    own = renamed(made.fast, blake2b(keys.encode(errors="replace"), digest_size=3).hexdigest())
    otherwise = f"{OTHERWISE}_{blake2b(keys.encode(errors='replace'), digest_size=3).hexdigest()}"
    if kind == "validator":
        text = f"({own.guard}) or {otherwise}(data)"
    else:
        text = f"({own.value}) if ({own.guard}) else {otherwise}(data)"
    text = ast.unparse(ast.parse(text, mode="eval"))
    scope = {**own.names, otherwise: made.call, "__builtins__": vars(builtins)}
    call = eval(compile(f"lambda data: {text}", FILE, "eval"), scope)
    source = SourceText.of_keys(text, keys)
    return Written(InlineCode(source, (), ast.parse(text, mode="eval").body), call)


def renamed(fast: Fast, suffix: str) -> Fast:
    """Return `fast` with names that do not clash with those of other builtins."""
    names = {name: f"{name}_{suffix}" for name in fast.names}
    value = _rename(fast.value, names) if fast.value else ""
    globals_ = {names[name]: given for name, given in fast.names.items()}
    return Fast(_rename(fast.guard, names), value, globals_)


def _rename(text: str, names: Mapping[str, str]) -> str:
    tree = ast.parse(text, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            node.id = names[node.id]
    return ast.unparse(tree)


def literal(value: Any) -> str | None:  # a JSON value
    """Return a JSON value as Python writes it, built anew each time; None if it cannot be."""
    text = repr(value)
    try:
        same = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return text if type(same) is type(value) and repr(same) == text else None
