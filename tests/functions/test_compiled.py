import asyncio
import json
import linecache
import subprocess
import sys
import traceback
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.codegen.engine import Engine
from statepipe.errors import ConfigError, Place
from statepipe.functions import Context, Function, Reference, StateView, resolve
from statepipe.functions.moment import Moments
from statepipe.source_text import Mark, SourceText
from statepipe.testing import TEST_RUN, context_of, view_of
from tests.plan.machines import inline, one_transform


def function_of(source: SourceText, *, trusted: bool = True) -> Function:
    return resolve(Reference("inline", source.place, code=source), registered={}, trusted=trusted)


def of_keys(code: str, keys: str = "states[0].transform.code") -> Function:
    return function_of(SourceText.of_keys(code, keys))


def in_block(code: str, indent: int = 6) -> SourceText:
    """Return `code` as it stands in a block of a YAML file, from line 3 on."""
    lines = code.split("\n")
    marks, offset = [], 0
    for number, line in enumerate(lines, start=3):
        marks.append(Mark(offset, number, indent + 1))
        offset += len(line) + 1
    written = ("states:", "  code: |", *(" " * indent + line for line in lines))
    return SourceText(code, Place("states.code", "flow.yaml", 2, 9), tuple(marks), written)


def in_json(code: str) -> SourceText:
    """Return `code` as it stands in one line of a JSON file, escaped."""
    marks, column = [], 10
    for offset, char in enumerate(code):
        marks.append(Mark(offset, 1, column))
        column += len(json.dumps(char)) - 2
    written = ('{"code": ' + json.dumps(code) + "}",)
    marks[0] = Mark(0, 1, marks[0].column)
    shifted = tuple(Mark(m.offset, m.line, m.column + 1) for m in marks)
    return SourceText(code, Place("code", "flow.json", 1, 10), shifted, written)


