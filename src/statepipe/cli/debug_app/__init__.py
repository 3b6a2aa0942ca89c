"""The debugger on a full screen. Needs the package `textual`, so it is imported when used."""

from statepipe.cli.debug_app.app import DebugApp, run_app

__all__ = ["DebugApp", "run_app"]
