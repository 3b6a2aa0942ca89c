import pytest

from statepipe.config import load_config
from statepipe.config.pushes import network_and_state, pushed_into
from statepipe.errors import ConfigError

START, END = {"name": "a", "is_start": True}, {"name": "z", "is_end": True}
INNER = {"name": "sub", "states": [{"name": "s", "is_start": True}, {"name": "e", "is_end": True}]}


def config(*arcs: dict[str, object], inner: dict[str, object] = INNER) -> dict[str, object]:
    main = {"name": "main", "states": [START, END], "arcs": list(arcs)}
    return {"main_network": "main", "networks": [main, inner]}


def told(*arcs: dict[str, object], **given: object) -> list[tuple[str, str | None]]:
    try:
        problems = load_config(config(*arcs, **given)).problems
    except ConfigError as error:
        problems = error.problems
    return [(f"{p.place}: {p.message}", p.advice) for p in problems]


def pushing(**keys: object) -> dict[str, object]:
    return {"from": "a", "target_network": "sub", "return_state": "z"} | keys


def test_a_push_arc_goes_on_at_its_return_state() -> None:
    loaded = load_config(config(pushing(data_isolation="serialize", data_mapping={"x": "y"})))
    arc = loaded.model.networks[0].arcs[0]

    assert loaded.problems == ()
    assert (arc.from_, arc.to, arc.target_network) == ("a", "z", "sub")
    assert (arc.data_isolation, arc.data_mapping, arc.result_mapping) == (
        "serialize",
        {"x": "y"},
        None,
    )


def test_inside_a_state_a_push_arc_says_the_same() -> None:
    arcs = [{"target_network": "sub:e", "return_state": "z"}]
    main = {"name": "main", "states": [{**START, "arcs": arcs}, END]}
    arc = load_config({"main_network": "main", "networks": [main, INNER]}).model.networks[0].arcs[0]

    assert (arc.from_, arc.to, arc.target_network) == ("a", "z", "sub:e")


@pytest.mark.parametrize("keys", [{"to": "z"}, {"to": "z", "return_state": "z"}])
def test_the_return_state_may_be_called_to(keys) -> None:
    arc = {"from": "a", "target_network": "sub", **keys}

    assert told(arc) == []
    assert load_config(config(arc)).model.networks[0].arcs[0].to == "z"


def test_two_places_to_go_on_are_a_problem() -> None:
    assert told(pushing(to="a")) == [
        (
            "networks[0].arcs[0].return_state: 'return_state' and 'to' name two states",
            "both say where the record goes on: keep one of them",
        )
    ]


def test_a_push_arc_without_a_place_to_go_on_is_a_problem() -> None:
    assert told({"from": "a", "target_network": "sub"}) == [
        (
            "networks[0].arcs[0]: 'return_state' is missing: "
            "the state where the record goes on after the network",
            "add  return_state: ...",
        )
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [("data_isolation", "copy"), ("data_mapping", {"a": "b"}), ("result_mapping", {"a": "b"})],
)
def test_what_belongs_to_a_push_arc_needs_one(key, value) -> None:
    assert told({"from": "a", "to": "z", key: value}) == [
        (
            f"networks[0].arcs[0].{key}: '{key}' without 'target_network': "
            "the arc enters no network",
            "add  target_network: ...  or remove it",
        )
    ]


def test_a_return_state_without_a_network_is_a_problem() -> None:
    message, advice = told({"from": "a", "to": "z", "return_state": "z"})[0]

    assert message.endswith("'return_state' without 'target_network': the arc enters no network")
    assert advice == "write 'to', or inside a state 'target'; or add  target_network: ..."


@pytest.mark.parametrize(
    ("target", "message", "advice"),
    [
        ("sbu", "unknown network 'sbu'", "did you mean 'sub'?"),
        ("sbu:s", "unknown network 'sbu'", "did you mean 'sub'?"),
        ("sub:x", "unknown state 'x' of the network 'sub'", "known here: e, s"),
        ("sub:", "unknown network 'sub:'", "did you mean 'sub'?"),
    ],
)
def test_a_push_into_what_is_not_there_is_a_problem(target, message, advice) -> None:
    [(found, help_)] = told(pushing(target_network=target))

    assert found == f"networks[0].arcs[0].target_network: {message}"
    assert help_ == advice


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("data_isolation", "cpy", "'data_isolation' must be copy, reference or serialize"),
        ("data_mapping", {}, "'data_mapping' is empty"),
        ("data_mapping", ["x"], "'data_mapping' must be a mapping, not a list"),
        ("result_mapping", {"x": 3}, "'x' must be text, not the number 3"),
        ("target_network", 3, "'target_network' must be text, not the number 3"),
    ],
)
def test_a_value_of_the_wrong_kind_is_a_problem(key, value, message) -> None:
    assert message in told(pushing(**{key: value}))[0][0]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("n", ("n", None)),
        ("n:s", ("n", "s")),
        ("n:o", ("n:o", None)),
        ("n:o:s", ("n:o", "s")),
        ("n:s:t", ("n", "s:t")),
        ("o:s", None),
        ("n:", None),
        (":s", None),
    ],
)
def test_a_target_names_a_network_and_perhaps_a_state(name, found) -> None:
    assert network_and_state(name, ["n", "n:o"]) == found


def test_an_end_state_where_no_record_leaves_writes_nothing() -> None:
    ends = [{**END, "name": "e", "sink": "x.jsonl"}, {**END, "name": "f", "emit_output": False}]
    inner = {"name": "sub", "states": [{"name": "s", "is_start": True}, *ends]}

    assert told(pushing(), inner=inner) == [
        (
            f"networks[1].states[{number}].{key}: '{key}' of '{name}', "
            "where records only leave 'sub'",
            "only the main network's end states write; remove it",
        )
        for number, key, name in [(1, "sink", "e"), (2, "emit_output", "f")]
    ]


def test_networks_that_are_pushed_into_are_known() -> None:
    assert pushed_into(load_config(config(pushing())).model) == {"sub"}
    assert pushed_into(load_config(config()).model) == set()


def test_a_test_names_states_within_networks() -> None:
    tests = [
        {"in": {}, "path": ["a", "sub:s", "sub:sub:e", "z"]},
        {"in": {}, "path": ["a", "s"], "error": {"state": "sub:x"}},
    ]
    problems = load_config({**config(pushing()), "tests": tests}).problems

    assert [f"{p.place}: {p.message}" for p in problems] == [
        "tests[1].path[1]: unknown state 's'",
        "tests[1].error.state: unknown state 'sub:x'",
    ]


@pytest.mark.parametrize("key", ["data_mapping", "result_mapping"])
def test_a_field_without_a_name_is_a_problem(key: str) -> None:
    at = f"networks[0].arcs[0].{key}"

    assert told(pushing(**{key: {"": "x"}})) == told(pushing(**{key: {"": "x", "a": "b"}}))
    assert told(pushing(**{key: {"": "x"}})) == [
        (f"{at}['']: '{key}' has a key without a name", "give it one, or remove it")
    ]
    assert told(pushing(**{key: {"[key]": ""}})) == [
        (
            f"{at}['[key]']: '[key]' must be a text of at least one character, not the text ''",
            None,
        )
    ]
