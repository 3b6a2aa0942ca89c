"""User code: inline, registered, custom and builtin functions, resolved to callables."""

from statepipe.functions.function import CallStyle, Function, InlineCode
from statepipe.functions.inline import read_inline
from statepipe.functions.reference import Reference, resolve
from statepipe.functions.schema import schema_function
from statepipe.functions.view import EMPTY, Context, StateView

__all__ = [
    "EMPTY",
    "CallStyle",
    "Context",
    "Function",
    "InlineCode",
    "Reference",
    "StateView",
    "read_inline",
    "resolve",
    "schema_function",
]
