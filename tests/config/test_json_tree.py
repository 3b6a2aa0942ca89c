import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.config.json_tree import json_tree
from statepipe.config.problems import Problems
from statepipe.config.tree import MapNode, Scalar, find, plain
from statepipe.errors import ConfigError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # Texts as another program may write them, without lone surrogates.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc.é"), inner),
)


def read(text: str) -> object:
    return plain(json_tree(text, "flow.json", "", Problems()))


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return str(caught.value.problems[0])


@given(VALUES, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_the_parser_agrees_with_the_json_module(value, ascii_only, indent):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)

    assert read(text) == json.loads(text)


@given(st.text('{}[],:"\\ntrue1e.-x \t\r\n', max_size=30))
def test_the_parser_refuses_what_the_json_module_refuses(text):
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ConfigError):
            read(text)
        return

    assert read(text) == expected


def test_every_node_keeps_its_keys_line_and_column():
    tree = json_tree('{\n  "a": [1,\n    {"b": 2}]\n}', "flow.json", "", Problems())

    place = find(tree, ("a", 1, "b")).at.place
    assert (place.keys, str(place)) == ("a[1].b", "flow.json:3:11")


def test_a_character_after_an_escape_leads_behind_the_escape():
    tree = json_tree('["a\\n\\u00e9\\ud83d\\ude00z"]', "flow.json", "", Problems())
    node = find(tree, (0,))

    assert isinstance(node, Scalar)
    assert node.source is not None
    assert node.source.text == "a\né😀z"
    assert [node.source.locate(i)[1] for i in range(5)] == [3, 4, 6, 12, 24]


def test_the_spot_of_a_text_covers_its_quotes():
    span = find(json_tree('{"a": "x"}', "flow.json", "", Problems()), ("a",)).at.span

    assert span is not None
    assert span.text[span.start : span.end] == '"x"'


def test_a_duplicate_key_is_a_problem_and_the_first_value_stays():
    problems = Problems()
    tree = json_tree('{"a": 1,\n "a": 2}', "flow.json", "", problems)

    assert plain(tree) == {"a": 1}
    assert [str(p.place) for p in problems.found] == ["flow.json:2:2"]
    assert problems.found[0].message == "duplicate key 'a'"
    assert problems.found[0].advice == "it stands on line 1 already; remove one"


def test_a_key_has_a_place_of_its_own():
    tree = json_tree('{"a": {"b": 1}}', "flow.json", "", Problems())
    inner = find(tree, ("a",))

    assert isinstance(inner, MapNode)
    assert (inner.entries[0].at.place.keys, inner.entries[0].at.place.column) == ("a.b", 8)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "flow.json:1:1: JSON: the text ends where a value should stand"),
        ('{"a": 1,\n}', "flow.json:2:1: JSON: expected a key in double quotes"),
        ("[1,]", "flow.json:1:4: JSON: expected a value"),
        ("[1 2]", "flow.json:1:4: JSON: expected ',' or ']'"),
        ('{"a" 1}', "flow.json:1:6: JSON: expected ':' after the key"),
        ("{a: 1}", "flow.json:1:2: JSON: expected a key in double quotes"),
        ("{} x", "flow.json:1:4: JSON: there is more text after the end"),
        ("[NaN]", "flow.json:1:2: JSON: expected a value, found 'NaN'"),
        ("['a']", 'flow.json:1:2: JSON: expected a value, found "\'"'),
        ('["a\tb"]', "flow.json:1:4: JSON: a control character in a text"),
        ('["a\\x"]', "flow.json:1:4: JSON: unknown escape"),
        ('["a\n"]', "flow.json:1:2: JSON: the text has no closing quote"),
        ("[" * 100, "nested deeper than 64 levels"),
        (f"[{'9' * 5000}]", "flow.json:1:2: JSON: a number of 5000 digits is too long"),
        ("[01]", "flow.json:1:3: JSON: expected ',' or ']'"),
    ],
)
def test_what_is_no_json_is_refused_at_its_place(text, message):
    assert message in refused(text)


def test_a_comma_too_many_gets_advice():
    assert "help: remove the comma before it" in refused("[1,]")
