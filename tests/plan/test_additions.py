"""Which functions do no more than add fields to their record, and how these are written."""

import pytest

from statepipe.plan.analyse import analyse
from statepipe.plan.facts import Fusion
from tests.plan.machines import inline

ADDING = {
    "lambda s: {**s.data, 'a': 1}": {"a": "1"},
    "lambda s: {**s.data, 'a': s.data['b'], 'b': s['a']}": {"a": "record['b']", "b": "record['a']"},
    "lambda s: {**s.data, 'n': s.data.get('n', 0) + 1}": {"n": "record.get('n', 0) + 1"},
    "lambda s: {**s.data, 'n': s.get('n')}": {"n": "record.get('n')"},
    "lambda d, c: {**d, 'n': d['n']}": {"n": "record['n']"},
    "{**data, 'n': data['n'] if 'n' in data else state.name}": {
        "n": "record['n'] if 'n' in record else state_name"
    },
    "lambda s: {**s.data, 'é': (s.data['ü']  # why\n or 1)}": {"é": "record['ü']  # why\n or 1"},
    "lambda s: {**s.data, 't': f\"{s.data['a']:>5}\", 'u': [x for x in s['l']]}": {
        "t": "f\"{record['a']:>5}\"",
        "u": "[x for x in record['l']]",
    },
    "lambda s: {**s.data, 'a': 1, 'a': 2}": {"a": "2"},
}


@pytest.mark.parametrize("code", ADDING)
def test_what_a_function_adds_is_known_by_its_key(code: str) -> None:
    function = inline(code)

    additions = analyse(function).additions

    text = function.code.source.text
    assert {each.key: edited(text, each.value) for each in additions} == ADDING[code]


def edited(text: str, value: Fusion) -> str:
    said, at = "", value.start
    for edit in value.edits:
        said += text[at : edit.start] + edit.by
        at = edit.end
    return said + text[at : value.end]


NOT_ADDING = {
    "nothing is added": "lambda s: {**s.data}",
    "the record is not there": "lambda s: {'a': s.data['a']}",
    "the record is not the first": "lambda s: {'a': 1, **s.data}",
    "something else is spread": "lambda s: {**s.data['a'], 'b': 1}",
    "more is spread": "lambda s: {**s.data, **s.data['a']}",
    "a key is not known": "lambda s: {**s.data, s.name: 1}",
    "a key is no text": "lambda s: {**s.data, 1: 1}",
    "a value is the record": "lambda s: {**s.data, 'a': s.data}",
    "a value holds the record": "lambda s: {**s.data, 'a': [s.data]}",
    "a value may be the record": "lambda s: {**s.data, 'a': s.data.get('a', s.data)}",
    "a value is by the record": "lambda s: {**s.data, 'a': {}[s.data]}",
    "a value may hold the record's insides": "lambda s: {**s.data, 'a': s.data.values()}",
    "a value may be bound to the record": "lambda s: {**s.data, 'a': s.data.get}",
    "a value changes the record": "lambda s: {**s.data, 'a': s.data.pop('b')}",
    "a value changes a part of the record": "lambda s: {**s.data, 'a': s.data['l'].append(1)}",
    "a value comes from who knows where": "lambda s: {**s.data, 'a': s.data['b'].send(1)}",
    "it is called and not fused": "lambda s: {**s.data, 'a': (x := 1)}",
    "it is one of two": "lambda s: {**s.data, 'a': 1} if s.data['b'] else {**s.data, 'b': 1}",
    "it is a body": "return {**data, 'a': 1}",
}


@pytest.mark.parametrize("code", NOT_ADDING.values(), ids=NOT_ADDING)
def test_nothing_is_added_to_the_record_where(code: str) -> None:
    assert analyse(inline(code)).additions == ()
