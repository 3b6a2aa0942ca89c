import ast

import pytest

from statepipe.errors import ConfigError, Problem
from statepipe.functions import read_inline
from statepipe.functions.positions import Positions
from statepipe.source_text import SourceText


def text_of(code: str) -> SourceText:
    return SourceText.of_keys(code, "states[0].transform.code")


def problems_of(code: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        read_inline(text_of(code))
    return caught.value.problems


def underlined(problem: Problem) -> str:
    assert problem.span is not None
    return problem.span.text[problem.span.start : problem.span.end]


@pytest.mark.parametrize(
    ("code", "form", "parameters"),
    [
        ("lambda state: state['a']", "lambda", ("state",)),
        ("lambda data, context: data", "lambda", ("data", "context")),
        ("\n\n   lambda state:\n      state['a']\n  ", "lambda", ("state",)),
        ("(lambda s: 1)", "lambda", ("s",)),
        ("lambda s, /: 1  # why", "lambda", ("s",)),
        ("data['a']", "expression", ()),
        ("\n  data['a']\n  + 1", "expression", ()),
        ("a, b", "expression", ()),
        ("()", "expression", ()),
        ("return 1", "body", ()),
        ("\n    x = 1\n    return x\n", "body", ()),
        ("x = 1\n        return x", "body", ()),
        ("def f(s): return 1\nreturn f(state)", "body", ()),
        ("def f(s): return 1", "def", ("s",)),
        ("\n  async def f(d, c):\n    return 1\n", "def", ("d", "c")),
        ("import re\ndef h(): return 1\ndef f(s): return h()", "def", ("s",)),
    ],
)
def test_every_form_is_known(code: str, form: str, parameters: tuple[str, ...]) -> None:
    parsed = read_inline(text_of(code))

    assert parsed.form == form
    assert parsed.code.parameters == parameters
    assert (parsed.code.expression is not None) == (form in ("lambda", "expression"))


@pytest.mark.parametrize(
    ("code", "is_async"),
    [
        ("async def f(s): return 1", True),
        ("def f(s): return 1", False),
        ("await data['x']", True),
        ("return await data['x']", True),
        ("async for x in data: pass", True),
        ("[x async for x in data]", True),
        ("async def g(): await x\nreturn 1", False),
    ],
)
def test_await_makes_a_function_async(code: str, is_async: bool) -> None:
    assert read_inline(text_of(code)).is_async == is_async


@pytest.mark.parametrize(
    ("code", "message", "piece"),
    [
        ("lambda state: {'a': 1 'b': 2}", "invalid syntax. Perhaps you forgot a comma?", "1 'b'"),
        ("lambda state: {\n  'a': 1", "'{' was never closed", "{"),
        ("lambda state: (state['a']", "'(' was never closed", "("),
        ("lambda state: state['a'])", "unmatched ')'", ")"),
        (
            "lambda state:\n  [1)",
            "closing parenthesis ')' does not match opening parenthesis '['",
            ")",
        ),
        ("a) or (b", "unmatched ')'", ")"),
        ("x for x in y", "invalid syntax", "for"),
        ("lambda s: 'é' + + * s", "invalid syntax", "*"),
        ("x = 1\nreturn x y", "invalid syntax", "y"),
        ("  x = 1\ny = 2", "this line is indented less than the first", "y"),
        (
            "if data:\nreturn 1",
            "expected an indented block after 'if' statement",
            "return",
        ),
        ("lambda state: 'abc", "unterminated string literal (detected at line 1)", "'"),
        ("lambda state:", "invalid syntax", ":"),
    ],
)
def test_a_syntax_error_points_at_the_token(code: str, message: str, piece: str) -> None:
    [problem] = problems_of(code)

    assert problem.message == f"this is not valid Python: {message}"
    assert underlined(problem) == piece


def test_a_syntax_error_knows_its_line_and_column() -> None:
    [problem] = problems_of("\n  lambda state: {\n    'a': = 1\n  }")

    assert (problem.place.line, problem.place.column) == (3, 10)
    assert problem.span is not None
    assert problem.span.text == "    'a': = 1"


@pytest.mark.parametrize(
    ("code", "message", "piece"),
    [
        ("lambda: 1", "this lambda has 0 parameters", "lambda: 1"),
        ("lambda a, b, c: 1", "this lambda has 3 parameters", "c"),
        ("def f(): pass", "this function has 0 parameters", "def f(): pass"),
        ("lambda *a: 1", "this lambda has a parameter that nothing is given for", "a"),
        ("lambda s, **k: 1", "this lambda has a parameter that nothing is given for", "k"),
        ("def f(s, *, k): 1", "this function has a parameter that nothing is given for", "k"),
        ("lambda s, x=1: 1", "this lambda has a parameter default", "1"),
    ],
)
def test_wrong_parameters_are_refused(code: str, message: str, piece: str) -> None:
    [problem] = problems_of(code)

    assert problem.message == message
    assert problem.advice == "give it one parameter (the state) or two (data, context)"
    assert underlined(problem) == piece


@pytest.mark.parametrize(
    ("code", "message", "piece"),
    [
        ("lambda s: (yield 1)", "`yield` makes this a generator", "yield 1"),
        ("yield data", "`yield` makes this a generator", "yield data"),
        ("lambda s: await s", "a lambda cannot await", "await s"),
        ("lambda s: s, 'why'", "the lambda ends at its first comma outside brackets", "'why'"),
        ("lambda s: s,", "the lambda ends at its first comma outside brackets", "lambda s: s"),
        (
            "x = 1\ndef f(s): return x",
            "this statement would run once, not for each record",
            "x = 1",
        ),
    ],
)
def test_code_that_gives_no_value_is_refused(code: str, message: str, piece: str) -> None:
    [problem] = problems_of(code)

    assert problem.message == message
    assert problem.advice
    assert underlined(problem) == piece


@pytest.mark.parametrize("code", ["", "  \n ", "# only a comment"])
def test_empty_code_is_refused(code: str) -> None:
    [problem] = problems_of(code)

    assert problem.message == "this inline code is empty"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("lambda s: 1\0", "null bytes"),
        ("lambda s: '\ud800'", "surrogates not allowed"),
        ("(" * 500 + ")" * 500, "too many nested parentheses"),
        ("lambda s: " + "-" * 100_000 + "1", "nested too deeply"),
        ("lambda s: " + "9" * 5000, "4300 digits"),
    ],
)
def test_text_that_breaks_the_parser_is_a_problem(code: str, message: str) -> None:
    [problem] = problems_of(code)

    assert message in problem.message


