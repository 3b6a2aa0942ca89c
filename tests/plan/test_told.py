"""Tests of a walk that tells where its record is."""

from __future__ import annotations

from statepipe.plan.interpret import finish
from statepipe.plan.told import ToldWalk
from tests.run.engines import divider, engine_of, one_state


def test_a_walk_tells_its_path_before_each_call() -> None:
    told: list[tuple[str, ...]] = []
    plan = engine_of(divider()).plan

    finish(ToldWalk(plan, {"n": 4}, told.append))

    assert told == [("input",), ("input",), ("input",)]  # its begin, the transform, the condition


def test_what_was_told_last_is_where_a_record_fails() -> None:
    told: list[tuple[str, ...]] = []
    config = one_state()
    config["states"]["output"]["transform"] = "lambda s: {'share': 1 / s.data['n']}"

    outcome = finish(ToldWalk(engine_of(config).plan, {"n": 0}, told.append))

    assert outcome.error is not None
    assert told == [("input",), ("input", "output")]
    assert told[-1] == outcome.error.path
