from statepipe.config.problems import Problems
from statepipe.config.python_tree import python_tree
from statepipe.config.tree import find, keys_below, plain, walk, without

TREE = python_tree({"a": [{"b": 1}, {"c": 2}], "d": {"e": 3}}, Problems())


def test_find_stops_at_the_deepest_node_on_the_way():
    assert find(TREE, ("a", 1, "nothing", 5)).at.place.keys == "a[1]"


def test_walk_goes_in_written_order():
    keys = [node.at.place.keys for node in walk(TREE)]

    assert keys == ["", "a", "a[0]", "a[0].b", "a[1]", "a[1].c", "d", "d.e"]


def test_without_leaves_out_paths_and_moves_items_up():
    rest = without(TREE, frozenset({("a", 0), ("d", "e")}))

    assert plain(rest) == {"a": [{"c": 2}], "d": {}}
    assert find(rest, ("a", 0)).at.place.keys == "a[1]"


def test_keys_that_are_no_words_are_quoted():
    assert keys_below("a", "b-c") == "a.b-c"
    assert keys_below("a", "b.c") == "a['b.c']"
    assert keys_below("", "b") == "b"
    assert keys_below("a", 3) == "a[3]"
