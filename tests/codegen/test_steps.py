from typing import Any

import pytest

from statepipe.codegen.emit import emit
from statepipe.codegen.engine import Engine
from statepipe.plan.interpret import interpret
from statepipe.plan.model import Plan
from tests.plan.machines import arc, inline, one_transform, plan_of, registered, state


def source(plan: Plan) -> str:
    return emit(plan).source


def test_a_condition_that_cannot_be_a_tuple_is_the_if_itself() -> None:
    plan = plan_of(state("a", arc("b", "lambda s: s.data['x'] is None")), state("b"))

    assert "            if data['x'] is None:\n" in source(plan)


def test_any_other_condition_is_looked_into() -> None:
    plan = plan_of(state("a", arc("b", "lambda s: s.data['x']")), state("b"))

    assert (
        "            found = data['x']\n"
        "            if found is True or (found if found.__class__ in plain else accepts(found)):\n"
    ) in source(plan)


def test_a_validator_refuses_by_require() -> None:
    plan = plan_of(state("a", validators="lambda s: s.data['x'] > 1"))

    assert (
        "            found = data['x'] > 1\n"
        "            if found is not True and (found.__class__ not in plain or not found):\n"
        "                require(found)\n"
    ) in source(plan)


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("lambda s: s", "view = StateView(deep_copy(data), 'a', resources)\nnew = fn_0(view)"),
        (
            "lambda d, c: c.state",
            "given = deep_copy(data)\nnew = fn_0(given, Context('a', network, resources))",
        ),
        ("return data", "given = deep_copy(data)\nnew = fn_0(given)"),
    ],
)
def test_a_called_function_gets_what_its_style_says(code: str, lines: str) -> None:
    indented = "".join(f"            {line}\n" for line in lines.split("\n"))

    assert indented in source(one_transform(code))


@pytest.mark.parametrize("name", ["it's", 'a "b"', "a\nb", "\u2028", "'''", '}" + x + f"{', "\\"])
@pytest.mark.parametrize("code", ['f"{s.name}"', 'f"""{s.name}"""', 'f"{s.name!s:}"', "s.name"])
def test_a_state_s_name_cannot_break_the_code_it_is_written_into(name: str, code: str) -> None:
    plan = plan_of(state(name, transforms=f"lambda s: {{'n': {code}}}"))

    assert Engine(plan).run([{}]).records == [{"n": name}]


@pytest.mark.parametrize("name", ["data", "records", "found", "index", "deep_copy", "plain"])
def test_code_that_binds_one_of_our_names_is_called(name: str) -> None:
    plan = one_transform(f"lambda s: {{'l': [{name} for {name} in s.data['l']]}}")

    assert "fn_0(view)" in source(plan)
    assert Engine(plan).run([{"l": [1, 2]}]).outcome(0).data == {"l": [1, 2]}


def test_one_name_with_two_meanings_is_fused_for_the_first_only() -> None:
    trusted = inline("lambda s: {**s.data, 'a': re.sub('x', 'y', s.data['t'])}")
    guarded = inline("lambda s: {**s.data, 'b': re.sub('x', 'z', s.data['t'])}", trusted=False)
    plan = one_transform([trusted, guarded])
    text = source(plan)

    assert "'a': re.sub(" in text
    assert "'b': re.sub(" not in text
    assert Engine(plan).run([{"t": "x"}]).outcome(0).data == {"t": "x", "a": "y", "b": "z"}


def test_fused_code_that_is_not_trusted_keeps_its_guarded_builtins() -> None:
    guarded = inline("lambda s: {'t': __import__('time').time() > 0}", trusted=False)
    program = emit(one_transform(guarded))

    assert (
        program.fused_names["__import__"] is guarded.call.__globals__["__builtins__"]["__import__"]
    )


def test_the_states_name_is_written_into_fused_code() -> None:
    plan = one_transform("lambda s: {'at': s.name}")

    assert "data = {'at': 'a'}" in source(plan)
    assert interpret(plan, {}).data == {"at": "a"}


def test_a_registered_function_is_never_fused() -> None:
    assert "fn_0(view)" in source(one_transform(registered(lambda state: state.data)))


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        (
            "{**data, 'u': uuid()}",
            "view = StateView(data, 'a', resources, moment, 0)\nnew = fn_0(view, view)",
        ),
        (
            "lambda d, _: {**d, 'u': uuid()}",
            "given = data\n"
            "asker = Context('a', network, resources, moment, 0)\n"
            "new = fn_0(given, asker, asker)",
        ),
        (
            lambda s: {"u": s.uuid()},
            "view = StateView(deep_copy(data), 'a', resources, moment, 0)\nnew = fn_0(view)",
        ),
    ],
)
def test_what_may_ask_gets_the_moment_and_what_asks_by_name_its_asker_too(
    code: Any, lines: str
) -> None:
    indented = "".join(f"            {line}\n" for line in lines.split("\n"))

    assert indented in source(one_transform(code))


def test_code_that_binds_a_moment_is_called_only_in_a_plan_that_asks() -> None:
    code = "lambda s: {**s.data, 'm': [moment for moment in s.data['l']]}"
    alone = one_transform(code)
    beside = plan_of(state("a", arc("b"), transforms=code), state("b", transforms=lambda s: s))

    assert "fn_0(" not in source(alone)
    assert "fn_0(" in source(beside)
    assert Engine(beside).run([{"l": [1]}]).records == [{"l": [1], "m": [1]}]
