import pytest

from statepipe.config import load_config

START, END = {"name": "a", "is_start": True}, {"name": "z", "is_end": True}


def told(states: list[dict[str, object]], arcs: list[dict[str, object]] = (), **top: object):
    return [
        (f"{p.place}: {p.message}", p.advice)
        for p in load_config({"states": states, "arcs": list(arcs), **top}).problems
    ]


def networks(*names: str, **top: object):
    config = {"networks": [{"name": name, "states": [START]} for name in names], **top}
    return [(f"{p.place}: {p.message}", p.advice) for p in load_config(config).problems]


def test_a_whole_config_has_no_problems():
    assert told([START, END], [{"from": "a", "to": "z"}]) == []


def test_a_state_may_be_start_and_end_at_once():
    assert told([{"name": "a", "is_start": True, "is_end": True}]) == []


def test_no_end_state_is_no_problem():
    assert told([START], [{"from": "a", "to": "a"}]) == []


@pytest.mark.parametrize(
    ("arc", "message"),
    [
        ({"from": "a", "to": "zz"}, "arcs[0].to: unknown state 'zz'"),
        ({"from": "aa", "to": "z"}, "arcs[0].from: unknown state 'aa'"),
    ],
)
def test_an_unknown_state_is_a_problem_with_a_suggestion(arc, message):
    assert told([START, END], [arc]) == [(message, f"did you mean '{message[-3]}'?")]


def test_an_unknown_target_inside_a_state_is_told_at_the_target():
    states = [{**START, "arcs": [{"target": "b"}]}, END]

    assert told(states)[0][0] == "states[0].arcs[0].target: unknown state 'b'"


def test_two_start_states_are_a_problem_at_the_second():
    assert told([START, {"name": "b", "initial": True}]) == [
        (
            "states[1].initial: 'b' is a second start state; 'a' is one already",
            "a network has one start state",
        )
    ]


def test_an_initial_state_beside_a_start_state_is_a_problem():
    assert told([START, END], initial_state="z")[0][0] == (
        "initial_state: 'z' is a second start state; 'a' is one already"
    )


def test_no_start_state_is_a_problem():
    assert told([END]) == [
        ("states: no start state in the network 'main'", "add  is_start: true  to one state")
    ]


def test_no_states_are_a_problem():
    with pytest.raises(Exception, match="states: 'states' is empty"):
        load_config({"states": []})


def test_no_networks_are_a_problem():
    with pytest.raises(Exception, match="networks: 'networks' is empty"):
        load_config({"networks": []})


def test_two_states_of_one_name_are_a_problem_that_names_the_other():
    assert told([START, END, {"name": "z"}]) == [
        (
            "states[2].name: two states are called 'z'",
            "the other one: states[1].name; rename one of them",
        )
    ]


def test_two_arcs_of_one_name_are_a_problem():
    arcs = [{"from": "a", "to": "z", "name": "x"}, {"from": "a", "to": "a", "name": "x"}]

    assert told([START, END], arcs)[0][0] == "arcs[1].name: two arcs are called 'x'"


def test_an_arc_out_of_an_end_state_is_a_problem():
    assert told([START, END], [{"from": "z", "to": "a"}]) == [
        (
            "arcs[0].from: an arc leaves the end state 'z'",
            "remove the arc, or is_end of the state",
        )
    ]


def test_a_sink_of_a_state_that_is_no_end_state_is_a_problem():
    assert told([{**START, "sink": "a.jsonl"}])[0][0] == (
        "states[0].sink: 'sink' of 'a', which is no end state"
    )


def test_emit_output_of_a_state_that_is_no_end_state_is_a_problem():
    assert told([{**START, "emit_output": False}])[0][0] == (
        "states[0].emit_output: 'emit_output' of 'a', which is no end state"
    )


def test_a_sink_of_a_state_that_emits_nothing_is_a_problem():
    assert told([START, {**END, "sink": "z.jsonl", "emit_output": False}])[0][0] == (
        "states[1].sink: 'z' has a sink, but 'emit_output' is false"
    )


def test_an_override_for_an_unknown_state_is_a_problem():
    modes = {"state_overrides": {"b": "copy", "z": "copy"}}

    assert [text for text, _ in told([START, END], data_mode=modes)] == [
        "data_mode.state_overrides.b: unknown state 'b'"
    ]


def test_an_override_may_name_the_network_of_its_state():
    modes = {"state_overrides": {"main:z": "copy", "mian:z": "copy"}}

    assert told([START, END], data_mode=modes) == [
        (
            "data_mode.state_overrides['mian:z']: unknown state 'mian:z'",
            "did you mean 'main:z'?",
        )
    ]


def test_several_networks_need_a_main_network():
    assert networks("one", "two") == [
        (
            "config: 'main_network' is missing: there are several networks",
            "name the one that records enter: one, two",
        )
    ]
    assert networks("one", "two", main_network="two") == []


def test_an_unknown_main_network_is_a_problem_with_a_suggestion():
    assert networks("one", "two", main_network="tow") == [
        ("main_network: 'main_network' names no network: 'tow'", "did you mean 'two'?")
    ]


def test_the_simple_form_has_a_network_called_main_only():
    assert told([START], main_network="flow")[0][0] == (
        "main_network: 'main_network' names no network: 'flow'"
    )


def test_two_networks_of_one_name_are_a_problem():
    assert networks("one", "one", main_network="one")[0][0] == (
        "networks[1].name: two networks are called 'one'"
    )


def test_no_name_is_called_unknown_where_a_state_could_not_be_read():
    states = [START, {"nmae": "z"}]

    assert [text for text, _ in told(states, [{"from": "a", "to": "z"}])] == [
        "states[1].nmae: unknown key 'nmae' in a state",
    ]


@pytest.mark.parametrize(
    ("states", "arcs", "top", "problem"),
    [
        (
            [{**START, "arcs": [{"condition": "True"}]}, END],
            [],
            {},
            ("states[0].arcs[0]: 'target' is missing", "add  target: ..."),
        ),
        (
            [{**START, "arcs": [{"to": "z"}]}, END],
            [],
            {},
            (
                "states[0].arcs[0].to: unknown key 'to' in an arc inside a state",
                "write 'target': the arc leaves the state in which it stands",
            ),
        ),
        (
            [START, END],
            [{"from": "a", "target": "z"}],
            {},
            (
                "arcs[0].target: unknown key 'target' in an arc",
                "write 'to'; 'target' is for arcs inside a state",
            ),
        ),
        (
            [START, END],
            [{"from": "a", "to": None}],
            {},
            ("arcs[0].to: 'to' has no value", "give one, or leave the key out"),
        ),
        (
            [START, END],
            [{"from": "a", "return_state": "z"}],
            {},
            (
                "arcs[0].return_state: 'return_state' without 'target_network': the arc enters no "
                "network",
                "write 'to', or inside a state 'target'; or add  target_network: ...",
            ),
        ),
        (
            [{"name": "a"}, END],
            [],
            {"initial_state": "aa"},
            ("initial_state: 'initial_state' names no state", "did you mean 'a'?"),
        ),
        (
            [{"name": "a", "strat": True}, END],
            [],
            {},
            ("states[0].strat: unknown key 'strat' in a state", "did you mean 'start'?"),
        ),
    ],
)
def test_one_mistake_is_one_problem(states, arcs, top, problem):
    assert told(states, arcs, **top) == [problem]
