from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.config import load_config
from statepipe.errors import ConfigError
from statepipe.graph.build import build_machine
from statepipe.graph.model import Machine
from statepipe.record import DataHandlingMode

START = {"name": "a", "is_start": True}
END = {"name": "z", "is_end": True}


def clean(data, context):
    return data


def build(config, registered=None, trusted=None) -> Machine:
    return build_machine(load_config(config, env={}), registered=registered or {}, trusted=trusted)


def problems_of(config, registered=None, trusted=None):
    with pytest.raises(ConfigError) as caught:
        build(config, registered, trusted)
    return caught.value.problems


def flow(arcs=(), **state):
    return {"states": [{**START, **state}, END], "arcs": [{"from": "a", "to": "z"}, *arcs]}


def first_state(**keys):
    return build(flow(**keys), {"clean": clean}).main_network.states["a"]


def test_the_parts_of_a_machine_are_those_of_the_config():
    top = {"name": "n", "version": 2, "description": "d", "metadata": {"k": 1}}
    machine = build({**flow(), **top, "max_transitions": 9, "data_mode": "reference"})

    assert (machine.name, machine.version, machine.description) == ("n", "2", "d")
    assert (machine.metadata, machine.max_transitions) == ({"k": 1}, 9)
    assert machine.data_mode is DataHandlingMode.REFERENCE
    assert machine.main_network.name == "main"
    assert machine.main_network.start == "a"
    assert list(machine.main_network.states) == ["a", "z"]
    assert machine.main_network.states["z"].is_end


def test_main_network_chooses_and_other_networks_are_built_too():
    networks = [{"name": name, "states": [START]} for name in ("one", "two")]
    machine = build({"networks": networks, "main_network": "two"})

    assert machine.main == "two"
    assert list(machine.networks) == ["one", "two"]


@pytest.mark.parametrize(
    ("function", "label"),
    [
        ("state['x']", "inline code"),
        ({"type": "inline", "code": "lambda s: s"}, "inline code"),
        ("clean", "registered function 'clean'"),
        ({"type": "registered", "name": "clean"}, "registered function 'clean'"),
        ({"type": "custom", "module": "json", "name": "dumps"}, "custom function"),
        (clean, "clean"),
    ],
)
@pytest.mark.parametrize("key", ["pre_validators", "transforms", "validators"])
def test_a_state_has_its_functions_in_each_form(key, function, label):
    (found,) = getattr(first_state(**{key: function}), key)

    assert label in found.label


def test_functions_stand_in_written_order():
    found = first_state(transforms=["state['x']", "clean", "state['y']"]).transforms

    assert [each.place.keys for each in found] == [f"states[0].transforms[{n}]" for n in range(3)]
    assert found[1].style == "data_context"


def test_custom_functions_get_their_params():
    custom = {"type": "custom", "module": "json", "name": "dumps", "params": {"indent": 1}}
    (found,) = first_state(transforms=custom).transforms

    assert found.call({"x": 1}) == '{\n "x": 1\n}'


def test_a_schema_is_a_function_over_the_bare_record():
    schema = first_state(schema={"required": ["id"]}).schema

    assert schema is not None
    assert schema.style == "record"
    assert "schema" in schema.label


def test_a_state_keeps_its_metadata_and_its_place():
    state = first_state(metadata={"k": 1})

    assert (state.metadata, state.place.keys) == ({"k": 1}, "states[0]")


def test_an_end_state_keeps_its_output_keys():
    states = [{**START, **END, "sink": "z.jsonl"}, {**END, "name": "y", "emit_output": False}]
    found = build({"states": states}).main_network.states

    assert [(state.sink, state.emit_output) for state in found.values()] == [
        ("z.jsonl", True),
        (None, False),
    ]


def test_a_state_takes_its_own_data_mode_then_the_override():
    modes = {"default": "copy", "state_overrides": {"a": "direct", "z": "reference"}}
    machine = build({**flow(data_mode="reference"), "data_mode": modes})

    assert machine.data_mode is DataHandlingMode.COPY
    assert machine.main_network.states["a"].data_mode is DataHandlingMode.REFERENCE
    assert machine.main_network.states["z"].data_mode is DataHandlingMode.REFERENCE
    assert build(flow()).main_network.states["a"].data_mode is None
    del modes["state_overrides"]["z"]
    overridden = build({**flow(), "data_mode": modes}).main_network.states
    assert overridden["a"].data_mode is DataHandlingMode.DIRECT


