from decimal import Decimal

import pytest

from statepipe.config import load_config
from statepipe.config.model import MachineConfig
from statepipe.record import DataHandlingMode


def loaded(config: dict[str, object]):
    return load_config({"states": [{"name": "s", "is_start": True}]} | config, env={"N": "7"})


def told(config: dict[str, object]) -> list[str]:
    return [f"{p.place}: {p.message}" for p in loaded(config).problems]


def state(**keys: object) -> dict[str, object]:
    return {"states": [{"name": "s", "is_start": True, **keys}]}


def arc(**keys: object) -> dict[str, object]:
    return {"arcs": [{"from": "s", "to": "s", **keys}]}


def test_defaults_are_filled_in():
    model = loaded({}).model

    assert (model.name, model.max_transitions, model.main_network) == ("machine", 1000, None)
    assert (model.version, model.description, model.metadata) == (None, None, {})
    assert model.networks[0].states[0].emit_output is True


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"name": 5}, "name: 'name' must be text, not the number 5"),
        ({"name": ""}, "name: 'name' must be a text of at least one character, not the text ''"),
        ({"name": ["a"]}, "name: 'name' must be text, not a list"),
        ({"name": {"a"}}, "name: 'name' must be text, not a set"),
        ({"name": "\ud800"}, "name: 'name' must be text without lone surrogates, not the text"),
        ({"description": 5}, "description: 'description' must be text, not the number 5"),
        ({"max_transitions": 0}, "'max_transitions' must be at least 1, not the number 0"),
        ({"max_transitions": True}, "'max_transitions' must be a whole number, not true"),
        ({"max_transitions": 1.5}, "'max_transitions' must be a whole number, not the number 1.5"),
        ({"max_transitions": "x"}, "'max_transitions' must be a whole number, not the text 'x'"),
        ({"metadata": []}, "metadata: 'metadata' must be a mapping, not a list"),
        ({"data_mode": "copyy"}, "'data_mode' must be one of copy, reference, direct, not the te"),
        ({"data_mode": 3}, "'data_mode' must be one of copy, reference, direct, not the number 3"),
        (state(is_end="maybe"), "'is_end' must be true or false, not the text 'maybe'"),
        (state(final=3), "states[0].final: 'final' must be true or false, not the number 3"),
        (state(schema=[]), "states[0].schema: 'schema' must be a mapping, not a list"),
        (state(data_mode="x"), "'data_mode' must be one of copy, reference, direct"),
        (state(is_end=True, sink=3), "states[0].sink: 'sink' must be text, not the number 3"),
        (state(run_on_failure="maybe"), "'run_on_failure' must be true or false, not the text"),
        (state(retry=3), "states[0].retry: 'retry' must be a mapping, not the number 3"),
        (state(retry={"max_attempts": 0}), "'max_attempts' must be at least 1, not the number 0"),
        (state(retry={"max_attempts": 1.5}), "'max_attempts' must be a whole number, not the numb"),
        (state(retry={"backoff_s": -1}), "'backoff_s' must be at least 0, not the number -1"),
        (state(retry={"backoff_s": True}), "'backoff_s' must be a number, not true"),
        (state(retry={"backoff_s": "soon"}), "'backoff_s' must be a number, not the text 'soon'"),
        (state(retry={"backoff_s": float("inf")}), "'backoff_s' must be a number that is finite"),
        (
            state(retry={"backoff_s": 1, "backoff_rate": 0.5}),
            "'backoff_rate' must be at least 1, not the number 0.5",
        ),
        (
            state(retry={"backoff_s": 1, "jitter": "some"}),
            "'jitter' must be none or full, not the text 'some'",
        ),
        (state(retry={"errors": []}), "states[0].retry.errors: 'errors' is empty"),
        (state(retry={"errors": [3]}), "an item of 'errors' must be text, not the number 3"),
        (state(catch=[{"errors": "*"}]), "states[0].catch[0]: 'to' is missing"),
        (state(catch=["s"]), "an item of 'catch' must be a mapping, not the text 's'"),
        (state(on_error=3), "states[0].on_error: 'on_error' must be text, not the number 3"),
        (state(timeout_s=0), "'timeout_s' must be more than 0, not the number 0"),
        ({"timeout_seconds": -1}, "'timeout_seconds' must be more than 0, not the number -1"),
        (state(transform=3), "'transform' must be a function, not the number 3"),
        (state(transforms=["d", 3]), "an item of 'transforms' must be a function, not the number"),
        (state(transform={"type": "inlin"}), "'transform': unknown function type 'inlin'"),
        (state(transform={"code": "d"}), "'transform': the function has no type"),
        (state(transform={"type": "inline"}), "states[0].transform: 'code' is missing"),
        (state(transform={"type": "inline", "code": 3}), "'code' must be text, not the number 3"),
        (state(transform={"type": ["x"]}), "'transform': the function has no type"),
        (arc(priority="high"), "'priority' must be a whole number, not the text 'high'"),
        (arc(condition=True), "'condition' must be a function, not true"),
        (arc(condition=["c"]), "'condition' must be a function, not a list"),
        (arc(to=["s"]), "arcs[0].to: 'to' must be text, not a list"),
        (arc(metadata="x"), "'metadata' must be a mapping, not the text 'x'"),
        (arc(name=""), "'name' must be a text of at least one character"),
        ({"arcs": {}}, "arcs: 'arcs' must be a list, not a mapping"),
        ({"arcs": ["x"]}, "arcs[0]: an item of 'arcs' must be a mapping, not the text 'x'"),
        ({"arcs": [{"to": "s"}]}, "arcs[0]: 'from' is missing"),
        ({"arcs": [{"from": "s"}]}, "arcs[0]: 'to' is missing"),
        ({"states": [{"is_start": True}, {"name": "b"}]}, "states[0]: 'name' is missing"),
        ({"states": ["a", {"name": "b"}]}, "an item of 'states' must be a mapping, not the text"),
    ],
)
def test_a_value_that_does_not_fit_is_a_problem(config, message):
    found = told(config)

    assert len(found) == 1
    assert message in found[0]


