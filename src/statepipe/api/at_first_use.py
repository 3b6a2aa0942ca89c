"""What of the API is loaded at its first use: what streams and explanations need, and single
records do not."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from statepipe.api import explaining as explaining  # noqa: PLC0414  # a name for others
    from statepipe.api import moving as moving  # noqa: PLC0414  # a name for others, too

_MODULES = {"explaining": "statepipe.api.explaining", "moving": "statepipe.api.moving"}


def __getattr__(name: str) -> Any:  # a module
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found = importlib.import_module(_MODULES[name])
    return found
