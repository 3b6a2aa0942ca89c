"""Callers: the line of Python, outside this package, that builds something."""

from __future__ import annotations

import os
import sys

PACKAGE = __name__.rpartition(".")[0]


def line_of_caller() -> str:
    """Return the file and line that called into this package, as in `orders.py:12`.

    A file below the working folder is told from there, as those of config files are.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None and in_package(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    return f"{shown_file(frame.f_code.co_filename)}:{frame.f_lineno}"


def in_package(module: str) -> bool:
    return module == PACKAGE or module.startswith(f"{PACKAGE}.")


def shown_file(name: str) -> str:
    """Return a file as it is called from the working folder, if it lies there or below."""
    folder = os.path.join(os.getcwd(), "")
    return name.removeprefix(folder)