def test_an_override_with_a_network_goes_before_one_for_states_of_any():
    parts = {key: flow()[key] for key in ("states", "arcs")}
    modes = {"state_overrides": {"a": "direct", "inner:a": "reference", "inner:z": "copy"}}
    networks = [{"name": name, **parts} for name in ("main", "inner")]
    config = {"name": "M", "main_network": "main", "networks": networks, "data_mode": modes}
    found = build(config).networks

    assert found["main"].states["a"].data_mode is DataHandlingMode.DIRECT
    assert found["inner"].states["a"].data_mode is DataHandlingMode.REFERENCE
    assert found["main"].states["z"].data_mode is None
    assert found["inner"].states["z"].data_mode is DataHandlingMode.COPY


def test_arcs_are_tried_by_priority_then_as_written():
    arcs = [
        {"from": "a", "to": "a", "name": "low", "priority": -1},
        {"from": "a", "to": "z", "name": "high", "priority": 5},
        {"from": "a", "to": "z", "name": "last"},
    ]
    found = build(flow(arcs)).main_network.states["a"].arcs

    assert [arc.name for arc in found] == ["high", "a->z", "last", "low"]
    assert [arc.priority for arc in found] == [5, 0, 0, -1]


def test_an_arc_has_its_condition_transforms_metadata_and_place():
    given = {"condition": "clean", "transform": ["clean", "data"], "metadata": {"k": 1}}
    arcs = [{"from": "a", "to": "z", "priority": 1, **given}]
    arc = build(flow(arcs), {"clean": clean}).main_network.states["a"].arcs[0]

    assert arc.condition is not None
    assert arc.condition.label == "registered function 'clean'"
    assert [each.label for each in arc.transforms] == ["registered function 'clean'", "inline code"]
    assert (arc.target, arc.metadata, arc.place.keys) == ("z", {"k": 1}, "arcs[1]")


def test_an_arc_without_a_condition_has_none():
    assert build(flow()).main_network.states["a"].arcs[0].condition is None


def test_arcs_without_a_name_get_one_that_is_free():
    arcs = [{"from": "a", "to": "z"}, {"from": "a", "to": "z", "name": "a->z 2"}]
    found = build(flow(arcs)).main_network.states["a"].arcs

    assert [arc.name for arc in found] == ["a->z", "a->z 3", "a->z 2"]


def test_arcs_of_other_states_stay_with_them():
    states = [{**START, "arcs": [{"target": "b"}]}, {"name": "b", "arcs": [{"target": "z"}]}, END]
    network = build({"states": states}).main_network

    assert {name: [arc.target for arc in state.arcs] for name, state in network.states.items()} == {
        "a": ["b"],
        "b": ["z"],
        "z": [],
    }


def test_problems_of_structure_and_of_functions_are_told_at_once(tmp_path):
    path = tmp_path / "flow.yaml"
    path.write_text(
        "states:\n"
        "  a: {start: true, transform: 'lambda s: s.'}\n"
        "  b: {transfrom: data, validator: {type: registered, name: claen}}\n"
        "arcs:\n"
        "  - {from: a, to: c}\n"
    )
    found = problems_of(path, {"clean": clean})

    assert [problem.place.line for problem in found] == [2, 3, 3, 5]
    assert [problem.message for problem in found[1:]] == [
        "unknown key 'transfrom' in a state",
        "no function is registered as 'claen'",
        "unknown state 'c'",
    ]
    assert (found[2].advice or "").startswith("did you mean 'clean'?")


def test_a_function_that_is_not_registered_is_underlined(tmp_path):
    path = tmp_path / "flow.yaml"
    path.write_text("states: {a: {start: true, transform: {type: registered, name: nope}}}\n")
    (problem,) = problems_of(path)

    assert problem.span is not None
    assert problem.span.text[problem.span.start : problem.span.end] == "nope"


def test_broken_code_in_a_block_is_told_at_its_own_line(tmp_path):
    path = tmp_path / "flow.yaml"
    path.write_text(
        "states:\n  a:\n    start: true\n    transform: |\n      {\n        'x': ))\n      }\n"
    )
    (problem,) = problems_of(path)

    assert (problem.place.line, problem.place.column) == (6, 14)


