"""Tests of all, any and not."""

from __future__ import annotations

from typing import Any

import pytest

from statepipe import ConfigError
from tests.functions.library.running import is_fused, machine, outcome, outcomes

MAIL = {"name": "required", "params": {"fields": "mail"}}
PHONE = {"name": "required", "params": {"fields": "phone"}}
DIGITS = {"name": "pattern", "params": {"fields": "phone", "pattern": "[0-9]+"}}
WORD = {"name": "pattern", "params": {"fields": "mail", "pattern": "[a-z]+"}}


def test_all_tells_the_first_refusal() -> None:
    assert outcome("all", {"mail": "x"}, of=[MAIL, PHONE]).startswith("field 'phone'")
    assert outcome("all", {"mail": "x", "phone": "1"}, of=[MAIL, PHONE]) == {
        "mail": "x",
        "phone": "1",
    }


def test_any_tells_every_refusal() -> None:
    assert outcome("any", {}, of=[MAIL, PHONE]) == (
        "field 'mail': is missing (rule 'required'); field 'phone': is missing (rule 'required') "
        "(rule 'any': one of these must hold)"
    )
    assert outcome("any", {"phone": "1"}, of=[MAIL, PHONE]) == {"phone": "1"}


def test_not_accepts_what_the_other_refuses() -> None:
    assert outcome("not", {}, of=MAIL) == {}
    assert outcome("not", {"mail": "x"}, of=MAIL) == "'required' accepts the record (rule 'not')"


def test_composites_nest() -> None:
    both = {"name": "all", "params": {"of": [MAIL, {"name": "not", "params": {"of": PHONE}}]}}

    assert outcome("any", {"mail": "x"}, of=[PHONE, both]) == {"mail": "x"}
    assert "'required' accepts" in outcome("all", {"mail": "x", "phone": "1"}, of=[both])


def test_parts_with_globals_of_one_name_do_not_mix() -> None:
    assert is_fused("all", of=[DIGITS, WORD])
    assert outcome("all", {"phone": "1", "mail": "a"}, of=[DIGITS, WORD]) == {
        "phone": "1",
        "mail": "a",
    }
    assert "'[a-z]+'" in outcome("all", {"phone": "1", "mail": "1"}, of=[DIGITS, WORD])
    assert "'[0-9]+'" in outcome("all", {"phone": "a", "mail": "a"}, of=[DIGITS, WORD])


def test_a_part_with_a_memory_gives_the_whole_one() -> None:
    seen = {"name": "unique", "params": {"fields": "id"}}
    records: list[dict[str, Any]] = [{"mail": "x", "id": 1}, {"mail": "x", "id": 1}]

    assert outcomes("all", *records, of=[MAIL, seen])[1].startswith("field 'id': seen before")
    assert machine("all", of=[MAIL, seen])._core.plan.memory == "run"


def test_a_wrong_part_is_told_where_it_stands() -> None:
    with pytest.raises(ConfigError) as caught:
        machine("any", of=[MAIL, {"name": "requird"}])

    [problem] = caught.value.problems
    assert problem.place.keys == "states[0].validators[0].params.of[1].name"
    assert problem.advice == "did you mean 'required'? `statepipe functions` lists them"


def test_a_transform_is_no_part() -> None:
    with pytest.raises(ConfigError, match="'split' is a transform, not a validator"):
        machine("not", of={"name": "split", "params": {"field": "a"}})


def test_endless_nesting_is_refused() -> None:
    part: dict[str, Any] = MAIL
    for _ in range(12):
        part = {"name": "not", "params": {"of": part}}

    with pytest.raises(ConfigError, match="nested deeper than 10"):
        machine(part["name"], **part["params"])
