"""Tests of `why`: the way of a record, explained."""

from __future__ import annotations

import copy
import json
import os
from typing import Any

import pytest

from statepipe import AsyncSimpleFSM, DataHandlingMode, SimpleFSM, UsageError
from statepipe.api.explained import ExplainedStep, ExplainedValue
from statepipe.api.explaining import chooser, explained
from statepipe.functions.moment import NO_PROMISE
from statepipe.plan.drive import drive
from statepipe.plan.lower import lower
from statepipe.plan.model import Plan
from statepipe.record import Record
from tests.plan.machines import arc, machine, plan_of, state

ORDERS: dict[str, Any] = {
    "name": "Orders",
    "states": [
        {"name": "order", "is_start": True, "validators": ["data['quantity'] > 0"]},
        {"name": "price", "transform": "{**data, 'total': data['price'] * data['quantity']}"},
        {"name": "large", "is_end": True},
        {"name": "small", "is_end": True},
    ],
    "arcs": [
        {"from": "order", "to": "price"},
        {
            "from": "price",
            "to": "large",
            "condition": "lambda s: s['total'] > 100 and s.get('vip')",
        },
        {"from": "price", "to": "small"},
    ],
}
RECORD = {"price": 60, "quantity": 2}


def flat(value: ExplainedValue | None) -> list[ExplainedValue]:
    assert value is not None
    return [value, *(each for inner in value.inside for each in flat(inner))]


def counting(step: int, *, until: int) -> dict[str, Any]:
    """A machine that goes around one state."""
    return {
        "states": [
            {
                "name": "count",
                "is_start": True,
                "transform": f"{{**data, 'n': data['n'] + {step}}}",
            },
            {"name": "done", "is_end": True},
        ],
        "arcs": [
            {"from": "count", "to": "count", "condition": f"data['n'] < {until}"},
            {"from": "count", "to": "done"},
        ],
    }


def test_a_result_of_process_is_part_of_the_explanation() -> None:
    fsm = SimpleFSM(ORDERS)
    for record in (RECORD, {"quantity": 0}, {"quantity": 1}):
        result, told = fsm.process(record), fsm.why(record)

        for name in "data final_state path success error error_type error_state".split():
            assert told[name] == result[name]
        assert told.record == record


def test_each_state_tells_its_arcs_in_the_order_of_trying() -> None:
    step = SimpleFSM(ORDERS).why(RECORD).steps[1]
    large, small = step.arcs

    assert (step.state, step.number, step.taken, step.next) == ("price", 2, "price->small", "small")
    assert (large.target, large.verdict, large.decided_by) == ("large", "refused", "s.get('vip')")
    assert (small.arc, small.verdict, small.condition) == ("price->small", "accepted", None)
    assert [(each.code, each.value, each.decided) for each in flat(large.pieces)] == [
        ("s['total'] > 100 and s.get('vip')", "None", False),
        ("s['total'] > 100", "True", False),
        ("s['total']", "120", False),
        ("s.get('vip')", "None", True),
    ]


def test_arcs_behind_the_one_that_accepted_are_not_tried() -> None:
    step = SimpleFSM(ORDERS).why({**RECORD, "vip": True}).steps[1]

    assert [each.verdict for each in step.arcs] == ["accepted", "not tried"]


def test_functions_of_a_state_tell_verdicts_and_changes() -> None:
    order, price, _ = SimpleFSM(ORDERS).why(RECORD).steps
    (check,), (change,) = order.functions, price.functions

    assert (check.role, check.function, check.verdict) == (
        "validator",
        "data['quantity'] > 0",
        "accepted",
    )
    assert (change.verdict, change.changes) == ("done", ("+ total: 120",))
    assert (price.before, price.after) == (RECORD, {**RECORD, "total": 120})


def test_every_way_of_changing_a_record_is_told() -> None:
    transforms = ["{'kept': {'n': [1, 3]}, 'type': True, 'new': [1]}", "None"]
    config = {"states": [{"name": "a", "is_start": True, "is_end": True, "transforms": transforms}]}
    step = SimpleFSM(config).why({"kept": {"n": [1, 2]}, "type": 1, "gone": "x"}).steps[0]
    made, nothing = step.functions

    assert made.changes == ("~ kept.n[1]: 2 -> 3", "~ type: 1 -> True", "- gone: 'x'", "+ new: [1]")
    assert nothing.changes == ()


def test_a_refusal_tells_what_decided_and_why() -> None:
    config = copy.deepcopy(ORDERS)
    config["states"][0]["validators"] = [
        "(data['quantity'] > 0, f\"{data['quantity']} is too few\")"
    ]
    told = SimpleFSM(config).why({"quantity": 0})
    (check,) = told.steps[0].functions

    assert (check.verdict, check.reason) == ("refused", "0 is too few")
    assert check.decided_by == "data['quantity'] > 0"
    assert told.steps[0].arcs == ()
    assert (told.success, told.steps[0].next) == (False, None)


