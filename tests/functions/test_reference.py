import asyncio
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from statepipe.errors import ConfigError, Place, Problem
from statepipe.functions import Function, Reference, StateView, resolve
from statepipe.source_text import SourceText

PLACE = Place("states[0].transform")
VIEW = StateView({"a": 1}, "here")


def clean(state: StateView) -> dict[str, Any]:
    return {**state, "clean": True}


async def fetch(data: dict[str, Any], context: object) -> dict[str, Any]:
    return data


def broken(state: StateView) -> object:
    yield state


REGISTERED: dict[str, Callable[..., Any]] = {"clean": clean, "fetch": fetch, "broken": broken}


def function_of(kind: Any, *, trusted: bool = False, **fields: Any) -> Function:
    reference = Reference(kind, PLACE, **fields)
    return resolve(reference, registered=REGISTERED, trusted=trusted)


def problem_of(kind: Any, *, trusted: bool = False, **fields: Any) -> Problem:
    with pytest.raises(ConfigError) as caught:
        function_of(kind, trusted=trusted, **fields)
    [problem] = caught.value.problems
    return problem


def inline(code: str) -> SourceText:
    return SourceText.of_keys(code, PLACE.keys)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"pipeline_functions_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(
        "limit = 3\n"
        "def cap(state, limit=10): return min(state['a'], limit)\n"
        "class Add:\n"
        "    def __init__(self, n=0): self.n = int(n)\n"
        "    async def __call__(self, data, context): return data['a'] + self.n\n"
        "class Silent: pass\n"
    )
    (tmp_path / "pipeline_broken.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, name, raising=False)
    return name


def test_inline_code_is_a_function_with_its_code() -> None:
    function = function_of("inline", code=inline("lambda s: s['a']"))

    assert function.call(VIEW) == 1
    assert (function.label, function.place) == ("inline code", PLACE)
    assert function.code is not None
    assert function.code.parameters == ("s",)


def test_a_registered_function_is_found_by_name() -> None:
    function = function_of("registered", name="clean")

    assert function.call is clean
    assert function.label == "registered function 'clean'"
    assert (function.style, function.is_async, function.code) == ("view", False, None)


def test_an_async_function_of_two_is_known_as_such() -> None:
    function = function_of("registered", name="fetch")

    assert (function.style, function.is_async) == ("data_context", True)


def test_an_unknown_registered_name_lists_the_known_ones() -> None:
    problem = problem_of("registered", name="claen")

    assert problem.message == "no function is registered as 'claen'"
    assert problem.advice == "did you mean 'clean'? registered are: broken, clean, fetch"
    assert problem.place == PLACE


def test_a_generator_is_refused() -> None:
    problem = problem_of("registered", name="broken")

    assert problem.message == "registered function 'broken' is a generator"
    assert problem.advice == "give one value: use `return`, not `yield`"


def test_a_wrong_number_of_parameters_is_refused() -> None:
    problem = problem_of("callable", target=lambda a, b, c: a)

    assert problem.message == "function '<lambda>' takes 3 arguments"
    assert problem.advice == "a function takes one argument (the state) or two (data, context)"


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(ConfigError, match="registered function 'x' is int, which cannot be called"):
        resolve(Reference("registered", PLACE, name="x"), registered={"x": 1}, trusted=True)  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("target", "label"),
    [
        (clean, "function 'clean'"),
        (partial(clean), "function 'clean'"),
        (VIEW.get, "function 'get'"),
        (dict, "function 'dict'"),
        (len, "function 'len'"),
    ],
)
def test_a_callable_is_named_by_its_own_name(target: Callable[..., Any], label: str) -> None:
    assert function_of("callable", target=target).label == label


def test_a_custom_function_is_imported_and_given_its_params(module: str) -> None:
    function = function_of("custom", trusted=True, module=module, name="cap", params={"limit": 0})

    assert function.call(VIEW) == 0
    assert function.label == f"custom function '{module}:cap'"
    assert function.style == "view"


def test_a_custom_class_is_constructed_once_with_its_params(module: str) -> None:
    function = function_of("custom", trusted=True, module=module, name="Add", params={"n": "5"})

    assert (function.style, function.is_async) == ("data_context", True)
    assert asyncio.run(function.call({"a": 1}, None)) == 6


def test_custom_functions_must_be_trusted(module: str) -> None:
    problem = problem_of("custom", module=module, name="cap")

    assert module not in sys.modules
    assert problem.message == (
        f"custom function '{module}:cap': importing it runs code, which an untrusted config may not"
    )
    assert problem.advice == "pass trusted=True or --trust if you wrote this config"


