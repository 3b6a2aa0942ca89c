"""What of the API is loaded at its first use: all that streams need, and single records do not."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from statepipe.api import moving as moving  # noqa: PLC0414  # `as` makes it a name for others

_MODULES = {"moving": "statepipe.api.moving"}


def __getattr__(name: str) -> Any:  # a module
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found = importlib.import_module(_MODULES[name])
    return found
