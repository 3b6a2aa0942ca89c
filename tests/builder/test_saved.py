"""What a file says of a callable: inline code, a reference, or nothing, with the reason."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import pytest

from statepipe.builder.saved import saved_function
from statepipe.builder.source import NoSourceError
from tests.codegen import authors

LIMIT = 3
math_module = math


def sum(values: Any) -> Any:  # noqa: A001 - hides the builtin, which is what is tested
    return values


def refusal(target: Callable[..., Any]) -> str:
    with pytest.raises(NoSourceError) as caught:
        saved_function(target)
    assert caught.value.advice
    return caught.value.reason


def counted(function: Any) -> Any:
    @wraps(function)
    def call(state: Any) -> Any:
        return function(state)

    return call


def marked(function: Any) -> Any:
    return function


class Cleaner:
    def clean(self, state: Any) -> Any:
        return state

    def __call__(self, state: Any) -> Any:
        return state


def test_a_lambda_becomes_inline_code() -> None:
    assert saved_function(lambda s: max(s["a"], 1)) == 'lambda s: max(s["a"], 1)'
    assert saved_function(lambda d, c: json.dumps(d)) == "lambda d, c: json.dumps(d)"
    assert saved_function(lambda s: str(uuid.UUID(int=1))) == "lambda s: str(uuid.UUID(int=1))"


def test_a_function_of_a_module_becomes_a_reference() -> None:
    reference = {"type": "custom", "module": "tests.codegen.authors"}

    assert saved_function(authors.touch) == {**reference, "name": "touch"}
    assert saved_function(partial(authors.add, value=3)) == {
        **reference,
        "name": "add",
        "params": {"value": 3},
    }
    assert saved_function(len) == {"type": "custom", "module": "builtins", "name": "len"}


def test_a_script_s_own_function_becomes_inline_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marked, "__module__", "__main__")

    assert saved_function(marked) == "def marked(function):\n    return function"


def test_a_module_that_a_function_imports_for_itself_is_known() -> None:
    import statistics  # noqa: PLC0415 - within a function, which is what is tested

    assert saved_function(lambda s: statistics.mean(s["x"])) == 'lambda s: statistics.mean(s["x"])'


def test_a_function_may_call_itself() -> None:
    def last(state: Any) -> Any:
        return state["a"] if state["a"] < 1 else last({"a": state["a"] - 1})

    assert str(saved_function(last)).startswith("def last(state):\n    return state")


def test_what_a_function_takes_from_around_it_is_refused_by_name() -> None:
    limit = 3

    assert refusal(lambda s: s["a"] > limit) == (
        "it uses the variable 'limit' of the function around it"
    )
    assert refusal(lambda s: [each for each in s["x"] if each > limit]) == (
        "it uses the variable 'limit' of the function around it"
    )
    assert refusal(lambda s: later) == "it uses the variable 'later' of the function around it"
    later: int
    if limit > 3:
        later = 1


def test_names_that_inline_code_does_not_know_are_refused() -> None:
    assert refusal(lambda s: s["a"] > LIMIT) == (
        "it uses 'LIMIT' of its module, which inline code does not know"
    )
    assert refusal(lambda s: math_module.pi).startswith("it uses 'math_module' of its module")
    assert refusal(lambda s: sum(s["x"])) == (
        "it uses 'sum' of its module, which inline code does not know"
    )
    assert refusal(lambda s: nowhere) == (  # type: ignore[name-defined]  # noqa: F821
        "nothing gives the name 'nowhere' a value"
    )


def test_a_name_that_means_the_run_in_inline_code_is_refused() -> None:
    assert refusal(lambda s: uuid) == "inline code means the run's own by 'uuid'"
    assert refusal(lambda s: now()) == (  # type: ignore[name-defined]  # noqa: F821
        "inline code means the run's own by 'now'"
    )


def test_defaults_are_refused() -> None:
    assert refusal(lambda s, k=3: k) == "it has a parameter default, which inline code has not"
    assert refusal(lambda s, *, k=3: k) == "it has a parameter default, which inline code has not"


def test_decorated_functions_are_refused() -> None:
    @counted
    def one(state: Any) -> Any:
        return state

    @marked
    def two(state: Any) -> Any:
        return state

    assert refusal(one) == "it uses the variable 'function' of the function around it"
    assert refusal(two) == "it has a decorator"


def test_a_function_that_assigns_outside_itself_is_refused() -> None:
    def count(state: Any) -> Any:
        global LIMIT  # noqa: PLW0603 - what is tested
        LIMIT = state["n"]

    assert refusal(count) == "it assigns 'LIMIT', which lies outside it"


def test_what_inline_code_cannot_be_is_refused() -> None:
    def many(state: Any) -> Any:
        yield state

    assert refusal(lambda *s: s) == "this lambda has a parameter that nothing is given for"
    assert refusal(many) == "`yield` makes this a generator"


def test_what_is_no_function_of_a_module_is_refused() -> None:
    assert refusal(dict) == "the class 'dict' would be constructed once, not called"
    assert refusal(Cleaner().clean) == "a method belongs to an object, which a file cannot hold"
    assert refusal(Cleaner()) == "a file cannot hold an object of the class 'Cleaner'"
    assert refusal("".join) == "'join' is found in no module"
    for part in (partial(authors.add, {}, value=1), partial(lambda s, k: k, k=1)):
        assert refusal(part).startswith("a partial can be saved with keyword arguments only")
