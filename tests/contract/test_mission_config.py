"""The mission's own configs: as dicts, as files, without trust, and held to the JSON Schema."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from examples.end_to_end_streaming import create_streaming_fsm_config
from statepipe import ConfigError, SimpleFSM
from statepipe.config import json_schema

VALIDATOR = jsonschema_rs.validator_for(json_schema())
RECORD = {"id": 1, "value": 600, "category": "c"}


def paths_of_keys(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in children:
        if isinstance(value, dict):
            yield (*path, key)
        if isinstance(child, dict | list):
            yield from paths_of_keys(child, (*path, key))


def with_typo(config: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    changed = copy.deepcopy(config)
    inner: Any = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[f"{path[-1]}x"] = inner.pop(path[-1])
    return changed


KEYS = list(paths_of_keys(create_streaming_fsm_config()))


def test_the_config_fits_the_schema() -> None:
    assert VALIDATOR.is_valid(create_streaming_fsm_config())
    assert len(KEYS) > 40


@pytest.mark.parametrize("path", KEYS, ids=lambda path: ".".join(map(str, path)))
def test_a_typo_in_any_key_is_refused_by_schema_and_loader(path: tuple[Any, ...]) -> None:
    config = with_typo(create_streaming_fsm_config(), path)

    assert not VALIDATOR.is_valid(config)
    with pytest.raises(ConfigError, match=f"{path[-1]}"):
        SimpleFSM(config)


def test_an_untrusted_file_gives_the_same_records_as_the_dict(tmp_path: Path) -> None:
    path = tmp_path / "flow.json"
    path.write_text(json.dumps(create_streaming_fsm_config()))
    from_file = SimpleFSM(path).process(RECORD)

    assert from_file.data == SimpleFSM(create_streaming_fsm_config()).process(RECORD).data
    assert from_file.path == ["input", "validate", "enrich", "categorize", "output"]


def test_records_without_a_good_value_end_at_error() -> None:
    fsm = SimpleFSM(create_streaming_fsm_config())

    assert fsm.process({"id": 1, "value": -1}).final_state == "error"
    assert fsm.process({"id": 1}).final_state == "error"
