"""Every row of the documented configuration, by its name: what the key does, in each spelling.

A row is a config, a record, and what becomes of it only if the key does what it says.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from statepipe import ConfigError, SimpleFSM
from tests.behaviour.own import own, told

Config: TypeAlias = dict[str, Any]
Row: TypeAlias = tuple[Config, Any, Any]
ADD = "{**data, 'n': data['n'] + 1}"
CHANGE = "state.data['list'].append(1)"


def became(config: Any, record: Any, **options: Any) -> Any:
    """Return what became of a record: its end and data, or the type of its error."""
    with SimpleFSM(config, **options) as fsm:
        result = fsm.process(copy.deepcopy(record))
    return (result.final_state, result.data) if result.success else result.error_type


def parts(work: Any = None, *arcs: Any) -> Config:
    """States and arcs: `a` does the work, and leads by `arcs` or else to `z`."""
    return {
        "states": [
            {"name": "a", "is_start": True, **(work or {})},
            {"name": "z", "is_end": True},
            {"name": "y", "is_end": True},
        ],
        "arcs": list(arcs) or [{"from": "a", "to": "z"}],
    }


def network_form(states: Config, **top: Any) -> Config:
    return {"name": "Contract", "networks": [{"name": "main", **states}], **top}


def simple_form(states: Config, **top: Any) -> Config:
    return {"name": "Contract", **states, **top}


both_forms = pytest.mark.parametrize("form", [network_form, simple_form])

# -- top -----------------------------------------------------------------------------------

LOOP = parts({}, {"from": "a", "to": "a"})
SHARES = parts({"validators": f"def f(state):\n    {CHANGE}\n    return True"})
CACHED = parts({"transform": "{**data, 'seen': list(state.resources)}"})
TOP: dict[str, tuple[Config, Config, Any, Any]] = {
    "data_mode: a mode": (SHARES, {"data_mode": "reference"}, {"list": []}, ("z", {"list": [1]})),
    "data_mode: default": (
        SHARES,
        {"data_mode": {"default": "reference"}},
        {"list": []},
        ("z", {"list": [1]}),
    ),
    "data_mode: state_overrides": (
        SHARES,
        {"data_mode": {"default": "copy", "state_overrides": {"a": "reference"}}},
        {"list": []},
        ("z", {"list": [1]}),
    ),
    "resources": (
        CACHED,
        {"resources": [{"name": "c", "provider": "cache"}]},
        {},
        ("z", {"seen": ["c"]}),
    ),
    "max_transitions": (LOOP, {"max_transitions": 5}, {}, "TransitionLimitError"),
    "timeout_seconds": (
        parts({"transform": own("dawdle")}),
        {"timeout_seconds": 0.02},
        {},
        "RecordTimeoutError",
    ),
}


@both_forms
@pytest.mark.parametrize("row", TOP)
def test_top(form: Any, row: str) -> None:
    states, keys, record, expected = TOP[row]

    assert became(form(states, **keys), record) == expected


@both_forms
def test_top_name_and_network_are_told_with_every_result(form: Any) -> None:
    metadata = SimpleFSM(form(parts(), name="Other")).process({}).metadata

    assert (metadata["machine"], metadata["network"]) == ("Other", "main")


@both_forms
@pytest.mark.parametrize(
    ("key", "value"), [("version", "1.2"), ("description", "of"), ("metadata", {"owner": "us"})]
)
def test_top_key_for_people(form: Any, key: str, value: Any) -> None:
    assert SimpleFSM(form(parts(), **{key: value})).config[key] == value


def test_top_networks_and_main_network() -> None:
    other = {"name": "other", **parts({"transform": ADD})}
    config = network_form(parts())
    config["networks"].append(other)

    assert became({**config, "main_network": "other"}, {"n": 1}) == ("z", {"n": 2})
    assert became({**config, "main_network": "main"}, {"n": 1}) == ("z", {"n": 1})


def test_top_main_network_is_needed_where_there_are_several() -> None:
    config = network_form(parts())
    config["networks"].append({"name": "other", **parts()})

    with pytest.raises(ConfigError, match="main_network"):
        SimpleFSM(config)


# -- states --------------------------------------------------------------------------------


def start(key: str) -> Row:
    states = [{"name": "z", "is_end": True}, {"name": "a", key: True, "transform": ADD}]
    return {"states": states, "arcs": [{"from": "a", "to": "z"}]}, {"n": 1}, ("z", {"n": 2})


def end(key: str) -> Row:
    states = [{"name": "a", "is_start": True}, {"name": "z", key: True}]
    return {"states": states, "arcs": [{"from": "a", "to": "z"}]}, {"n": 1}, ("z", {"n": 1})


def state(keys: Config, expected: Any, record: Any = None) -> Row:
    return parts(keys), record or {"n": 1}, expected


REFUSED = "InvalidRecordError"
NO = "data['n'] > 5"
STATES: dict[str, Row] = {
    "a list": (parts(), {"n": 1}, ("z", {"n": 1})),
    "a mapping, with initial_state": (
        {
            "states": {"a": {"arcs": [{"target": "z"}]}, "z": {"end": True}},
            "initial_state": "a",
        },
        {"n": 1},
        ("z", {"n": 1}),
    ),
    "is_start": start("is_start"),
    "initial": start("initial"),
    "start": start("start"),
    "is_end": end("is_end"),
    "final": end("final"),
    "end": end("end"),
    "schema": state({"schema": {"required": ["m"]}}, REFUSED),
    "data_schema": state({"data_schema": {"required": ["m"]}}, REFUSED),
    "pre_validators": state({"pre_validators": [NO], "transform": "{'n': 9}"}, REFUSED),
    "validators": state({"validators": ["data['n'] < 5"], "transform": "{'n': 9}"}, REFUSED),
    "validator": state({"validator": NO}, REFUSED),
    "functions.validate": state({"functions": {"validate": NO}}, REFUSED),
    "transforms": state({"transforms": [ADD, ADD]}, ("z", {"n": 3})),
    "transform": state({"transform": ADD}, ("z", {"n": 2})),
    "functions.transform": state({"functions": {"transform": ADD}}, ("z", {"n": 2})),
    "arcs": (
        {"states": {"a": {"start": True, "arcs": [{"target": "y"}]}, "y": {"end": True}}},
        {"n": 1},
        ("y", {"n": 1}),
    ),
    "resources": (
        {**CACHED, "resources": [{"name": name, "provider": "cache"} for name in ("c", "d")]}
        | {"states": [{**CACHED["states"][0], "resources": ["d"]}, CACHED["states"][1]]},
        {},
        ("z", {"seen": ["d"]}),
    ),
    "data_mode": (
        {**SHARES, "states": [{**SHARES["states"][0], "data_mode": "direct"}, SHARES["states"][1]]},
        {"list": []},
        ("z", {"list": [1]}),
    ),
    "retry": state(
        {"transform": own("fail_once"), "retry": {"max_attempts": 2}},
        ("z", {"n": 1, "half": True, "attempts": 2}),
    ),
    "catch": state(
        {"transform": "1 / 0", "catch": [{"errors": ["ArithmeticError"], "to": "y"}]},
        ("y", {"n": 1}),
    ),
    "on_error": state({"transform": "1 / 0", "on_error": "y"}, ("y", {"n": 1})),
    "timeout_s": state({"transform": own("dawdle"), "timeout_s": 0.02}, "StateTimeoutError"),
}


@pytest.fixture(autouse=True)
def forgotten() -> None:
    told.clear()  # what `fail_once` counts


@pytest.mark.parametrize("row", STATES)
def test_state(row: str) -> None:
    config, record, expected = STATES[row]

    assert became(config, record) == expected


def test_state_name() -> None:
    config = parts()
    config["states"][0]["name"] = "renamed"
    config["arcs"][0]["from"] = "renamed"

    assert SimpleFSM(config).get_states()[0] == "renamed"


@pytest.mark.parametrize(("value", "kept"), [(None, 1), (True, 1), (False, 0)])
def test_state_emit_output_is_true_unless_told(value: bool | None, kept: int) -> None:
    config, got = parts(), []  # type: ignore[var-annotated]  # of records
    if value is not None:
        config["states"][1]["emit_output"] = value
    result = SimpleFSM(config).process_stream([{"n": 1}], got.append)

    assert (result.emitted, len(got)) == (kept, kept)
    assert sum(result.excluded_by_state.values()) == 1 - kept


@pytest.mark.parametrize(("value", "told"), [(None, ""), (False, ""), (True, "tell: ")])
def test_state_run_on_failure_is_false_unless_told(
    tmp_path: Path, value: bool | None, told: str
) -> None:
    teller = {"name": "tell", "transform": own("Teller", path=str(tmp_path / "told"))}
    config = parts({"transform": "1 / 0"})
    config["states"].append(teller if value is None else {**teller, "run_on_failure": value})
    (tmp_path / "told").touch()

    assert became(config, {}) == "ZeroDivisionError"
    assert (tmp_path / "told").read_text().startswith(told)
    assert bool((tmp_path / "told").read_text()) == bool(told)


def test_state_metadata() -> None:
    [found] = [
        state["metadata"]
        for state in SimpleFSM(parts({"metadata": {"x": 1}})).config["networks"][0]["states"]
        if state["name"] == "a"
    ]

    assert found == {"x": 1}


def test_state_sink(tmp_path: Path) -> None:
    config = parts()
    config["states"][1]["sink"] = str(tmp_path / "own.jsonl")
    SimpleFSM(config).process_stream([{"n": 1}])

    assert (tmp_path / "own.jsonl").read_text() == '{"n":1}\n'


# -- arcs ----------------------------------------------------------------------------------


def arcs(*given: Config, expected: Any, record: Any = None, work: Any = None) -> Row:
    return parts(work, *({"from": "a", **arc} for arc in given)), record or {"n": 1}, expected


ARCS: dict[str, Row] = {
    "from, to": arcs({"to": "y"}, expected=("y", {"n": 1})),
    "condition": arcs({"to": "y", "condition": NO}, {"to": "z"}, expected=("z", {"n": 1})),
    "pre_test": arcs({"to": "y", "pre_test": NO}, {"to": "z"}, expected=("z", {"n": 1})),
    "transform: one": arcs({"to": "y", "transform": ADD}, expected=("y", {"n": 2})),
    "transform: a list": arcs({"to": "y", "transform": [ADD, ADD]}, expected=("y", {"n": 3})),
    "priority: high first": arcs({"to": "z"}, {"to": "y", "priority": 1}, expected=("y", {"n": 1})),
    "priority: 0 unless told": arcs(
        {"to": "z", "priority": -1}, {"to": "y"}, expected=("y", {"n": 1})
    ),
}


def inside_state(config: Config) -> Config:
    """Write the arcs of `a` inside the state, in place of beside it."""
    inside = [
        {"target": arc["to"], **{k: v for k, v in arc.items() if k not in ("from", "to")}}
        for arc in config["arcs"]
    ]
    states = [{**config["states"][0], "arcs": inside}, *config["states"][1:]]
    return {**{k: v for k, v in config.items() if k != "arcs"}, "states": states}


PLACES = {"network": lambda config: config, "state": inside_state}
both_places = pytest.mark.parametrize("placed", PLACES.values(), ids=PLACES)
TAKE_SEEN = {"transform": "{**data, 'seen': list(state.resources)}"}


@pytest.mark.parametrize("row", ARCS)
@both_places
def test_arc(row: str, placed: Any) -> None:
    config, record, expected = ARCS[row]

    assert became(placed(config), record) == expected


@both_places
def test_arc_resources(placed: Any) -> None:
    config = parts({}, {"from": "a", "to": "z", "resources": ["d"], **TAKE_SEEN})
    config["resources"] = [{"name": name, "provider": "cache"} for name in ("c", "d")]

    assert became(placed(config), {}) == ("z", {"seen": ["d"]})


@both_places
def test_arc_name(placed: Any) -> None:
    config = parts({}, {"from": "a", "to": "z", "condition": "1 / 0", "name": "the way"})
    error = SimpleFSM(placed(config)).process({}).record_error

    assert error is not None
    assert error.arc == "the way"


@both_places
def test_arc_metadata(placed: Any) -> None:
    config = parts({}, {"from": "a", "to": "z", "metadata": {"x": 1}})
    [network] = SimpleFSM(placed(config)).config["networks"]
    arcs = network.get("arcs") or network["states"][0]["arcs"]

    assert arcs[0]["metadata"] == {"x": 1}


# -- push arcs -----------------------------------------------------------------------------


def push(keys: Config, inside: str, record: Any, expected: Any, **top: Any) -> Row:
    """A push arc from `a` through a network whose start does something, and whose `by` nothing."""
    way = {"target_network": "sub", "return_state": "z", **keys}
    sub = {
        "name": "sub",
        "states": [
            {"name": "s", "is_start": True, "transform": inside},
            {"name": "by"},
            {"name": "e", "is_end": True},
        ],
        "arcs": [{"from": "s", "to": "e"}, {"from": "by", "to": "e"}],
    }
    main = {"name": "main", **parts({}, {"from": "a", **way})}
    return {"networks": [main, sub], "main_network": "main", **top}, record, expected


PART = {"data_mapping": {"list": "list"}}
PAIR = "{'t': (1, 2)}"
PUSHES: dict[str, Row] = {
    "target_network: network": push({}, ADD, {"n": 1}, ("z", {"n": 2})),
    "target_network: network:state": push(
        {"target_network": "sub:by"}, ADD, {"n": 1}, ("z", {"n": 1})
    ),
    "return_state": push({"return_state": "y"}, ADD, {"n": 1}, ("y", {"n": 2})),
    "data_isolation: copy": push(
        {**PART, "result_mapping": {"no": "no"}, "data_isolation": "copy"},
        CHANGE,
        {"list": []},
        ("z", {"list": []}),
        data_mode="reference",
    ),
    "data_isolation: copy unless told": push(
        {**PART, "result_mapping": {"no": "no"}},
        CHANGE,
        {"list": []},
        ("z", {"list": []}),
        data_mode="reference",
    ),
    "data_isolation: reference": push(
        {**PART, "result_mapping": {"no": "no"}, "data_isolation": "reference"},
        CHANGE,
        {"list": []},
        ("z", {"list": [1]}),
        data_mode="reference",
    ),
    "data_isolation: serialize": push(
        {"data_isolation": "serialize"}, PAIR, {}, ("z", {"t": [1, 2]})
    ),
    "data_mapping: parent field -> child field": push(
        {"data_mapping": {"m": "n"}}, ADD, {"m": 5, "n": 1}, ("z", {"m": 5, "n": 6})
    ),
    "result_mapping: child field -> parent field": push(
        {"result_mapping": {"n": "m"}}, ADD, {"n": 1}, ("z", {"n": 1, "m": 2})
    ),
}


def inside_states(config: Config) -> Config:
    """Return `config` with the arcs of all its networks inside their states."""
    moved = copy.deepcopy(config)
    for network in moved["networks"]:
        for arc in network.pop("arcs"):
            keys = {{"to": "target"}.get(key, key): arc[key] for key in arc if key != "from"}
            [source] = [each for each in network["states"] if each["name"] == arc["from"]]
            source.setdefault("arcs", []).append(keys)
    return moved


both_places = pytest.mark.parametrize("placed", [copy.deepcopy, inside_states])


@pytest.mark.parametrize("row", PUSHES)
@both_places
def test_push_arc(placed: Any, row: str) -> None:
    config, record, expected = PUSHES[row]

    assert became(placed(config), record) == expected


@both_places
@pytest.mark.parametrize(("most", "expected"), [(10, ("z", {"n": 10})), (11, "NestingLimitError")])
def test_push_arc_nesting_deeper_than_10_fails_the_record(
    placed: Any, most: int, expected: Any
) -> None:
    config, record, _ = push({}, ADD, {"n": 0}, None)
    again = {"from": "s", "target_network": "sub", "return_state": "e", "priority": 1}
    config["networks"][1]["arcs"].append({**again, "condition": f"data['n'] < {most}"})

    assert became(placed(config), record) == expected


# -- functions -----------------------------------------------------------------------------


def twice(state: Any) -> Any:
    return {**state.data, "n": state.data["n"] * 2}


UPPER = {"fields": "s", "steps": "upper"}
FUNCTIONS: dict[str, tuple[Any, Any]] = {
    "inline": ({"type": "inline", "code": ADD}, {"n": 4, "s": "x"}),
    "registered": ({"type": "registered", "name": "twice"}, {"n": 6, "s": "x"}),
    "builtin": ({"type": "builtin", "name": "normalize", "params": UPPER}, {"n": 3, "s": "X"}),
    "custom": (own("double"), {"n": 6, "s": "x"}),
    "custom, with params": (own("Adder", by=7), {"n": 10, "s": "x", "ready": True}),
    "a bare string that is registered": ("twice", {"n": 6, "s": "x"}),
    "a bare string that is not": (ADD, {"n": 4, "s": "x"}),
    "a callable": (twice, {"n": 6, "s": "x"}),
}


@pytest.mark.parametrize("row", FUNCTIONS)
def test_function(row: str) -> None:
    given, data = FUNCTIONS[row]
    functions = {"twice": twice}

    assert became(parts({"transform": given}), {"n": 3, "s": "x"}, custom_functions=functions) == (
        "z",
        data,
    )


CONDITIONS: dict[str, Any] = {
    "inline": {"type": "inline", "code": "data['n'] == 3"},
    "registered": {"type": "registered", "name": "is_three"},
    "builtin": {"type": "builtin", "name": "range", "params": {"fields": "n", "min": 3}},
    "custom": {"type": "custom", "module": "operator", "name": "truth"},
    "a bare string": "is_three",
    "a callable": lambda state: state["n"] == 3,
}


@pytest.mark.parametrize("key", ["condition", "pre_test"])
@pytest.mark.parametrize("row", CONDITIONS)
def test_condition_in_any_of_the_function_forms(row: str, key: str) -> None:
    config = parts({}, {"from": "a", "to": "y", key: CONDITIONS[row]}, {"from": "a", "to": "z"})
    functions = {"is_three": lambda state: state["n"] == 3}

    assert became(config, {"n": 3}, custom_functions=functions) == ("y", {"n": 3})


INLINE: dict[str, str] = {
    "a lambda over lines": "lambda state: {\n    **state.data,\n    'got': state.data['n'],\n}",
    "an expression": "{**data, 'got': data['n']}",
    "a body with return": "got = data['n']\nreturn {**data, 'got': got}",
    "a def": "def f(state):\n    return {**state.data, 'got': state.data['n']}",
    "state[...]": "lambda s: {**s.data, 'got': s['n']}",
    "state.get(...)": "lambda s: {**s.data, 'got': s.get('n') + s.get('no', 0)}",
    "state.name": "lambda s: {**s.data, 'got': 1 if s.name == 'a' else 0}",
    "state.resources": "lambda s: {**s.data, 'got': s.resources['one']}",
    "(data, context)": "lambda data, context: {**data, 'got': context.resources['one']}",
    "the name data": "{**data, 'got': 1}",
    "the name state": "{**state.data, 'got': 1 if state.name == 'a' else 0}",
    "the name context": "{**data, 'got': 1 if context.state == 'a' else 0}",
    "async def": "async def f(state):\n    return {**state.data, 'got': 1}",
    "await": "import asyncio\nawait asyncio.sleep(0)\nreturn {**data, 'got': 1}",
}


@pytest.mark.parametrize("row", INLINE)
def test_inline_code(row: str) -> None:
    config = parts({"transform": {"type": "inline", "code": INLINE[row]}})

    assert became(config, {"n": 1}, resources={"one": 1}) == ("z", {"n": 1, "got": 1})


@pytest.mark.parametrize(
    ("value", "end"),
    [
        ("True", "y"),
        ("[0]", "y"),
        ("0", "z"),
        ("None", "z"),
        ("(True, 'why')", "y"),
        ("(False, 'why')", "z"),
    ],
)
def test_condition_s_value(value: str, end: str) -> None:
    config = parts({}, {"from": "a", "to": "y", "condition": value}, {"from": "a", "to": "z"})

    assert became(config, {}) == (end, {})


def test_condition_s_reason_is_kept_for_a_validator_too() -> None:
    fsm = SimpleFSM(parts({"validators": "(False, 'too small')"}))

    assert fsm.process({}).error == "too small"


# -- values and files ----------------------------------------------------------------------

VALUES = {
    "${VAR}": ("${CONTRACT}", "set"),
    "${VAR:default}": ("${CONTRACT_UNSET:other}", "other"),
    "${VAR:-default}": ("${CONTRACT_UNSET:-other}", "other"),
    "${VAR:?message}": ("${CONTRACT:?needed}", "set"),
    "several in a string": ("<${CONTRACT}-${CONTRACT_UNSET:none}>", "<set-none>"),
}


@pytest.mark.parametrize("row", VALUES)
def test_value(row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given, expected = VALUES[row]
    monkeypatch.setenv("CONTRACT", "set")

    assert SimpleFSM({**parts(), "description": given}).config["description"] == expected


@pytest.mark.parametrize("given", ["${CONTRACT_UNSET}", "${CONTRACT_UNSET:?needed here}"])
def test_a_required_value_that_is_unset_is_a_config_error(given: str) -> None:
    with pytest.raises(ConfigError, match="needed here" if "?" in given else "CONTRACT_UNSET"):
        SimpleFSM({**parts(), "description": given})


def written(folder: Path, name: str, value: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", ["yaml", "yml", "json"])
def test_a_path_is_a_config(suffix: str, tmp_path: Path) -> None:
    path = written(tmp_path, f"flow.{suffix}", parts({"transform": ADD}))

    assert became(path, {"n": 1}) == became(str(path), {"n": 1}) == ("z", {"n": 2})


def test_include(tmp_path: Path) -> None:
    written(tmp_path, "states.json", parts({"transform": ADD})["states"])
    flow = {"states": {"$include": "states.json"}, "arcs": parts()["arcs"]}

    assert became(written(tmp_path, "flow.json", flow), {"n": 1}) == ("z", {"n": 2})


def test_import(tmp_path: Path) -> None:
    written(tmp_path, "more.json", {"deep": {"states": parts({"transform": ADD})["states"]}})
    taken = {"$import": {"file": "more.json", "path": "deep.states"}}
    flow = {"states": taken, "arcs": parts()["arcs"]}

    assert became(written(tmp_path, "flow.json", flow), {"n": 1}) == ("z", {"n": 2})


def test_an_include_stays_in_the_config_s_own_folder(tmp_path: Path) -> None:
    written(tmp_path, "outside.json", [])
    (tmp_path / "inner").mkdir()
    flow = written(tmp_path / "inner", "flow.json", {"states": {"$include": "../outside.json"}})

    with pytest.raises(ConfigError, match="folder"):
        SimpleFSM(flow)


def test_an_include_in_a_cycle_is_refused_by_name(tmp_path: Path) -> None:
    written(tmp_path, "a.json", {"$include": "b.json"})
    written(tmp_path, "b.json", {"$include": "a.json"})
    flow = written(tmp_path, "flow.json", {"states": {"$include": "a.json"}})

    with pytest.raises(ConfigError, match=r"a\.json.*b\.json"):
        SimpleFSM(flow)
