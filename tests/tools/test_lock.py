"""The lock: every package pinned with hashes, and no download address."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def pinned() -> dict[str, str]:
    """Return each pinned package's block by its name."""
    blocks = re.split(r"\n(?=[a-z])", "\n" + LOCK)
    return {block.split("==")[0]: block for block in blocks if "==" in block}


def required() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    entries = [*project["project"]["dependencies"], *groups["build"], *groups["dev"]]
    names = [re.split(r"[<>=\[ ]", entry)[0] for entry in entries if isinstance(entry, str)]
    return [name.lower().replace("_", "-") for name in names]


@pytest.mark.parametrize("name", ["requirements.lock", "bench/requirements.txt"])
def test_no_download_address_stands_in_a_lock(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    assert not re.search(r"https?:|://|index|find-links|trusted-host", text)


def test_every_pinned_package_has_hashes() -> None:
    without = [name for name, block in pinned().items() if "--hash=sha256:" not in block]

    assert len(pinned()) > 20
    assert without == []


def test_the_lock_pins_everything_that_pyproject_asks_for() -> None:
    missing = [name for name in required() if name not in pinned()]

    assert missing == []


def test_the_lock_of_uv_is_not_kept_because_it_records_addresses() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()

    assert "uv.lock" in ignored
