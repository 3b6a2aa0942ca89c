import linecache
from types import FunctionType, TracebackType
from typing import Any

import pytest

from statepipe.errors import Place
from statepipe.functions.function import InlineCode
from statepipe.functions.view import Context
from statepipe.plan.failure import (
    CodePosition,
    Site,
    cut_earlier_raises,
    frames,
    no_open_arc,
    position_in,
    record_error,
    span_at,
)
from statepipe.plan.interpret import interpret
from statepipe.plan.refusals import InvalidRecordError
from statepipe.source_text import SourceText
from tests.plan.machines import arc, dead_end, inline, one_transform, plan_of, registered, state


def raised(call: Any, *arguments: Any) -> Exception:
    try:
        call(*arguments)
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def test_frames_are_given_outermost_first() -> None:
    def inner() -> None:
        raise ValueError

    names = [entry.tb_frame.f_code.co_name for entry in frames(raised(inner).__traceback__)]

    assert names == ["raised", "inner"]
    assert frames(None) == []


def test_an_error_raised_again_keeps_its_last_raise_only() -> None:
    error = ValueError("one and the same")

    def first() -> None:
        raise error

    def second() -> None:
        raise error

    raised(first)
    raised(second)
    cut_earlier_raises(error)

    names = [entry.tb_frame.f_code.co_name for entry in frames(error.__traceback__)]
    assert names == ["raised", "second"]


def test_the_innermost_frame_of_a_file_tells_the_position() -> None:
    code = compile("def f(n):\n    return 1 / n if n < 1 else f(n - 1)\n", "<here>", "exec")
    names: dict[str, FunctionType] = {}
    exec(code, names)
    error = raised(names["f"], 2)

    assert position_in(error, "<here>") == CodePosition(2, 11, 2, 16)
    assert position_in(error, "<elsewhere>") is None


@pytest.mark.parametrize(
    ("position", "piece"),
    [
        (CodePosition(1, 2, 1, 4), "é"),
        (CodePosition(1, 5, 1, 8), "abc"),
        (CodePosition(1, 5, 2, 1), "abc d"),
        (CodePosition(1, 5, 1, 5), "a"),
    ],
)
def test_a_span_counts_characters_and_ends_with_its_line(
    position: CodePosition, piece: str
) -> None:
    code = InlineCode(SourceText.of_keys("  é abc d\nf", "k"), (), None)
    span = span_at(code, position)
    assert span is not None

    assert span.text[span.start : span.end] == piece
    assert span.place == Place("k", None, 1, span.start + 1)


def test_a_position_outside_the_text_has_no_span() -> None:
    code = InlineCode(SourceText.of_keys("abc", "k"), (), None)

    assert span_at(code, CodePosition(2, 0, 2, 1)) is None


def test_a_record_error_has_all_that_is_known() -> None:
    plan = one_transform("lambda s: s.data['nmae']")
    step = plan.states[0].entry[0]
    error = raised(step.function.call, *[type("V", (), {"data": {"name": 1}})])
    failed = record_error(Site("a", "transform", None, step), error, ("a",), {"name": 1})

    assert (failed.message, failed.error_type) == ("KeyError: 'nmae'", "KeyError")
    assert (failed.state, failed.arc, failed.role, failed.path) == ("a", None, "transform", ("a",))
    assert failed.hint == "the record has no field 'nmae'; did you mean 'name'?"
    assert failed.span is not None
    assert failed.span.text[failed.span.start : failed.span.end] == "s.data['nmae']"
    assert failed.__cause__ is error


def test_a_message_over_several_lines_becomes_one() -> None:
    step = one_transform(registered(len)).states[0].entry[0]
    failed = record_error(Site("a", "transform", None, step), ValueError("a\n\tb  c"), ("a",), {})

    assert failed.message == "ValueError: a b c"


def test_an_exception_without_a_text_is_its_name() -> None:
    step = one_transform(inline("lambda s: 1")).states[0].entry[0]

    assert record_error(Site("a", "transform", None, step), ValueError(), (), {}).message == (
        "ValueError"
    )


def test_a_refusal_is_its_text_alone() -> None:
    failed = record_error(Site("a", "validator"), InvalidRecordError("too old"), ("a",), {})

    assert (failed.message, failed.error_type) == ("too old", "InvalidRecordError")


def test_the_refusal_of_all_arcs_names_them() -> None:
    plan = plan_of(state("a", arc("b", "data"), arc("a", "data")), dead_end("b"))

    assert str(no_open_arc(plan.states[0])) == (
        "no arc of state 'a' accepts the record; tried: to b, to a"
    )
    assert str(no_open_arc(plan.states[1])) == (
        "state 'b' is no end state, and no arc leads out of it"
    )


def test_the_place_of_a_function_stands_in_for_a_span() -> None:
    step = one_transform(registered(len)).states[0].entry[0]
    failed = record_error(Site("a", "transform", None, step), ValueError(), (), {})

    assert failed.span is None
    assert failed.place == step.function.place


def test_a_body_that_uses_state_and_context_is_located_in_the_config() -> None:
    plan = one_transform("x = context.state\nreturn state.data['nope']")
    step = plan.states[0].entry[0]
    context = Context("a", "main")
    error = raised(step.function.call, {}, context)
    assert isinstance(error.__traceback__, TracebackType)
    failed = record_error(Site("a", "transform", None, step), error, ("a",), {})

    assert failed.span is not None
    assert failed.span.text[failed.span.start : failed.span.end] == "state.data['nope']"


def test_the_failing_piece_is_found_also_after_linecache_was_cleared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = inline("1 / 1")  # takes the first name for code under these keys
    function = inline("lambda s: {**s.data, 'share': 1 / s.data['n']}")
    monkeypatch.setattr(linecache, "cache", {})
    plan = one_transform(function)
    error = interpret(plan, {"n": 0}).error

    assert other is not function
    assert error is not None and error.span is not None
    assert error.span.text[error.span.start : error.span.end] == "1 / s.data['n']"