@pytest.mark.parametrize(
    ("name", "params", "message", "advice"),
    [
        ("capp", {}, "module {!r} has no 'capp'", "did you mean 'cap'?"),
        ("limit", {}, "custom function '{}:limit' is int, which cannot be called", None),
        (
            "Silent",
            {},
            "custom function '{}:Silent' makes objects that cannot be called",
            "give it `__call__`",
        ),
        (
            "cap",
            {"most": 1},
            "custom function '{}:cap' has no parameter 'most'",
            "it has state, limit",
        ),
        (
            "Add",
            {"n": "x"},
            "custom function '{}:Add' cannot be constructed: "
            "ValueError: invalid literal for int() with base 10: 'x'",
            None,
        ),
    ],
)
def test_a_custom_function_that_does_not_work_is_a_problem(
    module: str, name: str, params: dict[str, Any], message: str, advice: str | None
) -> None:
    problem = problem_of("custom", trusted=True, module=module, name=name, params=params)

    assert problem.message == message.format(module)
    assert problem.advice == advice


def test_a_module_that_fails_to_import_tells_why(module: str) -> None:
    missing = problem_of("custom", trusted=True, module="no_such_module", name="x")
    failing = problem_of("custom", trusted=True, module="pipeline_broken", name="x")

    assert missing.message == (
        "module 'no_such_module' cannot be imported: "
        "ModuleNotFoundError: No module named 'no_such_module'"
    )
    assert failing.message == (
        "module 'pipeline_broken' cannot be imported: ZeroDivisionError: division by zero"
    )


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        (
            "claen",
            "name 'claen' is neither a registered function nor a name in inline code",
            "clean",
        ),
        ("lambda st: state['a']", "name 'state' is not known to inline code", "'st' here"),
        ("lambda state: stat['a']", "name 'stat' is not known to inline code", "'state'?"),
        ("jsn.loads('1')", "name 'jsn' is not known to inline code", "did you mean 'json'?"),
        (
            "lambda s: qqq(s)",
            "name 'qqq' is not known to inline code",
            "known are s, now, uuid, rng, Python's",
        ),
        ("[x for x in data] and x", "name 'x' is not known to inline code", "known are data,"),
    ],
)
def test_an_unknown_name_is_a_problem_and_not_an_error_of_every_record(
    code: str, message: str, advice: str, trusted: bool
) -> None:
    problem = problem_of("inline", code=inline(code), trusted=trusted)

    assert problem.message == message
    assert problem.advice is not None
    assert advice in problem.advice


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize(
    ("code", "message", "advice", "column"),
    [
        (
            "def helper(): return uuid()\n\ndef f(s): return helper()",
            "'uuid' is there only inside the `def` that gets the record",
            "hand it over as an argument",
            22,
        ),
        (
            "def helper(x=now()): return x\n\ndef f(s): return helper()",
            "'now' is there only inside the `def` that gets the record",
            "hand it over as an argument",
            14,
        ),
    ],
)
def test_a_helper_above_the_def_cannot_ask(
    code: str, message: str, advice: str, column: int, trusted: bool
) -> None:
    problem = problem_of("inline", code=inline(code), trusted=trusted)

    assert (problem.message, problem.advice) == (message, advice)
    assert problem.place.column == column


def test_a_function_with_a_decorator_asks_its_state() -> None:
    code = "import functools\n\n@functools.lru_cache\ndef f(s): return rng.random()"
    problem = problem_of("inline", code=inline(code), trusted=True)

    assert problem.message == "'rng' is not there in a function with a decorator"
    assert problem.advice == "take it from the state: `state.rng`"


@pytest.mark.parametrize("kind", ["registered", "callable", "custom"])
def test_a_function_of_python_s_may_ask_and_gets_no_names(kind: str, module: str) -> None:
    fields = {
        "registered": {"name": "clean"},
        "callable": {"target": clean},
        "custom": {"module": module, "name": "cap"},
    }
    function = function_of(kind, trusted=True, **fields[kind])

    assert (function.asks, function.named) == (True, False)


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("enrich_it", "a program gives its functions as custom_functions={'enrich_it': ...}"),
        (
            "clena",
            "a program gives its functions as custom_functions={'clena': ...}; or did you mean "
            "'len'?",
        ),
    ],
)
def test_a_name_alone_may_be_of_a_function_that_nobody_gave(code: str, advice: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(Reference("inline", PLACE, code=inline(code)), registered={}, trusted=False)

    assert caught.value.problems[0].advice == advice
