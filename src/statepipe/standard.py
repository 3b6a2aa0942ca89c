"""Standard: what of Python's own library is loaded at its first use, as not every run needs it.

asyncio brings sockets, ssl and logging along, thread pools bring logging, and `metadata`, which
reads what packages declare, brings zip files and mail headers.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio as asyncio  # noqa: PLC0414  # `as` makes it a name for others to use
    from concurrent import futures as futures  # noqa: PLC0414  # a name for others to use, too
    from importlib import metadata as metadata  # noqa: PLC0414  # a name for others to use, too

_MODULES = {
    "asyncio": "asyncio",
    "futures": "concurrent.futures",
    "metadata": "importlib.metadata",
}


def __getattr__(name: str) -> Any:  # a module
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found = importlib.import_module(_MODULES[name])
    return found
