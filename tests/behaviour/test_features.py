"""Every feature of a config does the same on every engine: one short test for each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.conftest import Run
from tests.behaviour.engines import Config, Seen
from tests.behaviour.own import own

ADD = "{**data, 'n': data['n'] + 1}"
BREAK = "{**data, 'n': data['nothing']}"


def machine(*arcs: Any, work: Any = None, ends: str = "z y", **top: Any) -> Config:
    """A machine whose start `a` leads to its work `b`, and from there by `arcs`, or to `z`."""
    return {
        "name": "Behaviour",
        "states": [
            {"name": "a", "is_start": True},
            {"name": "b", **(work or {})},
            *({"name": name, "is_end": True} for name in ends.split()),
        ],
        "arcs": [{"from": "a", "to": "b"}, *(arcs or [{"from": "b", "to": "z"}])],
        **top,
    }


def to(target: str, **keys: Any) -> Config:
    return {"from": "b", "to": target, **keys}


def check(seen: Seen, state: str, data: Any, path: str) -> None:
    """Check where a record ended, with what, and by which way where an engine tells."""
    assert seen.error is None
    assert (seen.state, seen.data) == (state, data)
    assert seen.path in (path.split(), None)


def check_failed(seen: Seen, state: str, kind: str, message: str, path: str) -> None:
    """Check where a record failed, and of what."""
    assert seen.error is not None
    assert (seen.state, seen.path) == (state, path.split())
    assert seen.error[0] == kind
    assert message in seen.error[1]


# -- what a state does ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        ADD,
        f"lambda state: {ADD.replace('data', 'state.data')}",
        f"lambda data, context: {ADD}",
        f"return {ADD}",
        f"def f(state):\n    data = state.data\n    return {ADD}",
        "state['n'] += 1\nreturn None",
    ],
)
def test_inline_code_of_every_form(run: Run, code: str) -> None:
    check(run(machine(work={"transform": code}), {"n": 1}), "z", {"n": 2}, "a b z")


def test_transforms_one_behind_the_other(run: Run) -> None:
    check(run(machine(work={"transforms": [ADD, ADD, ADD]}), {"n": 1}), "z", {"n": 4}, "a b z")


def test_a_transform_that_gives_no_record(run: Run) -> None:
    seen = run(machine(work={"transform": "7"}), {"n": 1})

    check_failed(seen, "b", "ResultTypeError", "must give a dict or None, not int", "a b")


def test_async_functions(run: Run) -> None:
    check(run(machine(work={"transform": own("double")}), {"n": 4}), "z", {"n": 8}, "a b z")


def test_classes_with_a_life(run: Run) -> None:
    config = machine(work={"transform": own("Adder", by=5)})

    check(run(config, {"n": 1}), "z", {"n": 6, "ready": True}, "a b z")


def test_builtins(run: Run) -> None:
    upper = {"type": "builtin", "name": "normalize", "params": {"fields": "s", "steps": "upper"}}

    check(run(machine(work={"transform": upper}), {"s": "x"}), "z", {"s": "X"}, "a b z")


def test_resources(run: Run) -> None:
    rates = {"name": "rates", "provider": "custom", "module": "tests.behaviour.own"}
    config = machine(
        work={
            "resources": ["rates"],
            "transform": "{**data, 'eur': data['n'] * state.resources['rates'].of('usd')}",
        },
        resources=[{**rates, "class": "Rates", "params": {"usd": 0.5}}],
    )

    check(run(config, {"n": 4}), "z", {"n": 4, "eur": 2.0}, "a b z")


@pytest.mark.parametrize("state", ["a", "b", "z"])
def test_every_state_does_its_work(run: Run, state: str) -> None:
    config = machine()
    found = next(each for each in config["states"] if each["name"] == state)
    found["transform"] = "{**data, 'at': state.name}"

    check(run(config, {"n": 1}), "z", {"n": 1, "at": state}, "a b z")


# -- what is refused -----------------------------------------------------------------------


def test_a_schema(run: Run) -> None:
    config = machine(work={"schema": {"properties": {"n": {"type": "integer"}}}})

    check(run(config, {"n": 1}), "z", {"n": 1}, "a b z")


def test_what_a_schema_refuses(run: Run) -> None:
    seen = run(machine(work={"schema": {"required": ["m"]}, "transform": "1 / 0"}), {"n": 1})

    check_failed(seen, "b", "InvalidRecordError", '"m" is a required property', "a b")


@pytest.mark.parametrize(("n", "refused"), [(1, "pre_validators"), (2, "validators"), (3, None)])
def test_pre_validators_come_before_transforms_and_validators_behind(
    run: Run, n: int, refused: str | None
) -> None:
    work = {
        "pre_validators": ["(data['n'] > 1, 'pre_validators')"],
        "transform": ADD,
        "validators": ["(data['n'] > 3, 'validators')"],
    }
    seen = run(machine(work=work), {"n": n})

    if refused is None:
        check(seen, "z", {"n": 4}, "a b z")
    else:
        check_failed(seen, "b", "InvalidRecordError", refused, "a b")


def test_what_an_end_state_refuses(run: Run) -> None:
    config = machine()
    config["states"][2]["validators"] = ["(False, 'not here')"]

    check_failed(run(config, {"n": 1}), "z", "InvalidRecordError", "not here", "a b z")


@pytest.mark.parametrize("key", ["on_error", "retry"])
def test_what_fails_at_an_end_state_is_caught_or_tried_again(run: Run, key: str) -> None:
    config = machine()
    config["states"][2] |= {"transform": own("fail_once"), "on_error": "y"}
    if key == "retry":
        config["states"][2]["retry"] = {"max_attempts": 2}
    seen = run(config, {"n": 1})

    if key == "retry":
        check(seen, "z", {"n": 1, "half": True, "attempts": 2}, "a b z")
    else:
        check(seen, "y", {"n": 1}, "a b z y")


# -- which way -----------------------------------------------------------------------------


def test_priorities_come_before_what_is_written(run: Run) -> None:
    config = machine(to("z"), to("y", priority=5, condition="data['n'] > 0"))

    check(run(config, {"n": 1}), "y", {"n": 1}, "a b y")


def test_of_equal_priority_the_first_open_arc_is_taken(run: Run) -> None:
    config = machine(to("z", condition="data['n'] > 5"), to("y", condition="data['n'] > 0"))

    check(run(config, {"n": 1}), "y", {"n": 1}, "a b y")


@pytest.mark.parametrize(("accepts", "end"), [(True, "z"), (False, "y")])
def test_conditions_with_reasons(run: Run, accepts: bool, end: str) -> None:
    config = machine(to("z", condition=f"({accepts}, 'because')"), to("y"))

    check(run(config, {"n": 1}), end, {"n": 1}, f"a b {end}")


def test_a_condition_that_raises_is_no_no(run: Run) -> None:
    seen = run(machine(to("z", condition="data['nothing']"), to("y")), {"n": 1})

    check_failed(seen, "b", "KeyError", "'nothing'", "a b")


def test_no_open_arc(run: Run) -> None:
    seen = run(machine(to("z", condition="False")), {"n": 1})

    check_failed(seen, "b", "NoOpenArcError", "no arc of state 'b' accepts the record", "a b")


@pytest.mark.parametrize(
    "condition",
    [
        {"type": "builtin", "name": "range", "params": {"fields": "n", "min": 1}},
        {"type": "custom", "module": "operator", "name": "truth"},
        "async def f(state):\n    return state['n'] == 1",
        "import asyncio\nawait asyncio.sleep(0)\nreturn data['n'] == 1",
    ],
    ids=["builtin", "custom", "async def", "await"],
)
def test_conditions_of_other_forms(run: Run, condition: Any) -> None:
    config = machine(to("y", condition=condition), to("z"))

    check(run(config, {"n": 1}), "y", {"n": 1}, "a b y")


def test_transforms_of_an_arc_see_the_state_that_is_left(run: Run) -> None:
    config = machine(to("z", transform="{**data, 'left': state.name}"))

    check(run(config, {"n": 1}), "z", {"n": 1, "left": "b"}, "a b z")


def test_loops(run: Run) -> None:
    config = machine(to("b", condition="data['n'] < 4"), to("z"), work={"transform": ADD})

    check(run(config, {"n": 1}), "z", {"n": 4}, "a b b b z")


def test_max_transitions(run: Run) -> None:
    config = machine(to("b"), max_transitions=3)

    seen = run(config, {"n": 1})
    message = "more than 3 transitions, in the loop b -> b"
    check_failed(seen, "b", "TransitionLimitError", message, "a b b b")


def test_the_start_may_be_an_end(run: Run) -> None:
    config = {"states": {"only": {"start": True, "end": True, "transform": ADD}}}

    check(run(config, {"n": 1}), "only", {"n": 2}, "only")


# -- failures ------------------------------------------------------------------------------


def test_a_failure_tells_its_state_and_path(run: Run) -> None:
    seen = run(machine(work={"transform": BREAK}), {"n": 1})

    check_failed(seen, "b", "KeyError", "KeyError: 'nothing'", "a b")


def test_a_failure_on_an_arc_stays_at_the_state_that_is_left(run: Run) -> None:
    config = machine(to("z", transform=[ADD, BREAK]))

    check_failed(run(config, {"n": 1}), "b", "KeyError", "'nothing'", "a b")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("raise StopIteration(7)", "StopIteration"),
        (
            "import asyncio\nasync def f(state):\n    raise asyncio.CancelledError",
            "FunctionCancelledError",
        ),
        ("async def f(state):\n    raise StopIteration(7)", "RuntimeError"),
        ("raise RecursionError('too deep')", "RecursionError"),
    ],
)
def test_errors_that_mean_something_to_python(run: Run, code: str, kind: str) -> None:
    check_failed(run(machine(work={"transform": code}), {"n": 1}), "b", kind, "", "a b")


def test_retry(run: Run) -> None:
    work = {"transform": own("fail_once"), "retry": {"max_attempts": 3, "errors": ["OSError"]}}
    seen = run(machine(work=work), {"n": 1})

    check(seen, "z", {"n": 1, "half": True, "attempts": 2}, "a b z")


def test_a_retry_that_does_not_help(run: Run) -> None:
    work = {"transform": BREAK, "retry": {"max_attempts": 3}}

    check_failed(run(machine(work=work), {"n": 1}), "b", "KeyError", "'nothing'", "a b")


def test_catch_names_errors_in_order(run: Run) -> None:
    catches = [{"errors": ["ValueError"], "to": "z"}, {"errors": ["LookupError"], "to": "y"}]
    seen = run(machine(work={"transform": BREAK, "catch": catches}), {"n": 1})

    check(seen, "y", {"n": 1}, "a b y")


def test_on_error_goes_on_with_the_error_at_hand(run: Run) -> None:
    config = machine(work={"transform": BREAK, "on_error": "c"})
    told = "{**data, 'why': [state.error['type'], state.error['state']]}"
    config["states"].append({"name": "c", "transform": told})
    config["arcs"].append({"from": "c", "to": "y"})

    check(run(config, {"n": 1}), "y", {"n": 1, "why": ["KeyError", "b"]}, "a b c y")


def test_a_catch_may_lead_to_an_end_that_fails(run: Run) -> None:
    config = machine(work={"transform": BREAK, "on_error": "y"})
    config["states"][3]["transform"] = "{**data, 'n': data['elsewhere']}"

    check_failed(run(config, {"n": 1}), "y", "KeyError", "'elsewhere'", "a b y")


def test_run_on_failure(run: Run, tmp_path: Path) -> None:
    config, told = machine(work={"transform": BREAK}), tmp_path / "told"
    teller = {"name": "tell", "transform": own("Teller", path=str(told)), "run_on_failure": True}
    config["states"].append(teller)

    check_failed(run(config, {"n": 1}), "b", "KeyError", "'nothing'", "a b")
    assert told.read_text() == "tell: KeyError: 'nothing'\n"


def test_timeout_s_of_a_state(run: Run) -> None:
    config = machine(work={"transform": own("dawdle"), "timeout_s": 0.02})

    check_failed(run(config, {"n": 1}), "b", "StateTimeoutError", "the state took longer", "a b")


def test_timeout_seconds_of_a_record(run: Run) -> None:
    config = machine(work={"transform": own("dawdle")}, timeout_seconds=0.02)

    check_failed(run(config, {"n": 1}), "b", "RecordTimeoutError", "the record took longer", "a b")


def test_a_timeout_is_caught(run: Run) -> None:
    work = {"transform": own("dawdle"), "timeout_s": 0.02, "on_error": "y"}

    check(run(machine(work=work), {"n": 1}), "y", {"n": 1}, "a b y")


# -- what a record may be ------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [10**30, -0.0, 1e300, "\U0001f600", "\u2028", None, [], {"": {"x": []}}, [[0]]]
)
def test_values_come_through_as_they_are(run: Run, value: Any) -> None:
    check(
        run(machine(work={"transform": "{'v': data['v']}"}), {"v": value}),
        "z",
        {"v": value},
        "a b z",
    )


# -- subflows ------------------------------------------------------------------------------


def pushing(inner: Any, **keys: Any) -> Config:
    """A machine whose `b` leads through the network `sub`, whose only work is `inner`."""
    way = {"from": "b", "target_network": "sub", "return_state": "z", **keys}
    outer = machine(way)
    sub: Config = {
        "name": "sub",
        "states": {"in": {"start": True, **inner}, "skip": {}, "out": {"end": True}},
        "arcs": [{"from": "in", "to": "out"}, {"from": "skip", "to": "out"}],
    }
    main = {"name": "main", "states": outer["states"], "arcs": outer["arcs"]}
    return {"name": "Behaviour", "main_network": "main", "networks": [main, sub]}


def test_push_arcs(run: Run) -> None:
    seen = run(pushing({"transform": ADD}), {"n": 1})

    check(seen, "z", {"n": 2}, "a b sub:in sub:out z")


def test_push_arcs_to_a_state(run: Run) -> None:
    seen = run(pushing({"transform": ADD}, target_network="sub:skip"), {"n": 1})

    check(seen, "z", {"n": 1}, "a b sub:skip sub:out z")


def test_push_arcs_with_mappings(run: Run) -> None:
    keys = {"data_mapping": {"m": "n"}, "result_mapping": {"n": "sum"}}
    seen = run(pushing({"transform": ADD}, **keys), {"n": 1, "m": 5})

    check(seen, "z", {"n": 1, "m": 5, "sum": 6}, "a b sub:in sub:out z")


def test_a_failure_within_a_push_arc(run: Run) -> None:
    seen = run(pushing({"transform": BREAK}), {"n": 1})

    check_failed(seen, "sub:in", "KeyError", "'nothing'", "a b sub:in")


def test_a_failure_within_a_push_arc_is_caught_where_it_began(run: Run) -> None:
    config = pushing({"transform": BREAK})
    config["networks"][0]["states"][1]["on_error"] = "y"

    check(run(config, {"n": 1}), "y", {"n": 1}, "a b sub:in y")


@pytest.mark.parametrize("inner", [{"retry": {"max_attempts": 9}}, {"on_error": "out"}])
def test_a_limit_of_time_holds_for_all_of_a_push_arc(run: Run, inner: Any) -> None:
    config = pushing({"transform": own("dawdle"), **inner})
    config["networks"][0]["states"][1] |= {"timeout_s": 0.02, "on_error": "y"}

    check(run(config, {"n": 1}), "y", {"n": 1}, "a b sub:in y")


def test_a_retry_within_a_push_arc(run: Run) -> None:
    work = {"transform": own("fail_once"), "retry": {"max_attempts": 2}}
    seen = run(pushing(work), {"n": 1})

    check(seen, "z", {"n": 1, "half": True, "attempts": 2}, "a b sub:in sub:out z")


def test_a_catch_within_a_push_arc(run: Run) -> None:
    seen = run(pushing({"transform": BREAK, "on_error": "skip"}), {"n": 1})

    check(seen, "z", {"n": 1}, "a b sub:in sub:skip sub:out z")


def test_a_loop_within_a_push_arc(run: Run) -> None:
    config = pushing({"transform": ADD})
    again = {"from": "in", "to": "in", "condition": "data['n'] < 3"}
    config["networks"][1]["arcs"].insert(0, again)

    check(run(config, {"n": 1}), "z", {"n": 3}, "a b sub:in sub:in sub:out z")


def test_transitions_within_a_push_arc_count(run: Run) -> None:
    config = pushing({})
    config["networks"][1]["arcs"] = [{"from": "in", "to": "in"}]
    config["max_transitions"] = 4
    seen = run(config, {"n": 1})

    assert seen.error is not None
    assert (seen.error[0], seen.state) == ("TransitionLimitError", "sub:in")


def test_a_limit_of_time_spans_what_is_pushed(run: Run) -> None:
    config = pushing({"transform": own("dawdle")})
    config["networks"][0]["states"][1]["timeout_s"] = 0.02
    seen = run(config, {"n": 1})

    assert seen.error is not None
    assert seen.error[0] == "StateTimeoutError"


def test_the_end_of_a_network_that_is_pushed_into_does_its_work(run: Run) -> None:
    config = pushing({})
    config["networks"][1]["states"]["out"]["transform"] = ADD

    check(run(config, {"n": 1}), "z", {"n": 2}, "a b sub:in sub:out z")


def test_networks_within_themselves_have_an_end(run: Run) -> None:
    config = pushing({})
    config["networks"][1]["arcs"][0] = {
        "from": "in",
        "target_network": "sub",
        "return_state": "out",
    }
    seen = run(config, {"n": 1})

    assert seen.error is not None
    assert seen.error[0] == "NestingLimitError"
