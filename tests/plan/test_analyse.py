import ast
import sys

import pytest

from statepipe.errors import ConfigError
from statepipe.plan.analyse import analyse
from statepipe.plan.facts import UNKNOWN, Facts
from tests.plan.machines import inline, registered


def edited(code: str) -> str | None:
    """The code's expression as it is fused, or None where it is called."""
    function = inline(code)
    fusion = analyse(function).fusion
    if fusion is None:
        return None
    text, at = "", fusion.start
    for edit in fusion.edits:
        text += function.code.source.text[at : edit.start] + edit.by
        at = edit.end
    return text + function.code.source.text[at : fusion.end]


FUSED = {
    "lambda state: state.data['a']": "record['a']",
    "lambda state: state['a']": "record['a']",
    "lambda state: state.get('a') or state.name": "record.get('a') or state_name",
    "lambda state: sorted(state.keys())": "sorted(record.keys())",
    "lambda data: data.data": "record",
    "lambda s: s.error and s.error['type']": "error and error['type']",
    "state.error.get('type')": "error.get('type')",
    "lambda d, c: d['a']": "record['a']",
    "data['a'] + state.data['b'] + state['c']": "record['a'] + record['b'] + record['c']",
    "lambda s: s . data [ 'a' ]": "record [ 'a' ]",
    "lambda s: (s.data['a']  # c\n or 1)": "record['a']  # c\n or 1",
    "lambda s: {'é': '☃' + s.data['ü'], 'b': s.data}": "{'é': '☃' + record['ü'], 'b': record}",
    "lambda s: f\"{s.data['a']}é{s.data['b']:>{s.data['w']}}\"": (
        "f\"{record['a']}é{record['b']:>{record['w']}}\""
    ),
    "lambda s: any(x == s.data['a'] for x in s.data['l'])": (
        "any(x == record['a'] for x in record['l'])"
    ),
    "lambda s: sorted(s.data['l'], key=lambda x: x != s.data['a'])": (
        "sorted(record['l'], key=lambda x: x != record['a'])"
    ),
    "lambda s: [len(x) for x in s.data['l']]": "[len(x) for x in record['l']]",
    "lambda s: 's.data' in s.data": "'s.data' in record",
    "lambda s: __import__('time').time()": "__import__('time').time()",
}

CALLED = {
    "the parameter itself": "lambda s: s",
    "a test of the view": "lambda s: 'a' in s",
    "resources": "lambda s: s.resources['r']",
    "a context": "lambda d, c: c.state",
    "the error of a context": "lambda d, c: c.error",
    "an error that is assigned": "state.error = 1",
    "a walrus": "lambda s: (x := s.data['a']) and x",
    "a comprehension that binds the parameter": "lambda s: [s for s in s.data['l']]",
    "a lambda that binds the parameter": "lambda s: sorted([], key=lambda s: s.data)",
    "a generator that outlives the value": "lambda s: (x + s.data['a'] for x in [1])",
    "a lambda that outlives the value": "lambda s: {'f': lambda: s.data}",
    "a lambda that dict keeps": "lambda s: dict(f=lambda: s.data['a'])",
    "a lambda that max may give": "lambda s: max(lambda: s.data, lambda: 1, key=id)",
    "a generator that max may give": "lambda s: max((s.data for _ in []), (), key=id)",
    "a lambda in a list": "lambda s: [lambda: s.data for _ in s.data]",
    "locals": "lambda s: locals()['s'].data",
    "eval": "lambda s: eval('s.data')",
    "eval by another way": "lambda s: list(map(eval, ['s']))",
    "an import of who knows what": "lambda s: __import__('sys')._getframe().f_locals",
    "a view's record as a target": "lambda s: [0 for s.data in [{}]]",
    "a bare tuple before a comment": "data['a'], 1  # why",
}


@pytest.mark.parametrize("code", FUSED)
def test_an_expression_over_its_record_is_fused(code: str) -> None:
    assert edited(code) == FUSED[code]


@pytest.mark.parametrize("why", CALLED)
def test_what_needs_a_scope_of_its_own_is_called(why: str) -> None:
    assert edited(CALLED[why]) is None


def test_an_f_string_with_the_states_name_is_fused_where_python_tells_its_positions() -> None:
    told = sys.version_info >= (3, 12)

    assert edited("lambda s: f'{s.name}'") == ("f'{state_name}'" if told else None)


@pytest.mark.parametrize(
    "code", ["def f(s):\n    return s.data", "return data", "await data['a']", "x = 1\nreturn x"]
)
def test_statements_and_async_code_are_called(code: str) -> None:
    assert analyse(inline(code)).fusion is None


def test_nothing_is_known_of_a_registered_function() -> None:
    assert analyse(registered(len)) == UNKNOWN == Facts(mutates=True, leaks=True)


def test_free_names_are_those_that_nothing_in_the_code_binds() -> None:
    fusion = analyse(inline("lambda s: [str(x) for x in s.data if re.match('a', x)]")).fusion

    assert fusion is not None
    assert fusion.free_names == {"str", "re"}
    assert fusion.bound_names == {"x"}


@pytest.mark.parametrize(
    ("expression", "always"),
    [
        ("{}", True),
        ("{**s.data}", True),
        ("{k: 1 for k in s.data}", True),
        ("dict(a=1)", True),
        ("{'a': 1} if s.data else dict()", True),
        ("{} | {'a': 1}", True),
        ("s.data | {'a': 1}", False),  # the record may be of a subclass, which | keeps
        ("{} if s.data else None", False),
        ("s.data", False),
        ("s.data.copy()", False),
        ("[{}][0]", False),
        ("{} or s.data", False),
    ],
)
def test_always_dict(expression: str, always: bool) -> None:
    assert analyse(inline(f"lambda s: {expression}")).always_dict is always


@pytest.mark.parametrize(
    ("expression", "never"),
    [
        ("s.data['a'] > 1", True),
        ("not s.data['a']", True),
        ("'a' in s.data and s.data.get('b') is None", True),
        ("True", True),
        ("isinstance(s.data['a'], str)", True),
        ("s.data['a'].startswith('b')", True),
        ("len(s.data)", True),
        ("any(s.data.values())", True),
        ("f'{s.data}'", True),
        ("True if s.data else 'x' in s.data", True),
        ("s.data['a']", False),
        ("s.data.get('a')", False),
        ("(True, 'why')", False),
        ("s.data and (True, 'why')", False),
        ("divmod(1, 2)", False),
        ("max(s.data['l'])", False),
        ("(1,) + (2,)", False),
        ("1 if s.data else ()", False),
    ],
)
def test_never_tuple(expression: str, never: bool) -> None:
    assert analyse(inline(f"lambda s: {expression}")).never_tuple is never


def test_edits_that_would_go_astray_are_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    function = inline("lambda s: s.data['a'] + s.data['b']")
    [attribute, *_] = [
        node for node in ast.walk(function.code.expression) if isinstance(node, ast.Attribute)
    ]
    monkeypatch.setattr(attribute, "end_col_offset", attribute.end_col_offset - 1)

    assert analyse(function).fusion is None


@pytest.mark.parametrize("count", [100, 150, 200, 300, 500, 900])
def test_long_expressions_are_analysed_or_called_or_refused_before(count: int) -> None:
    code = "lambda s: " + " + ".join(["s.data['a']"] * count)
    try:
        function = inline(code)
    except ConfigError:
        return
    facts = analyse(function)

    assert facts == UNKNOWN or (facts.fusion is not None and len(facts.fusion.edits) == count)
