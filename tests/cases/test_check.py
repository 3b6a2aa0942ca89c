"""The tests of a config, run on every engine."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

import pytest

from statepipe import ConfigError, DataHandlingMode, Machine, SimpleFSM, UsageError
from statepipe.testing import TEST_RUN, CheckResult, check_config, view_of

CASES = [
    {"name": "one is small", "in": {"n": 1}, "expect": {"n": 1, "double": 2}, "state": "small"},
    {"name": "nine is large", "in": {"n": 9}, "contains": {"double": 18}, "path": ["a", "large"]},
    {"name": "nothing fails", "in": {}, "error": {"type": "KeyError", "state": "a"}},
]


def config(*cases: Any, transform: Any = "{**data, 'double': data['n'] * 2}", **more: Any) -> Any:
    return {
        "states": {
            "a": {"is_start": True, "transform": transform},
            "large": {"is_end": True},
            "small": {"is_end": True},
        },
        "arcs": [
            {"from": "a", "to": "large", "condition": "data['n'] > 5"},
            {"from": "a", "to": "small"},
        ],
        "tests": list(cases or CASES),
        **more,
    }


def failures(result: CheckResult) -> dict[str, list[str]]:
    return {each.name: [f.message for f in each.findings] for each in result if not each}


@pytest.mark.parametrize("result", check_config(config()), ids=str)
def test_each_test_of_a_config_is_a_line_of_pytest(result: Any) -> None:
    result.check()


def test_results_stand_in_order_and_count() -> None:
    result = check_config(config(*CASES, {"in": {"n": 1}, "state": "large"}))

    assert [each.name for each in result] == [*(str(case["name"]) for case in CASES), "test 4"]
    assert (len(result), result.passed, result.failed, bool(result)) == (4, 3, 1, False)
    assert failures(result) == {"test 4": ["should end at 'large', and ended at 'small'"]}
    assert result[1].path == ("a", "large") and len(result[1:]) == 3
    assert result.coverage.percent == 100


def test_a_failed_test_reports_place_difference_path_and_error() -> None:
    wrong = {"in": {"n": 1}, "expect": {"n": 2, "double": 2}}
    result = check_config(config(wrong, {"in": {"m": 1}}))

    with pytest.raises(AssertionError) as caught:
        result[0].check()

    assert str(caught.value) == (
        "tests[0]: test 1\n"
        "    the record is not as expected in 1 field\n"
        "      ~ n: expected 2, found 1\n"
        "    path: a -> small"
    )
    assert result[1].report().split("\n")[1:4] == [
        "    failed at 'a'",
        "      states.a.transform: KeyError: 'n'",
        "          1 | {**data, 'double': data['n'] * 2}",
    ]


def test_tests_change_nothing_in_a_run() -> None:
    plain, tested = SimpleFSM(config(tests=[])), SimpleFSM(config({"in": {"n": 1}, "expect": {}}))

    assert plain.process({"n": 3}) == tested.process({"n": 3})
    assert tested.config["tests"][0]["in"] == {"n": 1}


def test_tests_of_a_run_s_config_are_checked_as_everything_else() -> None:
    with pytest.raises(ConfigError, match="unknown key 'expct' in a test"):
        SimpleFSM(config({"in": {}, "expct": {}}))


def test_only_named_tests_are_run() -> None:
    result = check_config(config(), name="IS")

    assert [str(each) for each in result] == ["one is small", "nine is large"]
    with pytest.raises(UsageError, match=r"no test has 'smal is' in its name; .*one is small"):
        check_config(config(), name="smal is")


def test_a_config_without_tests_is_told() -> None:
    with pytest.raises(UsageError, match="the config has no tests: write some under `tests:`"):
        check_config(config(tests=[]))


def test_files_beside_a_config_are_taken(tmp_path: Path) -> None:
    flow = tmp_path / "flow.yaml"
    one_state().save(flow)
    (tmp_path / "flow.tests.yaml").write_text("- {name: beside, in: {}}\n")
    (tmp_path / "flow.tests.json").write_text('[{"name": "and json", "in": {}}]')
    (tmp_path / "other.tests.yaml").write_text("- {name: other, in: {}}\n")
    (tmp_path / "more.yaml").write_text("- {name: more, in: {}}\n")

    assert [str(each) for each in check_config(flow, tmp_path / "more.yaml")] == [
        "beside",
        "and json",
        "more",
    ]
    assert [str(each) for each in check_config(str(flow))] == ["beside", "and json"]


def one_state(transform: Any = "data", **keys: Any) -> Machine:
    machine = Machine("one", **keys)
    machine.start("a", is_end=True, transform=transform)
    return machine


def test_a_built_machine_is_tested_as_well() -> None:
    machine = Machine("built", tests=[{"in": {"n": 1}, "expect": {"n": 2}}])
    machine.start("a", transform=lambda s: {"n": s["n"] + 1}, is_end=True)

    assert check_config(machine)


def test_time_ids_and_chance_are_those_of_the_test_run() -> None:
    code = "{'at': now().isoformat(), 'id': uuid(), 'r': rng.random(), 'n': 0}"
    view = view_of({}, "a")
    expected = {"at": view.now().isoformat(), "id": view.uuid(), "r": view.rng.random(), "n": 0}

    result = check_config(config({"in": {}, "expect": expected}, transform=code))

    assert failures(result) == {}
    assert TEST_RUN.began_s == 0


def test_functions_and_options_are_those_given() -> None:
    def change(state: Any) -> None:
        state.data["list"].append(state.resources["word"])

    result = check_config(
        config({"in": {"n": 1, "list": []}, "contains": {"list": ["w"]}}, transform="change"),
        custom_functions={"change": change},
        resources={"word": "w"},
        data_mode=DataHandlingMode.DIRECT,
    )

    assert failures(result) == {}
    assert result[0].notes == ()


def test_async_functions_are_awaited() -> None:
    async def later(state: Any) -> Any:
        return {**state.data, "double": state["n"] * 2}

    assert check_config(config(transform=later))


def test_the_test_s_own_record_stays_as_it_was() -> None:
    case = {"in": {"n": 1, "list": []}, "contains": {"list": [1]}}
    result = check_config(
        config(case, case | {"name": "again"}, transform="data['list'].append(1)"),
        data_mode=DataHandlingMode.DIRECT,
    )

    assert failures(result) == {}
    assert case["in"] == {"n": 1, "list": []}


def test_engines_that_go_other_ways_are_told() -> None:
    flips = itertools.cycle([1, 9])

    result = check_config(config({"in": {}}, transform=lambda s: {"n": next(flips)}))

    [message] = failures(result)["test 1"]
    assert message.startswith(
        "the interpreter gives the path a -> small, the generated function a -> large; code that"
    )


def test_engines_that_fail_otherwise_are_told() -> None:
    errors = itertools.cycle([KeyError("a"), TypeError("b")])

    def fail(state: Any) -> Any:
        raise next(errors)

    [message] = failures(check_config(config({"in": {}, "error": {}}, transform=fail)))["test 1"]
    assert "gives the error KeyError (transform at 'a'), the generated function Ty" in message


def test_an_expectation_has_to_hold_in_both_engines() -> None:
    numbers = itertools.count()
    case = {"in": {}, "expect": {"n": 0}}

    [message] = failures(check_config(config(case, transform=lambda s: {"n": next(numbers)})))[
        "test 1"
    ]

    assert message.startswith("in the generated function only: the record is not as expected")
    assert "use now(), uuid() and rng" in message


def test_data_that_differs_in_no_expectation_is_noted() -> None:
    numbers = itertools.count()
    case = {"in": {"n": 1}, "state": "small"}

    [result] = check_config(config(case, transform=lambda s: {**s.data, "t": next(numbers)}))

    assert result.passed
    assert result.notes[0].startswith("two runs of the record differ in t: code that takes time")


def test_a_record_may_enter_at_another_state() -> None:
    case = {"in": {"x": 1}, "initial_state": "large", "expect": {"x": 1}, "path": ["large"]}

    assert check_config(config(case))


def test_the_untrusted_code_of_a_file_is_not_run(tmp_path: Path) -> None:
    flow = tmp_path / "flow.yaml"
    one_state(transform=time.sleep, tests=[{"in": {}, "error": {}}]).save(flow)

    with pytest.raises(ConfigError, match="importing it runs code"):
        check_config(flow)
    assert check_config(flow, trusted=True)


@pytest.mark.parametrize("later", [False, True])
def test_what_failures_do_is_done_and_nothing_waits(later: bool) -> None:
    told: list[Any] = []

    def tell(state: Any) -> None:
        told.append(state.error["type"])

    async def tell_later(state: Any) -> None:
        tell(state)

    states: dict[str, Any] = {
        "a": {
            "is_start": True,
            "transform": "data['missing']",
            "retry": {"max_attempts": 4, "backoff_s": 3600},
        },
        "tell": {"run_on_failure": True, "transform": tell_later if later else tell},
        "z": {"is_end": True},
    }

    result = check_config(
        {"states": states, "arcs": [], "tests": [{"in": {}, "error": "KeyError"}]}
    )

    assert failures(result) == {}
    assert told == ["KeyError", "KeyError"]


def test_limits_of_time_hold() -> None:
    def forever(state: Any) -> None:
        while True:
            pass

    states: dict[str, Any] = {
        "a": {"is_start": True, "is_end": True, "transform": forever, "timeout_s": 0.05}
    }
    case = {"in": {}, "error": {"type": "StateTimeoutError", "state": "a"}}

    assert check_config({"states": states, "tests": [case]})
