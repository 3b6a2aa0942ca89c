"""`DataHandlingMode`, importable from here too."""

from statepipe.record import DataHandlingMode

__all__ = ["DataHandlingMode"]
