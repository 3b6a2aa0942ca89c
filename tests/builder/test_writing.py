"""Config files that the builder writes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe import ConfigError, Machine, SimpleFSM, SinkError, UsageError
from statepipe.builder.writing import as_json, as_yaml, save
from statepipe.config.json_tree import json_tree
from statepipe.config.problems import Problems
from statepipe.config.tree import plain
from statepipe.config.yaml_tree import yaml_tree

ODD = "yes no on off ~ null true 010 0o17 0x1f 1e5 1_000 .5 .inf .nan << = 2026-01-01 1:20".split()
ODD += [
    "",
    " a",
    "a ",
    "a\nb",
    "\n a",
    "a\n\n",
    " a\nb\n",
    "a: b",
    "- a",
    "# a",
    "a\t\nb",
    "\ta\nb",
]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(ODD)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
configs = st.dictionaries(texts, values, min_size=1, max_size=4)


def small() -> Machine:
    machine = Machine("Größe")
    machine.start("a", transform=lambda s: {**s.data, "b": 1}, is_end=True)
    return machine


@given(configs)
def test_yaml_is_read_as_what_was_written(config: dict[str, Any]) -> None:
    problems = Problems()

    read = plain(yaml_tree(as_yaml(config), "f", "", problems))

    assert repr(read) == repr(config)
    assert problems.found == []


@given(configs)
def test_json_is_read_as_what_was_written(config: dict[str, Any]) -> None:
    assert repr(plain(json_tree(as_json(config), "f", "", Problems()))) == repr(config)


def test_code_of_several_lines_stands_in_a_block() -> None:
    assert as_yaml({"code": "def f(s):\n    return s", "é": "lambda s: s"}) == (
        "code: |-\n  def f(s):\n      return s\né: 'lambda s: s'\n"
    )


@pytest.mark.parametrize("name", ["flow.yaml", "flow.yml", "flow.JSON"])
def test_a_machine_is_saved_in_the_format_of_the_suffix(tmp_path: Path, name: str) -> None:
    path = tmp_path / name

    small().save(path)

    assert SimpleFSM(str(path)).process({"a": 1}).data == {"a": 1, "b": 1}
    assert os.listdir(tmp_path) == [name]
    assert path.read_text().startswith("{" if name.endswith("JSON") else "name: Größe\n")
    assert json.loads(small().to_json())["name"] == "Größe"


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a config file ends in \.yaml, \.yml or \.json"):
        small().save(tmp_path / "flow.toml")


def test_what_cannot_be_saved_leaves_the_file_that_is_there(tmp_path: Path) -> None:
    path, limit = tmp_path / "flow.yaml", 3
    path.write_text("mine")
    machine = small()
    machine.state("b", transform=lambda s: limit)

    with pytest.raises(ConfigError, match="cannot be saved"):
        machine.save(path)

    assert path.read_text() == "mine"


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("old")
    (tmp_path / "link.yaml").symlink_to("real.yaml")

    save({"a": 1}, tmp_path / "link.yaml")

    assert (tmp_path / "link.yaml").is_symlink()
    assert (tmp_path / "real.yaml").read_text() == "a: 1\n"


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"cannot write .*: No such file or directory"):
        save({"a": 1}, tmp_path / "missing" / "flow.yaml")
