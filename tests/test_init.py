"""What `import statepipe` gives, and what it leaves for later."""

from __future__ import annotations

import subprocess
import sys

import pytest

import statepipe


def test_every_public_name_is_there() -> None:
    for name in statepipe.__all__:
        assert getattr(statepipe, name) is not None, name


def test_the_builder_is_imported_when_it_is_asked_for() -> None:
    code = (
        "import sys, statepipe\n"
        "before = 'statepipe.builder' in sys.modules\n"
        "from statepipe import Machine\n"
        "print(before, 'statepipe.builder' in sys.modules, Machine.__name__)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False True Machine\n"


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'statepipe' has no attribute 'Machin'"):
        _ = statepipe.Machin  # type: ignore[attr-defined]