def test_a_piece_that_raised_is_told_with_those_around_it() -> None:
    told = SimpleFSM(ORDERS).why({"quantity": 2})
    (change,) = told.steps[1].functions

    assert change.verdict == "failed"
    assert [(each.code, each.raised) for each in flat(change.pieces)] == [
        ("{**data, 'total': data['price'] * data['quantity']}", True),
        ("data['price'] * data['quantity']", True),
        ("data['price']", True),
        ("data['quantity']", False),
    ]


@pytest.mark.parametrize(
    "code", ["sum(n for n in data['quantity'])", "sum(n['of'] for n in data['lines'])"]
)
def test_what_raises_within_a_generator_is_told_of_the_piece_around_it(code: str) -> None:
    config = {"states": [{"name": "a", "is_start": True, "is_end": True, "transform": code}]}
    (change,) = SimpleFSM(config).why({"quantity": 2, "lines": [{"of": 1}, {}]}).steps[0].functions

    total, given, *_ = flat(change.pieces)
    assert (total.code, total.raised) == (code, True)
    assert (given.evaluated, given.raised) == (True, False)


def test_functions_that_cannot_be_looked_into_tell_record_and_result() -> None:
    def known(state: Any) -> tuple[bool, str]:
        return "vip" in state, "asked the register"

    config = copy.deepcopy(ORDERS)
    config["arcs"][1]["condition"] = known
    large, _ = SimpleFSM(config).why(RECORD).steps[1].arcs

    assert large.condition == "function 'known'"
    assert (large.verdict, large.reason, large.pieces) == ("refused", "asked the register", None)
    assert large.given == "{'price': 60, 'quantity': 2, 'total': 120}"
    assert large.gave == "(False, 'asked the register')"


def test_a_builtin_and_a_schema_tell_field_and_rule() -> None:
    config = copy.deepcopy(ORDERS)
    config["states"][0]["validators"] = [
        {"type": "builtin", "name": "range", "params": {"fields": "quantity", "min": 1}}
    ]
    (refused,) = SimpleFSM(config).why({"quantity": 0}).steps[0].functions
    config["states"][0]["schema"] = {"properties": {"quantity": {"type": "string"}}}
    (schema,) = SimpleFSM(config).why({"quantity": 0}).steps[0].functions

    assert refused.verdict == "refused"
    assert refused.reason is not None and "field 'quantity'" in refused.reason
    assert schema.role == "schema"
    assert schema.reason == "field 'quantity': 0 is not of type \"string\" (rule 'type')"


@pytest.mark.parametrize("mode", DataHandlingMode)
def test_the_callers_record_is_never_changed(mode: DataHandlingMode) -> None:
    record = {"list": [1]}
    config = {
        "states": [
            {"name": "a", "is_start": True, "is_end": True, "transform": "data['list'].append(2)"}
        ]
    }
    told = SimpleFSM(config, data_mode=mode).why(record)

    assert record == {"list": [1]}
    assert told.data == {"list": [1, 2]}


def test_retries_and_catches_are_steps() -> None:
    config = {
        "states": [
            {
                "name": "a",
                "is_start": True,
                "transform": "data['no']",
                "retry": {"max_attempts": 2},
                "on_error": "b",
            },
            {"name": "b", "is_end": True},
        ],
        "arcs": [{"from": "a", "to": "b"}],
    }
    one, two, last = SimpleFSM(config).why({}).steps

    assert [(each.attempt, each.retried, each.next) for each in (one, two, last)] == [
        (1, True, None),
        (2, False, "b"),
        (1, False, None),
    ]
    assert (one.error, two.error, last.error) == ("KeyError: 'no'", "KeyError: 'no'", None)


def test_of_many_steps_the_first_and_the_last_are_kept_unless_all_are_asked_for() -> None:
    fsm = SimpleFSM(counting(1, until=200))
    some, few, every = fsm.why({"n": 0}), fsm.why({"n": 0}, limit=3), fsm.why({"n": 0}, limit=None)

    assert [(len(each.steps), each.left_out) for each in (some, few, every)] == [
        (40, 161),
        (3, 198),
        (201, 0),
    ]
    assert [step.number for step in few.steps] == [1, 2, 201]


def test_it_begins_at_the_state_that_is_given() -> None:
    told = SimpleFSM(ORDERS).why({"price": 1, "quantity": -1}, "price")

    assert told.path == ["price", "small"]
    with pytest.raises(UsageError, match="there is no state 'x'; the states are order, price"):
        SimpleFSM(ORDERS).why({}, "x")


def test_what_is_no_record_or_no_limit_is_refused() -> None:
    fsm = SimpleFSM(ORDERS)

    with pytest.raises(UsageError, match="a record must be a dict, not a list"):
        fsm.why([])  # type: ignore[arg-type]  # what is tested
    for limit in (0, True, "3"):
        with pytest.raises(UsageError, match=f"limit must be .* or None, not {limit!r}"):
            fsm.why({}, limit=limit)  # type: ignore[arg-type]  # what is tested
    fsm.close()
    with pytest.raises(UsageError, match="is closed"):
        fsm.why({})


