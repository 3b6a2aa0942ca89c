import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.codegen.splice import SplicedLine, splice
from statepipe.plan.analyse import analyse
from tests.plan.machines import inline

NAMES = {"record": "data", "state_name": "'here'"}

TEXTS = {
    "one line": "lambda state: state.data['a'] + state['b'] * 2",
    "a dict over lines": "lambda state: {\n    'a': state.data['a'],\n    **state.data\n  }",
    "lines that need brackets": "lambda s: (s.data['a']\n   or s.data['b'])",
    "comments": "lambda s: {  # one\n  'a': s.data['a'],  # two: s.data\n  # three\n}",
    "unicode": "lambda s: {'é☃': '😀' + s.data['ü'], '\U0001d54f': s.data['😀']}",
    "a string over lines": "lambda s: {'t': '''one  \n\n   two''' + s.data['a'],\n   'b': s.data}",
    "a string with a continued line": "lambda s: ('a\\\n   b' + s.data['a'])",
    "a continued line": "lambda s: s.data['a'] \\\n  + s.data['b']",
    "an f-string": "lambda s: f\"é{s.data['a']:>{s.data['w']}}{s.data['b']!r}\" + s.data['c']",
    "brackets in brackets": "lambda s: ((([s.data['a']\n])[0])\n or {}['}'])",
    "an attribute over lines": "lambda s: (s\n  .data\n  ['a'])",
    "a comprehension": "lambda s: [x + s.data['a']\n  for x in s.data['l']\n    if x != s.name]",
    "tabs": "lambda s: {\n\t'a': s.data['a'],\n\t'b': s.data['b']}",
    "carriage returns": "lambda s: {\r\n  'a': s.data['a'],\r\n  'b': 1}",
    "an expression": "data['a'] + state.data['b']",
    "a tuple without brackets": "data['a'], data['b']",
    "nothing of the record": "lambda s: 1 + 1",
    "blank lines": "\n\n  lambda s: (\n\n    1\n\n + s.data['a'])  \n",
}


def spliced(
    text: str, prefix: str = "x = ", suffix: str = "", indent: str = " " * 8
) -> list[SplicedLine]:
    function = inline(text)
    fusion = analyse(function).fusion
    assert fusion is not None
    return splice(function.code, fusion, NAMES, indent, prefix, suffix)


def program(lines: list[SplicedLine]) -> str:
    """The lines as they stand in a function, eight columns in."""
    return "if 1:\n    if 1:\n" + "\n".join(line.text for line in lines) + "\n"


@pytest.mark.parametrize("what", TEXTS)
def test_the_spliced_text_is_the_expression_with_its_edits(what: str) -> None:
    function = inline(TEXTS[what])
    fusion = analyse(function).fusion
    expected = function.code.source.text[fusion.start : fusion.end]
    for edit in reversed(fusion.edits):
        start, end = edit.start - fusion.start, edit.end - fusion.start
        expected = expected[:start] + NAMES[edit.by] + expected[end:]
    tree = ast.parse(program(spliced(TEXTS[what])))

    assert ast.dump(tree.body[0].body[0].body[0].value) == ast.dump(
        ast.parse(f"(\n{expected}\n)", mode="eval").body
    )


@pytest.mark.parametrize("what", TEXTS)
def test_every_character_maps_back_to_what_it_was_written_for(what: str) -> None:
    text = inline(TEXTS[what]).code.source.text
    for line in spliced(TEXTS[what]):
        for piece in line.pieces:
            written = line.text[piece.column : piece.column + piece.length]
            stands_for = text[piece.start : piece.end]

            assert written == stands_for or written in NAMES.values()
            for inside in range(piece.length):
                offset = piece.start_of(piece.column + inside)
                assert piece.start <= offset < max(piece.end, piece.start + 1)
                if written == stands_for:
                    assert text[offset] == line.text[piece.column + inside]
                    assert piece.end_of(piece.column + inside + 1) == offset + 1


def test_lines_keep_their_shape_under_the_first() -> None:
    lines = spliced(
        "lambda s: {\n            'a': 1,\n              'b': 2,\n        }", indent="    "
    )

    assert [line.text for line in lines] == [
        "    x = {",
        "        'a': 1,",
        "          'b': 2,",
        "    }",
    ]


def test_an_expression_over_lines_gets_brackets_if_it_has_none() -> None:
    lines = spliced("lambda s: (1 +\n           2)", prefix="if ", suffix=":", indent="")

    assert [line.text for line in lines] == ["if (1 +", "2):"]


def test_the_lines_of_a_long_string_are_left_alone() -> None:
    lines = spliced("lambda s: '''one  \n      two'''", indent="    ")

    assert [line.text for line in lines] == ["    x = ('''one  ", "      two''')"]


FRAGMENTS = [
    "{r}['a']",
    "{r}.get('é')",
    "'☃'",
    "f'{{{r}}}'",
    "[x for x in {r}]",
    "'''a\n  b'''",
    "1",
]
JOINTS = [" + ", "\n  or ", ",\n", " # c\n == ", " \\\n and "]


@given(
    st.lists(st.tuples(st.sampled_from(FRAGMENTS), st.sampled_from(JOINTS)), min_size=1, max_size=6)
)
def test_any_expression_means_the_same_where_it_is_spliced(parts: list[tuple[str, str]]) -> None:
    body = "".join(fragment.format(r="{r}") + joint for fragment, joint in parts) + "0"
    text = "lambda s: (" + body.replace("{r}", "s.data") + ")"
    tree = ast.parse(program(spliced(text)))

    assert ast.dump(tree.body[0].body[0].body[0].value) == ast.dump(
        ast.parse("(" + body.replace("{r}", "data") + ")", mode="eval").body
    )
