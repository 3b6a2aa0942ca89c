"""Tests of `statepipe version`."""

from __future__ import annotations

import platform

import pytest

import statepipe
from statepipe.cli.main import main


@pytest.mark.parametrize("argument", ["version", "--version", "-V"])
def test_the_versions_are_printed(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([argument])

    python = f"{platform.python_implementation()} {platform.python_version()}"
    assert code == 0
    assert capsys.readouterr().out == f"statepipe {statepipe.__version__} ({python})\n"
