"""What is no mode is told with those there are."""

from __future__ import annotations

import pytest

from statepipe import ExecutionMode, UsageError
from statepipe.api.modes import check_member


def test_what_is_no_member_is_told_with_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        check_member("execution_mode", "trace", ExecutionMode)

    told = str(caught.value)
    assert told.startswith("execution_mode must be an ExecutionMode, not 'trace'; there are")
    assert told.split("there are ")[1].split(", ") == [str(mode) for mode in ExecutionMode]
