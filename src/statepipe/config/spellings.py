"""Spellings: the keys of a config as an author may write them, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Level:
    """The keys of one kind of mapping: as an author may write them -> canonical."""

    noun: str
    keys: Mapping[str, str]


def _same(*keys: str) -> dict[str, str]:
    return {key: key for key in keys}


SIMPLE = ("states", "arcs", "initial_state")
PUSH = ("return_state", "data_isolation", "data_mapping", "result_mapping")
"""Keys of an arc that only have a meaning beside `target_network`."""
_ARC = _same(
    *("name", "condition", "priority", "metadata", "transforms", "resources"),
    *("target_network", *PUSH),
) | {
    "pre_test": "condition",
    "transform": "transforms",
}

TOP = Level(
    "the config",
    _same(
        *("name", "version", "description", "data_mode", "max_transitions", "metadata"),
        *("main_network", "networks", "timeout_seconds", "tests", "resources"),
        *SIMPLE,
    ),
)
NETWORK = Level("a network", _same("name", *SIMPLE))
STATE = Level(
    "a state",
    _same(
        *("name", "is_start", "is_end", "schema", "pre_validators", "transforms", "validators"),
        *("functions", "arcs", "data_mode", "emit_output", "sink", "run_on_failure", "metadata"),
        *("retry", "catch", "on_error", "timeout_s", "resources"),
    )
    | {
        "initial": "is_start",
        "start": "is_start",
        "final": "is_end",
        "end": "is_end",
        "data_schema": "schema",
        "transform": "transforms",
        "validator": "validators",
    },
)
RETRY = Level(
    "retry",
    _same("max_attempts", "backoff_s", "backoff_rate", "max_backoff_s", "jitter", "errors"),
)
CATCH = Level("a catch", _same("errors", "to"))
FUNCTIONS = Level("functions", {"transform": "transforms", "validate": "validators"})
ARC = Level("an arc", _ARC | _same("from", "to"))
STATE_ARC = Level("an arc inside a state", _ARC | {"target": "to"})
DATA_MODE = Level("data_mode", _same("default", "state_overrides"))
CASE = Level(
    "a test",
    _same("name", "in", "expect", "contains", "state", "path", "error", "initial_state"),
)
CASE_ERROR = Level("the error of a test", _same("type", "state", "message"))
CASE_FILE = Level("a file of tests", _same("tests"))
FUNCTION_LISTS = ("pre_validators", "transforms", "validators")

DIRECTIVES = ("$include", "$import")
"""Keys that are replaced by what they name, in any mapping."""

MEANT: Mapping[tuple[str, str], tuple[str | None, str]] = {
    (STATE_ARC.noun, "from"): (
        None,
        "leave it out: the arc leaves the state in which it stands",
    ),
    (STATE_ARC.noun, "to"): (
        "target",
        "write 'target': the arc leaves the state in which it stands",
    ),
    (CATCH.noun, "target"): ("to", "write 'to'"),
    (CATCH.noun, "error"): ("errors", "write 'errors'"),
    (RETRY.noun, "attempts"): (
        "max_attempts",
        "write 'max_attempts'; it counts the first one too",
    ),
    (RETRY.noun, "max_retries"): (
        "max_attempts",
        "write 'max_attempts'; it counts the first one too",
    ),
    (ARC.noun, "target"): ("to", "write 'to'; 'target' is for arcs inside a state"),
    (CASE.noun, "final_state"): ("state", "write 'state'"),
    (CASE.noun, "data"): ("in", "write 'in' for the record, 'expect' for what becomes of it"),
    (CASE.noun, "out"): ("expect", "write 'expect'"),
}
"""Keys of other tools, and of other places: the key that is meant here, and advice."""
