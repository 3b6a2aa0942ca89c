"""Tests of the digests by which a changed config is told."""

from __future__ import annotations

from typing import Any

from statepipe.config.load import load_config
from statepipe.graph.fingerprint import fingerprint


def config(**changes: Any) -> dict[str, Any]:
    return {
        "name": "M",
        "states": [
            {"name": "a", "is_start": True, "transform": "{**data, 'n': 1}"},
            {"name": "b", "is_end": True},
            {"name": "c", "is_end": True},
        ],
        "arcs": [
            {"from": "a", "to": "b", "condition": "data['n'] > 1"},
            {"from": "a", "to": "c"},
        ],
        **changes,
    }


def changed(given: dict[str, Any]) -> set[str]:
    before, after = (fingerprint(load_config(each).model) for each in (config(), given))
    return {name for name in {**before, **after} if before.get(name) != after.get(name)}


def test_the_same_config_has_the_same_digests() -> None:
    assert changed(config()) == set()


def test_what_changes_no_record_is_left_out() -> None:
    given = config(description="other", version="2", metadata={"a": 1})
    given["states"][0]["metadata"] = {"owner": "me"}
    given["arcs"][0]["metadata"] = {"owner": "me"}

    assert changed(given) == set()


def test_a_changed_part_is_named() -> None:
    given = config(max_transitions=5)
    given["states"][0]["transform"] = "{**data, 'n': 2}"
    given["arcs"][0]["condition"] = "data['n'] > 2"

    assert changed(given) == {"state 'a'", "arc 'a->b'", "max_transitions"}


def test_arcs_that_are_tried_in_another_order_have_changed() -> None:
    given = config()
    given["arcs"].reverse()

    assert changed(given) == {"arc 'a->b'", "arc 'a->c'"}


def test_parts_of_several_networks_are_told_apart() -> None:
    plain = config()
    networks = [
        {"name": name, "states": plain["states"], "arcs": plain["arcs"]} for name in ("x", "y")
    ]
    found = fingerprint(load_config({"name": "M", "main_network": "x", "networks": networks}).model)

    assert {"state 'a' of network 'x'", "arc 'a->b' of network 'y'"} <= set(found)
