import pytest

from statepipe.config.normalize import normalized, with_start_marked
from statepipe.config.problems import Problems
from statepipe.config.python_tree import python_tree
from statepipe.config.tree import Scalar, find, plain
from statepipe.errors import ConfigError

LIST = {"name": "a"}


def read(config: object):
    problems = Problems()
    tree = normalized(python_tree(config, problems), problems)
    tree = with_start_marked(tree, problems)
    return plain(tree), [f"{p.place}: {p.message}" for p in problems.found]


def state(**keys: object):
    """Return the canonical form of a state `s` with `keys`, and the problems."""
    config, problems = read({"states": [{"name": "s", **keys}]})
    return config["networks"][0]["states"][0], problems


def arc(**keys: object):
    """Return the canonical form of an arc with `keys`, and the problems."""
    config, problems = read({"states": [], "arcs": [{"from": "a", "to": "b", **keys}]})
    return config["networks"][0]["arcs"][0], problems


def test_the_simple_form_is_one_network_called_main():
    config, problems = read({"name": "n", "states": [LIST], "arcs": []})

    assert config == {"name": "n", "networks": [{"name": "main", "states": [LIST], "arcs": []}]}
    assert problems == []


def test_top_level_keys_keep_their_place_beside_the_simple_form():
    given = {"description": "d", "max_transitions": 3, "metadata": {"m": 1}, "main_network": "main"}

    assert read({**given, "states": []})[0].items() >= given.items()


def test_the_simple_form_beside_networks_is_a_problem():
    assert read({"networks": [], "states": []})[1] == ["states: 'states' stands beside 'networks'"]


def test_a_config_without_states_is_refused():
    with pytest.raises(ConfigError, match="the config has no states"):
        read({"name": "n"})


def test_a_config_without_states_is_refused_together_with_what_was_found_before():
    with pytest.raises(ConfigError, match="did you mean 'states'") as caught:
        read({"sates": []})

    assert len(caught.value.problems) == 2


def test_a_mapping_of_states_becomes_a_list():
    config, problems = read({"states": {"a": {"is_end": True}, "b": None}})

    assert config["networks"][0]["states"] == [{"name": "a", "is_end": True}, {"name": "b"}]
    assert problems == []


def test_a_state_in_a_mapping_may_repeat_its_name_but_not_have_another():
    assert read({"states": {"a": {"name": "a"}}})[1] == []
    assert read({"states": {"a": {"name": "b"}}})[1] == [
        "states.a.name: the state 'a' has another name inside"
    ]


def test_a_state_in_a_mapping_must_be_a_mapping():
    assert read({"states": {"a": 5}})[1] == ["states.a: the state 'a' must be a mapping"]


def test_initial_state_marks_the_start_state():
    config, problems = read({"initial_state": "b", "states": {"a": {}, "b": {}}})

    assert config["networks"][0]["states"] == [{"name": "a"}, {"name": "b", "is_start": True}]
    assert problems == []


def test_initial_state_may_stand_in_a_network():
    config, _ = read({"networks": [{"name": "n", "initial_state": "a", "states": [LIST]}]})

    assert config["networks"][0]["states"] == [{"name": "a", "is_start": True}]


def test_initial_state_must_name_a_state():
    assert read({"initial_state": "c", "states": [LIST]})[1] == [
        "initial_state: 'initial_state' names no state"
    ]
    assert read({"initial_state": 5, "states": [LIST]})[1] == [
        "initial_state: 'initial_state' names no state"
    ]


def test_initial_state_may_not_contradict_the_state():
    states = [{"name": "a", "start": False}]

    assert read({"initial_state": "a", "states": states})[1] == [
        "states[0].start: 'start' is false, but 'initial_state' names this state"
    ]


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("initial", "is_start"),
        ("start", "is_start"),
        ("final", "is_end"),
        ("end", "is_end"),
        ("data_schema", "schema"),
    ],
)
def test_a_state_has_other_spellings(written, canonical):
    assert state(**{written: True}) == ({"name": "s", canonical: True}, [])
    assert state(**{written: True, canonical: True})[1] == [
        f"states[0].{canonical}: '{canonical}' says the same thing as '{written}' beside it"
    ]


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ({"transform": "f"}, "transforms"),
        ({"transforms": ["f"]}, "transforms"),
        ({"transforms": "f"}, "transforms"),
        ({"functions": {"transform": "f"}}, "transforms"),
        ({"functions": {"transform": ["f"]}}, "transforms"),
        ({"validator": "f"}, "validators"),
        ({"validators": "f"}, "validators"),
        ({"functions": {"validate": "f"}}, "validators"),
        ({"pre_validators": "f"}, "pre_validators"),
    ],
)
def test_functions_become_lists_under_one_name(written, canonical):
    assert state(**written) == ({"name": "s", canonical: ["f"]}, [])


