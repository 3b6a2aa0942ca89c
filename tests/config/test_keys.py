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


def test_what_is_misspelt_or_without_a_value_is_noted_as_meant() -> None:
    problems = Problems()
    node = python_tree({"nmae": "a", "is_end": None, "zzz": 1}, problems)
    assert isinstance(node, MapNode)
    canonical_keys(STATE, node, problems)

    assert [key for _, key in sorted(problems.meant, key=str)] == ["is_end", "name"]


def test_a_misspelt_include_is_told_as_one_and_nothing_is_called_missing() -> None:
    problems = Problems()
    node = python_tree({"$inclde": "a.yaml"}, problems)
    assert isinstance(node, MapNode)
    canonical_keys(STATE, node, problems)

    assert [problem.advice for problem in problems.found] == ["did you mean '$include'?"]
    assert problems.is_noted(node.at, "name")


def test_the_rest_of_a_text_that_a_comma_has_ended_is_known_as_such() -> None:
    advice = "a comma ends a text within {...}: put the text in quotes"

    assert read({"1)": None})[1] == [("unknown key '1)' in a state", advice)]
    assert read({"1)": 2})[1][0][1] != advice
    assert read({"nmae": None})[1][0][1] == "did you mean 'name'?"
