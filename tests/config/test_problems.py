from statepipe.config.problems import Problems, failure, in_order, suggestion, written_order
from statepipe.config.python_tree import python_tree
from statepipe.config.tree import Spot
from statepipe.errors import Place, Problem, Span


def test_a_near_name_is_suggested():
    assert suggestion("transfrom", ["validator", "transform"]) == "did you mean 'transform'?"


def test_without_a_near_name_all_are_listed():
    assert suggestion("xyz", ["b", "a"]) == "known here: a, b"
    assert suggestion("xyz", []) is None


def test_problems_of_a_dict_come_in_written_order():
    ranks = written_order(python_tree({"z": 1, "a": [1, 2], "m": 3}, Problems()))
    problems = [Problem(Place(keys), "wrong") for keys in ("m", "a[1]", "a[0]", "z")]

    assert [p.place.keys for p in in_order(problems, ranks)] == ["z", "a[0]", "a[1]", "m"]


def test_problems_of_files_come_file_by_file_and_line_by_line():
    places = [("a", 10, 1), ("b", 1, 1), ("a", 9, 7), ("a", 9, 2)]
    problems = [Problem(Place("", file, line, column), "wrong") for file, line, column in places]

    assert [str(p.place) for p in in_order(problems, {})] == ["a:9:2", "a:9:7", "a:10:1", "b:1:1"]


def test_the_same_problem_at_the_same_place_is_told_once():
    problem = Problem(Place("k", "a", 1, 1), "wrong")

    assert in_order([problem, Problem(Place("other", "a", 1, 1), "wrong")], {}) == [problem]


def test_the_same_message_at_two_keys_of_a_dict_is_told_twice():
    problems = [Problem(Place("a"), "wrong"), Problem(Place("b"), "wrong")]

    assert in_order(problems, {}) == problems


def test_a_failure_is_underlined():
    place = Place("k", "a.yaml", 1, 3)
    error = failure(Spot(place, Span(place, "k: value", 3, 8)), "wrong", "do right")

    assert str(error) == (
        "1 problem in the config:\n"
        "a.yaml:1:3: wrong\n"
        "    1 | k: value\n"
        "      |    ^^^^^\n"
        "    help: do right"
    )
