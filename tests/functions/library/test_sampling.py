"""Tests of sample: repeatable, and of about the right size."""

from __future__ import annotations

from statepipe import SimpleFSM
from statepipe.functions.view import Context
from statepipe.record import Run
from statepipe.testing import context_of
from tests.functions.library.running import builtin, config_of, machine, outcomes


def chosen(count: int = 2000, **params: object) -> list[int]:
    fsm = machine("sample", **params)
    results = fsm.process_batch([{"id": n} for n in range(count)])
    return [n for n, result in enumerate(results) if result.success]


def context(run: str, position: int) -> Context:
    return context_of(run=Run(run, 0.0), position=position)


def test_the_share_is_about_what_was_asked_for() -> None:
    assert 400 < len(chosen(rate=0.25)) < 600
    assert 400 < len(chosen(rate=0.25, by="id")) < 600
    assert chosen(rate=0) == [] and len(chosen(rate=1)) == 2000


def test_by_a_field_every_run_chooses_the_same() -> None:
    assert chosen(rate=0.5, by="id") == chosen(rate=0.5, by="id")
    assert chosen(rate=0.5, by="id") != chosen(rate=0.5, by="id", seed="other")
    assert set(chosen(rate=0.2, by="id")) < set(chosen(rate=0.5, by="id"))


def test_by_position_the_same_run_chooses_the_same() -> None:
    call = SimpleFSM(config_of(builtin("sample", rate=0.5)))
    function = call._core.machine.main_network.states["a"].validators[0].call
    first = [function({}, context("r", n)) is True for n in range(200)]

    assert [function({}, context("r", n)) is True for n in range(200)] == first
    assert [function({}, context("s", n)) is True for n in range(200)] != first


def test_a_refusal_tells_the_share() -> None:
    assert outcomes("sample", {}, rate=0) == [
        "it is not among the 0 that are chosen (rule 'sample')"
    ]