@pytest.mark.parametrize(
    "code",
    [
        "lambda s: {'é': s['ü'], **s}",
        "\n   lambda s:\n     [s['a'],\n  f'{s[\"é\"]} {1:>{s.x}}']\n",
        "data['a'] + (1\n + data['b'])",
        "  data['é'] if data else\n  None",
        "lambda s: 1\r\n + s['a']\r\n",
        "lambda s: 1 +\r s['a']",
    ],
)
def test_positions_of_an_expression_count_in_the_author_s_text(code: str) -> None:
    parsed = read_inline(text_of(code))
    assert parsed.code.expression is not None
    text, positions = parsed.code.source.text, Positions(parsed.code.source)
    names = [n for n in ast.walk(parsed.code.expression) if isinstance(n, ast.Subscript | ast.Name)]

    pieces = {ast.unparse(node): text[slice(*positions.extent(node))] for node in names}

    assert pieces
    assert all(piece.replace('"', "'") == name for name, piece in pieces.items())


def test_a_syntax_error_names_no_line_but_that_of_the_config():
    source = SourceText.of_keys("lambda s: {\n  'a': (1,\n}", "code")

    with pytest.raises(ConfigError) as caught:
        read_inline(source)

    assert "does not match opening parenthesis '('" in caught.value.problems[0].message
    assert " on line" not in caught.value.problems[0].message
