"""Tests of keys: the canonical ones, and those that are told."""

from __future__ import annotations

from statepipe.config.keys import canonical_keys
from statepipe.config.problems import Problems
from statepipe.config.python_tree import python_tree
from statepipe.config.spellings import STATE
from statepipe.config.tree import MapNode, plain


def read(written: dict[str, object]) -> tuple[object, list[tuple[str, str | None]]]:
    problems = Problems()
    node = python_tree(written, problems)
    assert isinstance(node, MapNode)
    canonical = plain(canonical_keys(STATE, node, problems))
    return canonical, [(problem.message, problem.advice) for problem in problems.found]


def test_other_spellings_become_the_canonical_keys() -> None:
    assert read({"final": True, "transform": "t"}) == ({"is_end": True, "transforms": "t"}, [])


def test_what_does_not_fit_is_told_and_left_out() -> None:
    canonical, told = read({"end": True, "final": True, "retri": 1, "sink": None})

    assert canonical == {"is_end": True}
    assert told == [
        ("'final' says the same thing as 'end' beside it", "keep one of them"),
        ("unknown key 'retri' in a state", "did you mean 'retry'?"),
        ("'sink' has no value", "give one, or leave the key out"),
    ]
