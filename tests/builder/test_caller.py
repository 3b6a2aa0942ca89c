"""The line that called into the builder, as messages tell it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from statepipe.builder.caller import in_package, line_of_caller, shown_file


def test_the_line_outside_the_package_is_told() -> None:
    file, _, line = line_of_caller().rpartition(":")

    assert os.path.samefile(file, __file__)
    assert int(line) == test_the_line_outside_the_package_is_told.__code__.co_firstlineno + 1


def test_only_the_builder_s_own_modules_are_passed_over() -> None:
    assert in_package("statepipe.builder")
    assert in_package("statepipe.builder.machine")
    assert not in_package("statepipe.builders")


def test_a_file_below_the_working_folder_is_told_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert shown_file(str(tmp_path / "flows" / "orders.py")) == "flows/orders.py"
    assert shown_file("/elsewhere/orders.py") == "/elsewhere/orders.py"
