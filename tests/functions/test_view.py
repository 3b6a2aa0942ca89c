from copy import deepcopy
from datetime import UTC, datetime

import pytest

from statepipe import SimpleFSM
from statepipe.functions import Context, StateView
from statepipe.functions.moment import NoRunError
from statepipe.functions.view import view_in
from statepipe.record import Run
from statepipe.testing import context_of, view_of


def test_a_view_reads_and_writes_the_record_itself() -> None:
    record = {"a": 1}
    state = StateView(record, "clean")

    state["b"] = 2

    assert record == {"a": 1, "b": 2}
    assert state["b"] == 2
    assert state.data is record


def test_a_view_looks_like_a_mapping() -> None:
    state = StateView({"a": 1, "b": 2}, "clean")

    assert {**state} == dict(state.items()) == {"a": 1, "b": 2}
    assert list(state) == list(state.keys()) == ["a", "b"]
    assert list(state.values()) == [1, 2]
    assert len(state) == 2
    assert "a" in state
    assert "c" not in state
    assert state.get("c") is None
    assert state.get("c", 3) == 3


def test_assigning_data_replaces_the_record() -> None:
    record = {"a": 1}
    state = StateView(record, "clean")

    state.data = {"b": 2}

    assert state["b"] == 2
    assert record == {"a": 1}


def test_a_view_of_an_empty_record_is_true() -> None:
    assert StateView({}, "clean")


def test_a_view_is_short_when_printed() -> None:
    assert repr(StateView({"a": "x" * 1000}, "clean")) == "<state 'clean', 1 field>"


def test_resources_cannot_be_changed_by_default() -> None:
    assert dict(StateView({}, "clean").resources) == {}
    assert not isinstance(StateView({}, "clean").resources, dict)


def test_a_context_tells_where_the_function_runs() -> None:
    context = Context("clean", "main", {"db": 1})

    assert (context.state, context.network, context.resources) == ("clean", "main", {"db": 1})
    assert repr(context) == "<context of state 'clean' in network 'main'>"


def test_a_view_and_a_context_give_what_is_bound_to_the_run() -> None:
    run = Run("a", 60.0)
    view, context = view_of({}, run=run, position=5), context_of(run=run, position=5)

    assert view.now() == context.now() == datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    assert view.uuid() == context.uuid() != view.uuid()
    assert view.rng.random() == context.rng.random() != view.rng.random()


def test_a_view_made_in_a_context_goes_on_where_the_context_was() -> None:
    record, context, alone = {"a": 1}, context_of("clean", resources={"db": 1}), context_of()
    first, view = context.uuid(), view_in(context, record)

    assert (view.data, view.name, view.resources) == (record, "clean", {"db": 1})
    assert [first, view.uuid()] == [alone.uuid(), alone.uuid()]


def test_a_view_without_a_run_says_so() -> None:
    with pytest.raises(NoRunError, match="there is no run here"):
        StateView({}, "clean").uuid()


def test_without_an_error_there_is_none() -> None:
    assert StateView({}, "clean").error is None
    assert Context("clean", "main").error is None


def test_the_error_that_was_caught_is_the_readers_own() -> None:
    caught = {"type": "KeyError", "message": "KeyError: 'x'", "state": "a"}
    for seen in (StateView({}, "b", caught=caught), Context("b", "main", caught=caught)):
        error = seen.error
        assert error == caught
        error["type"] = "changed"

        assert seen.error == caught
        with pytest.raises(AttributeError):
            seen.error = None  # type: ignore[misc]  # that it cannot be set is the test


@pytest.mark.parametrize("given", [view_of({"a": 1}), context_of()])
def test_what_functions_are_given_is_no_part_of_a_record(given: object) -> None:
    with pytest.raises(TypeError, match=r"^<.*> cannot be copied or kept in a record; take its"):
        deepcopy({"a": given})


def test_a_record_that_holds_its_state_fails_and_says_so() -> None:
    config = {"states": {"a": {"start": True, "end": True, "transform": lambda s: {"s": s}}}}
    result = SimpleFSM(config).process({"n": 1})

    assert result.error == (
        "TypeError: <state 'a', 1 field> cannot be copied or kept in a record; take its data"
    )
