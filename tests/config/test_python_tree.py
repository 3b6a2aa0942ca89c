import pytest

from statepipe.config.problems import Problems
from statepipe.config.python_tree import python_tree
from statepipe.config.tree import Scalar, find, plain
from statepipe.errors import ConfigError


def test_every_node_keeps_the_path_of_its_keys():
    tree = python_tree({"networks": [{"states": [{"x y": 1}]}]}, Problems())

    node = find(tree, ("networks", 0, "states", 0, "x y"))
    assert str(node.at.place) == "networks[0].states[0]['x y']"


def test_a_text_counts_its_own_lines():
    node = find(python_tree({"code": "a\n  b"}, Problems()), ("code",))

    assert isinstance(node, Scalar)
    assert node.source is not None
    assert node.source.locate(4) == (2, 3)
    assert node.source.place.keys == "code"


def test_a_tuple_is_a_list_and_an_object_stays_what_it_is():
    marker = object()

    assert plain(python_tree({"a": (1, marker)}, Problems())) == {"a": [1, marker]}


def test_a_key_that_is_no_text_is_a_problem():
    problems = Problems()
    tree = python_tree({"a": {1: 2, "b": 3}}, problems)

    assert plain(tree) == {"a": {"b": 3}}
    assert [str(p) for p in problems.found] == ["a: the key 1 must be text, not an int"]


def test_a_number_that_python_cannot_write_is_a_problem():
    problems = Problems()
    tree = python_tree({"a": 10**5000, "b": [3]}, problems)

    assert plain(tree) == {"a": None, "b": [3]}
    assert "a: the number cannot be written: Exceeds the limit (4300" in str(problems.found[0])


def test_a_dict_that_contains_itself_is_refused():
    loop: dict[str, object] = {}
    loop["a"] = loop

    with pytest.raises(ConfigError, match="nested deeper than 64 levels"):
        python_tree(loop, Problems())


def test_a_dict_whose_lists_multiply_without_bound_is_refused():
    value: object = 1
    for _ in range(40):
        value = [value, value]

    with pytest.raises(ConfigError, match="the config has more than 100000 values"):
        python_tree({"a": value}, Problems())