def test_a_dict_config_is_trusted_and_a_file_is_not(tmp_path):
    config = {"states": {"a": {"start": True, "transform": "open('x')"}}}
    path = tmp_path / "flow.yaml"
    path.write_text("states: {a: {start: true, transform: \"open('x')\"}}\n")

    assert build(config).name == "machine"
    assert problems_of(path)
    assert build(path, trusted=True).name == "machine"
    assert problems_of(config, trusted=False)


def test_a_schema_that_is_none_is_a_problem_at_its_place():
    (problem,) = problems_of(flow(schema={"type": 3}))

    assert problem.place.keys == "states[0].schema"
    assert "schema of state 'a'" in problem.message


def test_an_inline_code_written_as_a_registered_name_is_found_first():
    registered = {"state['x']": clean}
    (found,) = build(flow(transform="state['x']"), registered).main_network.states["a"].transforms

    assert found.label == "registered function \"state['x']\""


def test_the_hash_is_that_of_the_canonical_config():
    one = build({"states": {"a": {"initial": True}}, "arcs": [{"from": "a", "to": "a"}]})
    other = build(
        {"networks": [{"name": "main", "states": [START], "arcs": [{"to": "a", "from": "a"}]}]}
    )

    assert one.config_hash == other.config_hash
    assert len(one.config_hash) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"name": "m"},
        {"max_transitions": 999},
        {"metadata": {"k": 1}},
        {"data_mode": "direct"},
        flow(transform="data"),
        flow(transform=clean),
        flow([{"from": "a", "to": "a"}]),
    ],
)
def test_the_hash_changes_with_the_config(change):
    assert build({**flow(), **change}).config_hash != build(flow()).config_hash


def test_a_callable_counts_by_its_name_in_the_hash():
    hashes = {build(flow(transform=each)).config_hash for each in (clean, clean, problems_of)}

    assert len(hashes) == 2
    assert build({**flow(), "metadata": {"k": partial(clean)}}).config_hash


STREAMING = {
    "name": "StreamingProcessor",
    "main_network": "main",
    "networks": [
        {
            "name": "main",
            "states": [
                {"name": "input", "is_start": True},
                {
                    "name": "validate",
                    "functions": {
                        "transform": {
                            "type": "inline",
                            "code": """lambda state: {
                                **state.data,
                                'valid': state.data.get('value') is not None
                                        and state.data.get('value') >= 0
                            }""",
                        }
                    },
                },
                {
                    "name": "clean",
                    "functions": {
                        "transform": {
                            "type": "inline",
                            "code": """lambda state: {
                                'id': state.data['id'],
                                'timestamp': __import__('time').time()
                            }""",
                        }
                    },
                },
                {"name": "output", "is_end": True},
                {"name": "error", "is_end": True},
            ],
            "arcs": [
                {"from": "input", "to": "validate"},
                {
                    "from": "validate",
                    "to": "clean",
                    "condition": {
                        "type": "inline",
                        "code": "lambda state: state.data.get('valid', True)",
                    },
                },
                {
                    "from": "validate",
                    "to": "error",
                    "condition": {
                        "type": "inline",
                        "code": "lambda state: not state.data.get('valid', True)",
                    },
                },
                {"from": "clean", "to": "output"},
            ],
        }
    ],
}


def test_a_config_in_the_network_form_is_built_whole():
    states = build(STREAMING).main_network.states

    assert [len(state.transforms) for state in states.values()] == [0, 1, 1, 0, 0]
    assert [arc.name for arc in states["validate"].arcs] == ["validate->clean", "validate->error"]
    assert all(arc.condition for arc in states["validate"].arcs)


def test_a_problem_in_code_over_lines_is_told_at_the_line_of_the_text():
    states = [{**START, "transform": "lambda state: {\n  **state.data,\n  'x': nmae,\n}"}]
    (problem,) = problems_of({"states": states})

    assert (problem.place.keys, problem.place.line, problem.place.column) == (
        "states[0].transform",
        3,
        8,
    )
    assert "name 'nmae' is not known" in problem.message