@pytest.mark.parametrize(
    ("function", "advice"),
    [
        ({"type": "inlin", "code": "d"}, "did you mean 'inline'?"),
        ({"code": "d"}, "add  type: inline"),
        ({"module": "m", "name": "n"}, "add  type: custom"),
        ({"name": "n"}, "add  type: registered"),
        ({"type": "inline", "code": "d", "nmae": 1}, "known here: code, type"),
        ({"type": "custom", "module": "m", "nam": "n", "name": "n"}, "did you mean 'name'?"),
        (3, "give code, a name, or {type: ...}"),
    ],
)
def test_a_function_that_does_not_fit_gets_advice(function, advice):
    problems = loaded(state(transform=function)).problems

    assert [p.advice for p in problems] == [advice]


def test_an_unknown_key_in_a_function_is_told_at_the_key():
    assert told(state(transform={"type": "inline", "code": "d", "cod": 1})) == [
        "states[0].transform.cod: unknown key 'cod' in a function of type inline"
    ]


def test_a_mode_gets_a_suggestion():
    assert loaded({"data_mode": "cpy"}).problems[0].advice == "did you mean 'copy'?"


@pytest.mark.parametrize("mode", ["direct", "DIRECT", DataHandlingMode.DIRECT])
def test_a_mode_may_be_a_text_or_the_mode_itself(mode):
    assert loaded({"data_mode": mode}).model.data_mode.default is DataHandlingMode.DIRECT


def test_a_variable_may_give_a_number_or_a_truth_value():
    model = loaded({"max_transitions": "${N}", **state(is_end="${END:true}")}).model

    assert model.max_transitions == 7
    assert model.networks[0].states[0].is_end is True


def test_a_number_of_more_than_64_bits_is_a_whole_number():
    assert loaded(arc(priority=2**70)).model.networks[0].arcs[0].priority == 2**70


def test_everything_wrong_is_told_at_once_and_the_rest_is_kept():
    result = loaded(
        {
            "name": 5,
            "max_transitions": 0,
            **state(transform=[3, "data"], schema=5),
            **arc(condition=4, transforms=["data"]),
        }
    )

    assert [str(p.place) for p in result.problems] == [
        "states[0].transform[0]",
        "states[0].schema",
        "name",
        "max_transitions",
        "arcs[0].condition",
    ]
    network = result.model.networks[0]
    assert network.states[0].transforms == ("data",)
    assert network.arcs[0].transforms == ("data",)
    assert result.node("networks", 0, "states", 0, "transforms", 0).at.place.keys == (
        "states[0].transform[1]"
    )


def test_the_model_cannot_be_changed():
    model = loaded({}).model

    assert isinstance(model, MachineConfig)
    with pytest.raises(ValueError, match="frozen"):
        model.name = "other"


@pytest.mark.parametrize(
    ("name", "found"),
    [(b"a", "a bytes"), (7, "the number 7"), ([1], "a list"), (Decimal(1), "a Decimal")],
)
def test_a_name_is_text_and_nothing_that_could_be_made_to_one(name, found):
    messages = [problem.message for problem in loaded({"name": name}).problems]

    assert messages == [f"'name' must be text, not {found}"]
