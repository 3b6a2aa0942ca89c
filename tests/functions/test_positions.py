import ast

import pytest

from statepipe.errors import Place
from statepipe.functions.positions import Positions
from statepipe.source_text import Mark, SourceText


def test_offsets_count_characters_and_not_bytes() -> None:
    positions = Positions(SourceText.of_keys("é = 1\nü + x", "code"))

    assert positions.offset(1, 3) == 2
    assert positions.offset(2, 2) == 7


@pytest.mark.parametrize(
    ("line", "column", "offset"), [(0, 5, 0), (9, 0, 5), (1, 99, 2), (1, -1, 0)]
)
def test_positions_outside_the_text_move_to_its_nearest_end(
    line: int, column: int, offset: int
) -> None:
    assert Positions(SourceText.of_keys("ab\ncd", "code")).offset(line, column) == offset


@pytest.mark.parametrize("code", ["a.b.name", "((a)\n . \\\n name)", "f('x.y') .name"])
def test_a_problem_with_an_attribute_underlines_its_name(code: str) -> None:
    positions = Positions(SourceText.of_keys(code, "code"))
    node = ast.parse(code, mode="eval").body
    assert isinstance(node, ast.Attribute)

    span = positions.problem(node, "no").span

    assert span is not None
    assert span.text[span.start : span.end] == "name"


def test_a_tree_is_moved_to_the_config_and_the_original_is_not() -> None:
    text = "(x +\n y)"
    marks = (Mark(0, 5, 9), Mark(5, 6, 6))
    lines = ("", "", "", "", "code: é (x +", "      y)")
    source = SourceText(text, Place("code", "flow.yaml", 5, 7), marks, lines)
    tree = ast.parse(text, mode="eval")

    moved = Positions(source).in_config(tree).body

    assert (moved.lineno, moved.col_offset) == (5, 10)
    assert (moved.end_lineno, moved.end_col_offset) == (6, 7)
    assert (tree.body.lineno, tree.body.end_col_offset) == (1, 2)
