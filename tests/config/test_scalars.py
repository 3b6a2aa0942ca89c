"""Marks: every character of a YAML scalar leads back to the character it was written with."""

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from statepipe.config.problems import Problems
from statepipe.config.tree import MapNode, Scalar
from statepipe.config.yaml_tree import yaml_tree
from statepipe.source_text import SourceText

WORDS = st.lists(
    st.text("ab'\"\\(): #é\t{}[]-|>", min_size=1, max_size=12), min_size=1, max_size=12
).map(" ".join)


def scalar_of(text: str) -> SourceText:
    """Return the source of the value of the first key of a YAML text."""
    root = yaml_tree(text, "flow.yaml", "", Problems())
    assert isinstance(root, MapNode)
    value = root.entries[0].value
    assert isinstance(value, Scalar)
    assert value.source is not None
    return value.source


def written_at(source: SourceText, offset: int) -> str:
    line, column = source.locate(offset)
    return source.lines[line - 1][column - 1 :]


def wrong_offsets(source: SourceText) -> list[tuple[int, str, str]]:
    """Return the offsets of visible characters that do not lead to where they are written."""
    found = [(i, char, written_at(source, i)) for i, char in enumerate(source.text)]
    return [each for each in found if not each[1].isspace() and not each[2].startswith(each[1])]


def unescaped(wrong: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """Leave out the characters that are written by an escape, which is where they lead."""
    return [(i, char, at) for i, char, at in wrong if not at.startswith(("\\", "''"))]


@pytest.mark.parametrize(
    "text",
    [
        "a: lambda state, x=1",
        "a: plain words\n  over two\n\n  and more lines",
        "a: 'single ''quoted'' text'",
        "a: 'over\n  two lines\n\n   and more'",
        'a: "double \\"quoted\\" text"',
        "a: |\n  first\n    second\n\n  third\n",
        "a: |2\n    leads\n   with spaces\n",
        "a: |-  # a comment\n  first\n  second",
        "a: |+\n  first\n\n\nb: 1\n",
        "a: >\n  folded\n  words\n\n  end\n",
        "a: >-\n  folded\n    deeper\n    lines\n  end\n",
        "a: |\r\n  first\r\n  second\r\n",
        "a: &anchor words",
        "a: !!str words",
        "a: !!str &b |\n  words\n",
        "a: &anchor\n  words",
    ],
)
def test_every_character_leads_back_to_where_it_is_written(text):
    source = scalar_of(text)

    assert unescaped(wrong_offsets(source)) == []


def test_a_character_after_an_escape_leads_behind_the_escape():
    source = scalar_of('a: "\\x41\\u00e9\\n\\U0001F600z"')

    assert source.text == "Aé\n😀z"
    assert [written_at(source, i)[:2] for i in range(5)] == ["\\x", "\\u", "\\n", "\\U", 'z"']


def test_a_double_quoted_text_over_lines_is_exact_behind_joined_and_blank_lines():
    source = scalar_of('a: "one \\\n    two  \n\n\n  three\\\n  \\  four"')

    assert source.text == "one two\n\nthree  four"
    assert wrong_offsets(source) == []


def test_each_line_of_a_literal_block_has_its_own_place():
    source = scalar_of("a: |\n  first\n    second\n")

    assert source.locate(0) == (2, 3)
    assert source.locate(6) == (3, 3)
    assert source.locate(8) == (3, 5)


def test_a_span_in_a_quoted_text_underlines_what_is_written():
    span = scalar_of("a: 'it''s here'").span(5, 9)

    assert span.text[span.start : span.end] == "here"


@given(WORDS, st.sampled_from(["|", ">", "'", '"', None]), st.integers(8, 60))
def test_marks_are_right_for_any_text_in_any_style(words, style, width):
    dumped = yaml.dump({"a": words}, default_style=style, width=width, allow_unicode=True)
    assume(yaml.safe_load(dumped) == {"a": words})  # PyYAML folds some texts beyond return
    source = scalar_of(dumped)

    assert source.text == words
    assert unescaped(wrong_offsets(source)) == []
