"""User code: inline, registered, custom and builtin functions, resolved to callables."""

from statepipe.functions.builtin import (
    Bench,
    Builtin,
    Example,
    Fast,
    FieldError,
    Made,
    Nested,
    NoParams,
    ParamError,
    Params,
)
from statepipe.functions.function import Function, InlineCode
from statepipe.functions.inline import read_inline
from statepipe.functions.reference import Reference, resolve
from statepipe.functions.schema import schema_function
from statepipe.functions.signature import CallStyle
from statepipe.functions.view import EMPTY, Context, StateView

__all__ = [
    "EMPTY",
    "Bench",
    "Builtin",
    "CallStyle",
    "Context",
    "Example",
    "Fast",
    "FieldError",
    "Function",
    "InlineCode",
    "Made",
    "Nested",
    "NoParams",
    "ParamError",
    "Params",
    "Reference",
    "StateView",
    "read_inline",
    "resolve",
    "schema_function",
]
