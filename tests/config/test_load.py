import pytest
from hypothesis import given
from hypothesis import strategies as st

from statepipe.config import LoadedConfig, load_config
from statepipe.errors import ConfigError
from statepipe.graph.build import build_machine

FLOW = """\
name: prices
max_transitions: 0
states:
  in: {initial: true}
  out:
    final: true
    validators:
      - {type: inline, cod: "True"}
arcs:
  - {from: in, to: uot}
"""

KEYS = st.sampled_from(
    "name networks states arcs from to target condition transform transforms functions validate"
    " type code module params data_mode default state_overrides initial_state is_start is_end"
    " schema metadata sink version main_network max_transitions priority $include $import"
    " resources run_on_failure emit_output junk".split()
)
LEAVES = st.sampled_from(
    [
        *(None, True, 0, 1, -1, 2.5, "", "a", "b", "main", "inline", "registered", "lambda s: s"),
        *("${X}", "${X:-1}", "copy", object(), {1, 2}, b"x", print, float("nan"), 10**30),
    ]
)
JUNK = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


def test_a_dict_and_a_file_give_the_same_model(tmp_path):
    path = tmp_path / "flow.json"
    path.write_text('{"states": [{"name": "a", "is_start": true, "transform": "data"}]}')

    from_file = load_config(path)
    from_dict = load_config({"states": [{"name": "a", "is_start": True, "transform": "data"}]})
    assert from_file.model == from_dict.model
    assert (from_file.from_file, from_dict.from_file) == (True, False)


def test_a_path_may_be_a_text(tmp_path):
    path = tmp_path / "flow.yaml"
    path.write_text("states: {a: {start: true}}")

    assert load_config(str(path)).model.networks[0].states[0].name == "a"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("$include: gone.yaml\n", "gone.yaml: no such config file"),
        ("states: {$include: gone.yaml}\n", "gone.yaml: no such config file"),
        ("states: [{$include: gone.yaml}]\n", "gone.yaml: no such config file"),
        ("states: !!set {a}\n", "the YAML tag !!set is not allowed in a config"),
        ("name: !!binary aGk=\nstates: {a: {start: true}}\n", "the YAML tag !!binary is not all"),
    ],
)
def test_what_cannot_be_read_is_told_once_and_not_called_missing(tmp_path, text, problem):
    path = tmp_path / "flow.yaml"
    path.write_text(text)

    with pytest.raises(ConfigError) as caught:
        build_machine(load_config(path), registered={}, trusted=None)
    [told] = caught.value.problems
    assert problem in told.message


def test_all_problems_are_told_at_once_in_the_order_of_the_file(tmp_path):
    path = tmp_path / "flow.yaml"
    path.write_text(FLOW)
    loaded = load_config(path)

    assert str(loaded.error([])).replace(f"{tmp_path}/", "") == (
        "3 problems in the config:\n"
        "flow.yaml:2:18: 'max_transitions' must be at least 1, not the number 0\n"
        "    2 | max_transitions: 0\n"
        "      |                  ^\n"
        "flow.yaml:8:24: unknown key 'cod' in a function of type inline\n"
        '    8 |       - {type: inline, cod: "True"}\n'
        "      |                        ^^^\n"
        "    help: did you mean 'code'?\n"
        "flow.yaml:10:20: unknown state 'uot'\n"
        "    10 |   - {from: in, to: uot}\n"
        "       |                    ^^^\n"
        "    help: did you mean 'out'?"
    )


def test_a_problem_in_an_included_file_is_told_there(tmp_path):
    (tmp_path / "part.yaml").write_text("- {from: a, to: b}\n")
    (tmp_path / "flow.yaml").write_text("states: {a: {start: true}}\narcs: {$include: part.yaml}\n")

    problem = load_config(tmp_path / "flow.yaml").problems[0]
    assert str(problem).startswith(f"{tmp_path}/part.yaml:1:17: unknown state 'b'")
    assert problem.place.keys == "arcs[0].to"


def test_variables_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("STATEPIPE_TEST_NAME", "from outside")

    config = {"name": "${STATEPIPE_TEST_NAME}", "states": {"a": {"start": True}}}
    assert load_config(config).model.name == "from outside"


def test_variables_in_code_stay_as_they_are():
    config = {"states": {"a": {"start": True, "transform": "{'x': '${NAME}'}"}}}

    assert load_config(config, env={}).model.networks[0].states[0].transforms == (
        "{'x': '${NAME}'}",
    )


def test_a_variable_in_initial_state_is_replaced_before_the_state_is_looked_for():
    config = {"initial_state": "${FIRST}", "states": {"a": {}, "b": {}}}
    model = load_config(config, env={"FIRST": "b"}).model

    assert [state.is_start for state in model.networks[0].states] == [False, True]


def test_a_missing_variable_is_a_problem_beside_others():
    config = {"name": "${GONE}", "states": {"a": {"strat": True, "start": True}}}

    assert [p.message for p in load_config(config, env={}).problems] == [
        "the environment variable GONE is not set",
        "unknown key 'strat' in a state",
    ]


@pytest.mark.parametrize("config", [5, None, ["a"], b"flow.yaml"])
def test_what_is_neither_a_dict_nor_a_path_is_refused(config):
    with pytest.raises(ConfigError, match="a config is a dict, a Machine or the path of"):
        load_config(config)


def test_a_file_that_holds_a_list_is_refused_at_its_place(tmp_path):
    path = tmp_path / "flow.yaml"
    path.write_text("- a\n")

    with pytest.raises(ConfigError, match=r"flow\.yaml:1:1: a config must be a mapping"):
        load_config(path)


def test_a_default_leads_to_the_node_around_it():
    loaded = load_config({"states": [{"name": "a", "is_start": True}]})

    assert loaded.node("networks", 0, "states", 0, "transforms").at.place.keys == "states[0]"


def outcome(config: object) -> LoadedConfig | ConfigError:
    try:
        return load_config(config, env={"X": "a"})
    except ConfigError as error:
        return error


@given(st.dictionaries(KEYS, JUNK, max_size=8))
def test_junk_gives_nothing_but_a_config_error_or_a_loaded_config(config):
    result = outcome(config)

    assert isinstance(result, LoadedConfig) or result.problems


@given(st.lists(st.dictionaries(KEYS, JUNK, max_size=5), min_size=1, max_size=4), JUNK)
def test_junk_in_states_and_arcs_gives_nothing_else_either(states, arcs):
    result = outcome({"states": states, "arcs": arcs})

    assert isinstance(result, LoadedConfig) or result.problems


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_in_a_file_gives_nothing_else_either(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("flow")
    for name in ("flow.yaml", "flow.json"):
        (folder / name).write_text(text)
        result = outcome(folder / name)

        assert isinstance(result, LoadedConfig) or result.problems