def test_a_timeout_ends_the_work() -> None:
    config = counting(0, until=1) | {"max_transitions": 10**9}
    told = SimpleFSM(config).why({"n": 0}, timeout=0.2, limit=2)

    assert told.error_type == "RecordTimeoutError"
    assert told.left_out > 0


ASYNC = {
    **ORDERS,
    "arcs": [
        {"from": "order", "to": "price"},
        {
            "from": "price",
            "to": "large",
            "condition": "await __import__('asyncio').sleep(0, data['total']) > 100",
        },
    ],
}


async def test_async_functions_are_explained_in_the_loop() -> None:
    async with AsyncSimpleFSM(ASYNC) as fsm:
        told = await fsm.why(RECORD)

    assert told.path == ["order", "price", "large"]
    assert told.steps[1].arcs[0].decided_by == ASYNC["arcs"][1]["condition"]


def test_async_functions_are_explained_by_blocking_code() -> None:
    told = SimpleFSM(ASYNC).why(RECORD)

    assert [each.value for each in flat(told.steps[1].arcs[0].pieces)][:2] == ["True", "120"]


async def test_code_that_waits_is_looked_into_off_the_loop() -> None:
    own = {"provider": "custom", "module": "tests.resources.own", "class": "Noted"}
    config = {
        **ASYNC,
        "resources": [{"name": "r", **own, "params": {"path": "/dev/null"}}],
        "arcs": [
            {"from": "order", "to": "price", "condition": "state.resources['r'].use() > 0"},
            ASYNC["arcs"][1],
        ],
    }
    async with AsyncSimpleFSM(config, trusted=True) as fsm:
        told = await fsm.why(RECORD)

    assert told.path == ["order", "price", "large"]
    assert flat(told.steps[0].arcs[0].pieces)[1].value == str(os.getpid())


def test_a_def_is_told_by_its_source() -> None:
    config = copy.deepcopy(ORDERS)
    config["arcs"][1]["condition"] = "if data['total'] > 100:\n    return True"
    large, _ = SimpleFSM(config).why(RECORD).steps[1].arcs

    assert large.condition == "if data['total'] > 100: return True"
    assert (large.verdict, large.gave) == ("accepted", "True")


async def test_a_machine_without_async_functions_is_explained_in_a_loop() -> None:
    async with AsyncSimpleFSM(counting(0, until=1)) as fsm:
        told = await fsm.why({"n": 0}, timeout=0.2)

    assert told.error_type in ("RecordTimeoutError", "TransitionLimitError")


def test_secrets_of_resources_are_struck_out() -> None:
    config = {
        "resources": [
            {
                "name": "r",
                "provider": "custom",
                "module": "tests.resources.own",
                "class": "Noted",
                "params": {"path": "/dev/null"},
                "secrets": {"secret": "canary-7c1d"},
            }
        ],
        "states": [
            {
                "name": "a",
                "is_start": True,
                "is_end": True,
                "transform": "{**data, 'copy': ['x' * 118 + state.resources['r'].secret]}",
                "validators": [
                    "(state.resources['r'].secret == data['n'], state.resources['r'].secret)"
                ],
            }
        ],
    }
    with SimpleFSM(config, trusted=True) as fsm:
        told = fsm.why({"n": 1})

    assert told.steps[0].functions[1].verdict == "refused"
    assert "canary" not in str(told)
    assert "canary" not in json.dumps(told.as_json())


def test_opening_a_resource_is_told_only_if_it_fails() -> None:
    def told(fail: str) -> Any:
        params = {"path": "/dev/null", "fail": fail}
        own = {"provider": "custom", "module": "tests.resources.own", "class": "Noted"}
        only = {"name": "a", "is_start": True, "is_end": True, "resources": ["r"]}
        config = {"resources": [{"name": "r", **own, "params": params}], "states": [only]}
        with SimpleFSM(config, trusted=True) as fsm:
            return fsm.why({}).steps[0].functions

    (failed,) = told("open")

    assert told("") == ()
    assert (failed.role, failed.function, failed.verdict) == ("resources", "resources r", "failed")


def choice(plan: Plan, record: Record) -> ExplainedStep:
    walk = chooser(plan, record, plan.start, NO_PROMISE, None)
    return explained(drive(walk.choice(), None), plan, ("a",))


def test_a_choice_is_explained_alone() -> None:
    plan = lower(
        machine(
            state(
                "a",
                arc("b", "data['n'] > 1 and data['n'] < 3"),
                arc("c"),
                transforms="data.clear()",
            ),
            state("b"),
            state("c"),
        )
    )
    record = {"n": 5}
    step = choice(plan, record)

    assert (step.taken, step.arcs[0].decided_by) == ("to c", "data['n'] < 3")
    assert step.functions == ()
    assert record == {"n": 5}


def test_a_choice_that_fails_is_explained() -> None:
    step = choice(plan_of(state("a", arc("b", "data['n'] > 1")), state("b")), {})

    assert (step.error, step.arcs[0].verdict) == ("KeyError: 'n'", "failed")