def failing_piece(function: Function, source: SourceText) -> str:
    """Return the text in the config at the position where `function` fails."""
    frame = None
    try:
        function.call(StateView({"ok": 1}, "here"))
    except KeyError as error:
        frame = innermost(error.__traceback__, source.place.file)
    assert frame is not None
    code = frame.tb_frame.f_code
    line, end_line, start, end = next(islice(code.co_positions(), frame.tb_lasti // 2, None))
    assert line is not None
    assert line == end_line
    return source.lines[line - 1].encode()[start:end].decode()


def innermost(trace: TracebackType | None, file: str | None) -> TracebackType | None:
    found = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            found = trace
        trace = trace.tb_next
    return found


PIECES = st.sampled_from(["1", "'é'", "s['ok']", "(s\n  .get('ok'))", "len('日本\\n\"')"])
BREAKS = st.sampled_from(["", " ", "\n", "\n    ", "  # é\n "])


@st.composite
def expressions(draw: st.DrawFn) -> str:
    """Draw an expression over several lines in which only `s['missing']` fails."""
    text = "s['missing']"
    for _ in range(draw(st.integers(0, 5))):
        other, gap = draw(PIECES), draw(BREAKS)
        shapes = ["[{o},{g} {x}]", "({o},{g}{x},{g})", "{{'k':{g}{x}, 'l': {o}}}", "str({g}{x})"]
        shapes += [
            "(None or{g} {x})",
            "({x}{g} if s else {o})",
            "(lambda: {g}{x})()",
            "[{o},{x}][0]",
        ]
        text = draw(st.sampled_from(shapes)).format(o=other, g=gap, x=text)
    return "lambda s:" + draw(BREAKS) + " " + text


@given(expressions())
def test_a_failure_is_found_at_its_own_characters_in_a_block(code: str) -> None:
    source = in_block(code)

    assert failing_piece(function_of(source), source) == "s['missing']"


@given(expressions())
def test_a_failure_is_found_at_its_own_characters_in_a_json_line(code: str) -> None:
    source = in_json(code)

    assert failing_piece(function_of(source), source) == "s['missing']"


def test_a_piece_that_ends_with_an_escape_ends_after_it() -> None:
    source = in_json('lambda s: [s["ok"] + "\u00e9"][0]')

    with pytest.raises(TypeError) as caught:
        function_of(source).call(StateView({"ok": 1}, "here"))

    frame = innermost(caught.value.__traceback__, "flow.json")
    assert frame is not None
    positions = frame.tb_frame.f_code.co_positions()
    _, _, start, end = next(islice(positions, frame.tb_lasti // 2, None))
    assert source.lines[0][start:end] == r"s[\"ok\"] + \"\u00e9\""


@pytest.mark.parametrize(
    "code",
    [
        "def f(s):\n    x = 1\n    return x + s['missing']",
        "  x = 1\n  if x:\n    return state['missing']",
        "x = 'é'; y = state['missing']\n        return y",
    ],
)
def test_a_failure_in_a_body_is_found_in_the_file(code: str) -> None:
    source = in_block(code)

    assert failing_piece(function_of(source), source).endswith("['missing']")


def test_a_traceback_of_a_dict_config_shows_its_code() -> None:
    function = of_keys("lambda s: {\n  'a': s['x'] + 1,\n}", "states[1].code")

    try:
        function.call({"x": None})
    except TypeError as error:
        shown = "".join(traceback.format_exception(error))

    assert 'File "<statepipe states[1].code>", line 2, in <lambda>' in shown
    assert "    'a': s['x'] + 1,\n         ~~~~~~~^~~" in shown


def test_two_dict_configs_keep_their_lines_apart() -> None:
    first, second = of_keys("lambda s: 1", "same"), of_keys("lambda s: 2", "same")

    again = of_keys("lambda s: 1", "same")

    names = [f.call.__code__.co_filename for f in (first, second, again)]  # type: ignore[attr-defined]
    assert names == ["<statepipe same>", "<statepipe same (2)>", "<statepipe same>"]
    assert linecache.getline(names[1], 1) == "lambda s: 2\n"


@pytest.mark.parametrize(
    ("code", "style", "value"),
    [
        ("lambda s: s.name", "view", "here"),
        ("lambda d, c: c.state", "data_context", "here"),
        ("data['a']", "record", 1),
        ("state.name", "view", "here"),
        ("(data['a'], state.name)", "view", (1, "here")),
        ("context.network", "data_context", "main"),
        ("(state.name, context.network, data['a'])", "data_context", ("here", "main", 1)),
        ("return state['a'], context.state", "data_context", (1, "here")),
        ("pass", "record", None),
    ],
)
def test_names_and_parameters_decide_what_a_function_gets(
    code: str, style: str, value: object
) -> None:
    function = of_keys(code)

    assert function.style == style
    assert call(function, {"a": 1}) == value


@pytest.mark.parametrize("wait", ["", "await sleep(0)\n"])
def test_data_assigned_in_a_body_with_a_context_is_kept(wait: str) -> None:
    code = f"from asyncio import sleep\n{wait}state.data = {{'at': context.state}}"

    assert call(of_keys(code), {"a": 1}) == {"at": "here"}
    assert call(of_keys(code.replace("state.data =", "x =")), {"a": 1}) is None


def call(function: Function, record: dict[str, Any]) -> object:
    view, context = StateView(record, "here"), Context("here", "main")
    arguments = {"view": (view,), "data_context": (record, context), "record": (record,)}
    value = function.call(*arguments[function.style])
    return asyncio.run(value) if function.is_async else value


@pytest.mark.parametrize(
    ("code", "message", "column"),
    [
        ("break", "'break' outside loop", 1),
        ("lambda s, s: 1", "duplicate argument 's' in function definition", 11),
        ("def f(s):\n  nonlocal s", "name 's' is parameter and nonlocal", 3),
    ],
)
def test_what_only_the_compiler_finds_is_a_problem(code: str, message: str, column: int) -> None:
    with pytest.raises(ConfigError) as caught:
        function_of(in_block(code))

    [problem] = caught.value.problems
    assert problem.message == f"this is not valid Python: {message}"
    assert problem.place.file == "flow.yaml"
    assert problem.place.column == 6 + column


@pytest.mark.parametrize(
    ("code", "line", "reason"),
    [
        ("import no_such\ndef f(s): pass", 3, "ModuleNotFoundError: No module named 'no_such'"),
        ("\n@len\ndef f(s): pass", 4, "TypeError: object of type 'function' has no len()"),
        ("def f(s: 1 / 0): pass", 3, "ZeroDivisionError: division by zero"),
    ],
)
def test_a_definition_that_fails_is_a_problem(code: str, line: int, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        function_of(in_block(code))

    [problem] = caught.value.problems
    assert problem.message == f"the definition of this function fails: {reason}"
    assert (problem.place.file, problem.place.line) == ("flow.yaml", line)


def test_only_the_modules_that_are_named_are_in_the_globals() -> None:
    scope = of_keys("lambda s: math.pi").call.__globals__  # type: ignore[attr-defined]

    assert "math" in scope
    assert "json" not in scope


# -- what is bound to the run --------------------------------------------------------------

ID = view_of({}).uuid()
CHANCE = view_of({}).rng.random()


def called(function: Function, record: dict[str, Any]) -> object:
    """Call a function as the engines do."""
    view, context = view_of(record), context_of()
    arguments = {"view": [view], "data_context": [record, context], "record": [record]}
    given_last = {"view": [view], "data_context": [context]}[function.style]
    value = function.call(*arguments[function.style], *given_last)
    return asyncio.run(value) if function.is_async else value


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize(
    ("code", "style", "value"),
    [
        ("lambda s: (uuid(), s['a'])", "view", (ID, 1)),
        ("lambda d, c: (rng.random(), d['a'])", "data_context", (CHANCE, 1)),
        ("(uuid(), data['a'])", "view", (ID, 1)),
        ("(uuid(), state.name, data['a'])", "view", (ID, "state", 1)),
        ("(uuid(), context.network, state['a'])", "data_context", (ID, "main", 1)),
        ("return uuid(), data['a']", "view", (ID, 1)),
        ("x = context.state\nreturn uuid(), state['a'], x", "data_context", (ID, 1, "state")),
        ("return (lambda: rng.random())()", "view", CHANCE),
        ("return [rng.random() for _ in 'x']", "view", [CHANCE]),
        ("return [rng for rng in 'x'] + [rng.random()]", "view", ["x", CHANCE]),
        ("now().isoformat()", "view", "1970-01-01T00:00:00+00:00"),
        ("(uuid(), uuid.UUID(int=1).hex[-1])", "view", (ID, "1")),
        ("list(map(lambda _: uuid(), 'x'))", "view", [ID]),
        ("def f(s):\n    return uuid()", "view", ID),
        ("def f(s):\n    return uuid() if s.get('a') == 2 else f({'a': 2})", "view", ID),
        (
            "import re\n\ndef f(d, c):\n    return re.sub('a', 'b', 'a'), uuid()",
            "data_context",
            None,
        ),
        ("def data(state):\n    return state['a'], uuid()", "view", (1, ID)),
        ("async def f(s):\n    return uuid()", "view", ID),
    ],
)
def test_now_uuid_and_rng_are_there_in_every_form(
    code: str, style: str, value: object, trusted: bool
) -> None:
    source = SourceText.of_keys(code, "states[0].transform.code")
    function = function_of(source, trusted=trusted)

    assert (function.style, function.named, function.asks) == (style, True, True)
    assert called(function, {"a": 1}) == (value if value is not None else ("b", ID))


def test_state_and_context_ask_for_the_same_step_s_values() -> None:
    code = "return [state.uuid(), context.uuid(), uuid()] if context.state else None"
    view = view_of({})

    assert called(of_keys(code), {}) == [view.uuid() for _ in range(3)]


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("lambda rng: rng['a']", 1),
        ("lambda d, now: now.network", "main"),
        ("def f(s):\n    import uuid\n    return uuid.UUID(int=1).hex[-1]", "1"),
        ("import random as rng\n\ndef f(s):\n    return rng.choice([5])", 5),
        ("now = 3\nreturn now", 3),
        ("str(uuid.UUID(int=2))[-1]", "2"),
        ("__import__('uuid').UUID(int=2).hex[-1]", "2"),
    ],
)
def test_what_the_author_binds_under_these_names_stays_what_it_is(code: str, value: object) -> None:
    function = of_keys(code)

    assert function.named is False
    assert call(function, {"a": 1}) == value


@pytest.mark.parametrize(
    "code",
    [
        "lambda s: {'x': uuid(), 'y': s['missing']}",
        "def f(s):\n    x = rng\n    return s['missing']",
        "x = context.state\nreturn now(), state['missing']",
    ],
)
def test_the_piece_that_fails_is_found_in_code_that_asks(code: str) -> None:
    plan = one_transform(inline(code))
    error = Engine(plan).run([{"ok": 1}], Moments(TEST_RUN, lambda: [0])).errors[0]

    assert error.error_type == "KeyError"
    assert error.span is not None
    assert error.span.text[error.span.start : error.span.end].endswith("['missing']")


@pytest.mark.parametrize(
    ("code", "asks"),
    [
        ("lambda s: s.uuid()", True),
        ("def f(s):\n    return s.data", False),
        ("data['x']", False),
        ("return data['now']", False),
    ],
)
def test_only_code_that_may_ask_its_view_is_said_to_ask(code: str, asks: bool) -> None:
    function = of_keys(code)

    assert (function.asks, function.named) == (asks, False)


WARNED = """
name: Warned
states:
  - {name: only, is_start: true, is_end: true, transform: "data is 1 and data"}
  - name: other
    transform: |
      x = '\\d'
      return data
"""


def said_of(config: str, folder: Path, mode: str) -> list[str]:
    """Return what a new process says that loads and runs `config` with its warnings in `mode`."""
    (folder / "flow.yaml").write_text(config)
    code = "from statepipe import SimpleFSM as F; f = F('flow.yaml'); f.process({})"
    called = [sys.executable, "-W", mode, "-c", code]
    done = subprocess.run(called, cwd=folder, capture_output=True, text=True, check=False)
    return done.stderr.splitlines()


def test_python_warns_once_of_code_and_names_file_and_line(tmp_path: Path) -> None:
    said = said_of(WARNED, tmp_path, "always")
    warned = [line for line in said if "Warning: " in line]

    assert [line.partition(" ")[0] for line in warned] == ["flow.yaml:4:", "flow.yaml:7:"]
    assert '"is" with' in warned[0]
    assert "invalid escape sequence '\\d'" in warned[1]


def test_where_warnings_are_errors_the_code_is_refused_at_its_place(tmp_path: Path) -> None:
    said = "\n".join(said_of(WARNED, tmp_path, "error"))

    assert 'flow.yaml:4:60: this is not valid Python: "is" with' in said
    assert "flow.yaml:7:11: this is not valid Python: invalid escape sequence '\\d'" in said