CODE = st.sampled_from(
    ["data", "lambda s: s", "lambda: (", "return", "def f(a, b, c): 1", "\0", " "]
)
FUNCTIONS = st.one_of(
    CODE,
    st.builds(lambda code: {"type": "inline", "code": code}, CODE),
    st.sampled_from(["clean", "claen", "("]).map(lambda name: {"type": "registered", "name": name}),
    st.sampled_from([clean, len, print, 5, {"type": "custom", "module": "no.such", "name": "f"}]),
    st.dictionaries(st.sampled_from(["type", "required", "$ref"]), st.sampled_from(["x", 3, []])),
)
STATES = st.fixed_dictionaries(
    {"name": st.sampled_from("abz")},
    optional={key: FUNCTIONS for key in ("transform", "validator", "pre_validators", "schema")},
)


@given(st.lists(STATES, max_size=3), FUNCTIONS)
def test_any_functions_give_a_machine_or_a_config_error(states, condition):
    arcs = [{"from": "start", "to": "start", "condition": condition}]
    config = {"states": [{"name": "start", "is_start": True}, *states], "arcs": arcs}
    try:
        machine = build(config, {"clean": clean})
    except ConfigError as error:
        machine = error

    assert isinstance(machine, Machine) or machine.problems


SINK_FLOW = """
name: Flow
states:
  - {{name: here, is_start: true, is_end: true, sink: {sink}}}
arcs: []
"""


@pytest.mark.parametrize("sink", ["/elsewhere/out.jsonl", "../out.jsonl", "a/../../out.jsonl"])
def test_an_untrusted_file_writes_only_below_the_working_folder(tmp_path, sink):
    path = tmp_path / "flow.yaml"
    path.write_text(SINK_FLOW.format(sink=sink))
    loaded = load_config(path)

    with pytest.raises(ConfigError, match="relative path below the working folder"):
        build_machine(loaded, registered={}, trusted=None)
    assert build_machine(loaded, registered={}, trusted=True).main_network.states["here"].sink


def test_a_link_that_leads_out_of_the_working_folder_is_no_way_out(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "data").symlink_to(tmp_path)
    path = tmp_path / "flow.yaml"
    path.write_text(SINK_FLOW.format(sink="data/out.jsonl"))
    monkeypatch.chdir(tmp_path / "work")

    with pytest.raises(ConfigError, match="links count for where they lead"):
        build_machine(load_config(path), registered={}, trusted=None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    build_machine(load_config(path), registered={}, trusted=None)


@pytest.mark.parametrize("trusted", [True, None])
def test_no_sink_has_a_nul_in_its_path(tmp_path, trusted):
    path = tmp_path / "flow.yaml"
    path.write_text(SINK_FLOW.format(sink='"o\\0.jsonl"'))

    with pytest.raises(ConfigError, match="no path holds a NUL character"):
        build_machine(load_config(path), registered={}, trusted=trusted)


def test_an_untrusted_file_may_name_a_sink_below_the_working_folder(tmp_path):
    path = tmp_path / "flow.yaml"
    path.write_text(SINK_FLOW.format(sink="out/here.jsonl"))

    machine = build_machine(load_config(path), registered={}, trusted=None)

    assert machine.main_network.states["here"].sink == "out/here.jsonl"


def test_a_state_keeps_what_it_does_about_failures_and_its_limit_of_time():
    state = first_state(
        retry={"max_attempts": 2, "backoff_s": 0.5, "jitter": "full", "errors": "KeyError"},
        catch={"errors": "OSError", "to": "z"},
        on_error="a",
        timeout_s=1.5,
        run_on_failure=True,
        transform="data",
    )

    assert state.retry is not None
    assert (state.retry.max_attempts, state.retry.backoff_s) == (2, 0.5)
    assert (state.retry.backoff_rate, state.retry.max_backoff_s) == (2.0, 60.0)
    assert (state.retry.jitter, state.retry.errors) == (True, {"KeyError"})
    assert [(clause.errors, clause.target) for clause in state.catch] == [
        ({"OSError"}, "z"),
        ({"*"}, "a"),
    ]
    assert state.catch[0].place.keys == "states[0].catch"
    assert (state.timeout_s, state.run_on_failure) == (1.5, True)
    assert build({**flow(), "timeout_seconds": 9}).timeout_s == 9


def test_a_state_does_nothing_about_failures_unless_it_is_told_to():
    state = first_state()

    assert (state.retry, state.catch, state.timeout_s, state.run_on_failure) == (
        None,
        (),
        None,
        False,
    )
