from statepipe.functions import Context, StateView


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
    assert repr(StateView({"a": "x" * 1000}, "clean")) == "<state 'clean', 1 fields>"


def test_resources_cannot_be_changed_by_default() -> None:
    assert dict(StateView({}, "clean").resources) == {}
    assert not isinstance(StateView({}, "clean").resources, dict)


def test_a_context_tells_where_the_function_runs() -> None:
    context = Context("clean", "main", {"db": 1})

    assert (context.state, context.network, context.resources) == ("clean", "main", {"db": 1})
    assert repr(context) == "<context of state 'clean' in network 'main'>"
