"""What `import statepipe` loads, and what the first use of something does."""

import subprocess
import sys

import pytest

import statepipe

AT_FIRST_USE = [
    "sqlite3",
    "yaml",
    "statepipe.run.pool",
    "statepipe.api.replay",
    "statepipe.api.advanced_fsm",
]


def test_what_few_runs_need_is_loaded_at_its_first_use() -> None:
    code = f"import sys, statepipe; print([m for m in {AT_FIRST_USE} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout == "[]\n"


def test_what_is_loaded_at_its_first_use_is_there_like_the_rest() -> None:
    assert set(statepipe.__all__) <= set(dir(statepipe))
    assert all(hasattr(statepipe, name) for name in statepipe.__all__)
    assert statepipe.replay is statepipe.replay


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'statepipe' has no attribute 'replai'"):
        statepipe.replai  # noqa: B018 - what is looked up is what is tested