def test_two_spellings_of_the_same_functions_are_a_problem():
    assert state(transform="f", functions={"transform": "g"})[1] == [
        "states[0].functions.transform: "
        "'functions.transform' says the same thing as 'transform' beside it"
    ]


def test_functions_must_be_a_mapping_of_known_keys():
    assert state(functions=[])[1] == ["states[0].functions: 'functions' must be a mapping"]
    assert state(functions={"transfrom": "f"})[1] == [
        "states[0].functions.transfrom: unknown key 'transfrom' in functions"
    ]


def test_arcs_inside_a_state_leave_it_and_stand_before_those_of_the_network():
    states = [{"name": "a", "arcs": [{"target": "b", "priority": 2}]}, {"name": "b"}]
    config, problems = read({"states": states, "arcs": [{"from": "b", "to": "a"}]})

    network = config["networks"][0]
    assert network["states"] == [{"name": "a"}, {"name": "b"}]
    assert network["arcs"] == [
        {"from": "a", "to": "b", "priority": 2},
        {"from": "b", "to": "a"},
    ]
    assert problems == []


def test_arcs_inside_a_state_must_be_a_list():
    assert state(arcs={})[1] == ["states[0].arcs: 'arcs' must be a list"]


@pytest.mark.parametrize(("key", "part"), [("from", "leave it out"), ("to", "write 'target'")])
def test_an_arc_inside_a_state_has_a_target_only(key, part):
    problems = Problems()
    config = {"states": [{"name": "s", "arcs": [{"target": "s", key: "s"}]}]}
    normalized(python_tree(config, problems), problems)

    assert problems.found[0].message == f"unknown key '{key}' in an arc inside a state"
    assert (problems.found[0].advice or "").startswith(part)


def test_a_target_in_an_arc_of_the_network_gets_advice():
    problems = Problems()
    normalized(python_tree({"states": [], "arcs": [{"target": "b"}]}, problems), problems)

    assert problems.found[0].advice == "write 'to'; 'target' is for arcs inside a state"


def test_an_arc_has_other_spellings():
    assert arc(pre_test="c", transform="t")[0] == {
        "from": "a",
        "to": "b",
        "condition": "c",
        "transforms": ["t"],
    }
    assert arc(pre_test="c", condition="c")[1] == [
        "arcs[0].condition: 'condition' says the same thing as 'pre_test' beside it"
    ]


def test_data_mode_may_be_one_mode_or_a_mapping():
    assert read({"data_mode": "copy", "states": []})[0]["data_mode"] == {"default": "copy"}
    modes = {"default": "copy", "state_overrides": {"a": "direct"}}
    assert read({"data_mode": modes, "states": []})[0]["data_mode"] == modes


def test_an_unknown_key_in_data_mode_is_a_problem():
    assert read({"data_mode": {"defualt": "copy"}, "states": []})[1] == [
        "data_mode.defualt: unknown key 'defualt' in data_mode"
    ]


def test_a_version_number_is_a_text():
    assert read({"version": 2.0, "states": []})[0]["version"] == "2.0"


def test_code_is_marked_as_code():
    code = {"type": "inline", "code": "c"}
    config = {"states": [{"name": "a", "transforms": ["b", code]}]}
    tree = normalized(python_tree(config, Problems()), Problems())

    path = ("networks", 0, "states", 0)
    marked = [find(tree, (*path, *rest)) for rest in (("transforms", 0), ("transforms", 1, "code"))]
    assert all(isinstance(node, Scalar) and node.is_code for node in marked)
    name = find(tree, (*path, "name"))
    assert isinstance(name, Scalar)
    assert not name.is_code


def test_a_key_without_a_value_is_a_problem():
    assert arc(condition=None)[1] == ["arcs[0].condition: 'condition' has no value"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"nmae": "x", "states": []}, "nmae: unknown key 'nmae' in the config"),
        ({"networks": [{"sates": []}]}, "networks[0].sates: unknown key 'sates' in a network"),
        ({"states": [{"nam": 1}]}, "states[0].nam: unknown key 'nam' in a state"),
        ({"states": [], "arcs": [{"form": 1}]}, "arcs[0].form: unknown key 'form' in an arc"),
    ],
)
def test_an_unknown_key_is_a_problem_at_every_level(config, message):
    assert read(config)[1] == [message]


def test_an_unknown_key_gets_a_suggestion():
    problems = Problems()
    normalized(python_tree({"states": [{"transfrom": 1}]}, problems), problems)

    assert problems.found[0].advice == "did you mean 'transform'?"
