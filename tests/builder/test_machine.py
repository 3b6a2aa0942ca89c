"""Building machines, and the mistakes that are told where they are made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from statepipe import (
    AsyncSimpleFSM,
    ConfigError,
    DataHandlingMode,
    Machine,
    SimpleFSM,
    validate_data,
)
from statepipe.config.load import load_config


def orders() -> Machine:
    machine = Machine("Orders", version="1.2", max_transitions=7)
    start = machine.start("input", transform=lambda s: {**s.data, "total": s["n"] * s["price"]})
    big, small = machine.end("big"), machine.end("small")
    start.to(small)
    start.to(big, when=lambda s: s["total"] > 1000, priority=1)
    return machine


def problem_of(build: Callable[[], Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        build()
    [problem] = caught.value.problems
    assert problem.place.built is not None
    assert Path(problem.place.built.rpartition(":")[0]).name == "test_machine.py"
    return f"{problem.place.keys}: {problem.message}; {problem.advice}"


def line_in(text: str | None) -> int:
    assert text is not None
    return int(text.split("test_machine.py:")[1].split(" ")[0].split(";")[0])


def line_here(function: Callable[..., Any], offset: int) -> int:
    return function.__code__.co_firstlineno + offset


def test_a_machine_stands_wherever_a_config_does() -> None:
    record = {"n": 3, "price": 500}

    blocking = SimpleFSM(orders()).process(record)
    waiting = asyncio.run(AsyncSimpleFSM(orders()).process(record))

    assert blocking == waiting
    assert blocking.path == ["input", "big"]
    assert blocking.data["total"] == 1500
    assert validate_data(orders(), record)


def test_the_config_is_a_dict_in_canonical_form() -> None:
    config = orders().config()

    [network] = config["networks"]
    assert {key: config[key] for key in ("name", "version", "max_transitions")} == {
        "name": "Orders",
        "version": "1.2",
        "max_transitions": 7,
    }
    assert [state["name"] for state in network["states"]] == ["input", "big", "small"]
    assert [(arc["from"], arc["to"], arc.get("priority")) for arc in network["arcs"]] == [
        ("input", "small", None),
        ("input", "big", 1),
    ]


def test_the_config_means_what_the_machine_means() -> None:
    machine = orders()

    assert load_config(machine.config()).model == load_config(machine).model
    assert SimpleFSM(machine.config()).config == SimpleFSM(machine).config


def test_the_config_is_a_copy() -> None:
    machine = orders()

    machine.config()["networks"][0]["states"].clear()
    machine.config()["networks"][0]["arcs"][0]["to"] = "elsewhere"

    assert SimpleFSM(machine).process({"n": 1, "price": 1}).final_state == "small"


def test_every_key_gets_into_the_config() -> None:
    machine = Machine(
        "all", data_mode=DataHandlingMode.REFERENCE, description="d", metadata={"a": 1}
    )
    start = machine.state(
        "a",
        is_start=True,
        schema={"type": "object"},
        pre_validators=["True"],
        transforms=["data"],
        validators="True",
        data_mode="copy",
        metadata={"b": 2},
    )
    start.to(machine.end("z", sink="z.jsonl"), name="on", transform="data", metadata={"c": 3})
    machine.end("y", emit_output=False, run_on_failure=False)

    config = SimpleFSM(machine).config
    a, z, y = config["networks"][0]["states"]
    [arc] = config["networks"][0]["arcs"]
    assert (config["description"], config["metadata"]) == ("d", {"a": 1})
    assert config["data_mode"]["default"] is DataHandlingMode.REFERENCE
    assert (a["schema"], a["validators"], a["metadata"]) == (
        {"type": "object"},
        ("True",),
        {"b": 2},
    )
    assert (a["data_mode"], z["sink"], y["emit_output"]) == (
        DataHandlingMode.COPY,
        "z.jsonl",
        False,
    )
    assert (arc["name"], arc["transforms"], arc["metadata"]) == ("on", ("data",), {"c": 3})


def test_arcs_can_be_chained() -> None:
    machine = Machine()
    machine.start("a").to(machine.state("b")).to(machine.end("c"))

    assert SimpleFSM(machine).process({}).path == ["a", "b", "c"]


def test_the_main_network_is_the_machine_s_own() -> None:
    machine = Machine("two", main_network="first")
    machine.start("a", is_end=True)
    other = machine.network("second")
    other.start("b").to(other.end("c"))

    config = machine.config()
    assert config["main_network"] == "first"
    assert [network["name"] for network in config["networks"]] == ["first", "second"]
    assert SimpleFSM(machine).get_states() == ["a"]


def test_two_states_of_one_name_are_told_at_the_second() -> None:
    machine = orders()

    message = problem_of(lambda: machine.end("big"))

    assert message.startswith("networks[0].states[3]: two states are called 'big'; the other one: ")
    assert line_in(message) == line_here(orders, 3)


def test_an_arc_out_of_an_end_state_is_told_where_it_is_made() -> None:
    machine = Machine()
    end, other = machine.end("z"), machine.state("b")

    message = problem_of(lambda: end.to(other))

    assert message.startswith("networks[0].arcs[0]: an arc leaves the end state 'z'; it was built")


def test_an_arc_may_lead_through_another_network() -> None:
    machine = Machine("Orders")
    pricing = machine.network("pricing")
    total = pricing.start("sum", transform=lambda s: {"total": s["n"] * s["price"]})
    done = pricing.end("done")
    total.to(done)
    received, shipped = machine.start("received"), machine.end("shipped")
    mappings: Any = {"data_mapping": {"n": "n", "price": "price"}, "result_mapping": {"total": "t"}}
    received.to(shipped, through=pricing, when=lambda s: s["n"], **mappings)
    received.to(shipped, through=done, priority=-1)

    fsm = SimpleFSM(machine)
    assert fsm.process({"n": 2, "price": 3}).data == {"n": 2, "price": 3, "t": 6}
    assert fsm.process({"n": 0}).path == ["received", "pricing:done", "shipped"]


def test_an_arc_leads_through_networks_of_its_own_machine_only() -> None:
    first, second = Machine("first"), Machine("second")
    a, z = first.start("a"), first.end("z")
    b = second.network("more").start("b")

    told = problem_of(lambda: a.to(z, through=b))
    assert told.startswith("networks[0].arcs[0]: 'b' belongs to another machine, 'second'; it was")
    told = problem_of(lambda: a.to(z, through="more"))  # type: ignore[arg-type]
    assert told == (
        "networks[0].arcs[0]: an arc leads through a network, not through a str; "
        "give what `network` returned, or one of its states"
    )


def test_a_state_of_another_machine_or_network_is_told() -> None:
    first, second = Machine("first"), Machine("second")
    a, b = first.start("a"), second.end("b")
    c = first.network("more").end("c")

    assert "'b' is a state of another machine, 'second'; it" in problem_of(lambda: a.to(b))
    assert "'c' is a state of another network, 'more'; it" in problem_of(lambda: a.to(c))
    assert "not to a str; give what" in problem_of(lambda: a.to("b"))  # type: ignore[arg-type]


def test_a_second_start_state_is_told() -> None:
    message = problem_of(lambda: orders().start("again"))

    assert "'again' is a second start state; 'input' is one already; the first one: " in message


def test_a_machine_without_a_start_is_told_where_it_was_made() -> None:
    machine = Machine()
    machine.end("z")

    assert problem_of(lambda: SimpleFSM(machine)) == (
        "networks[0]: no start state in the network 'main'; build one with `start(name)`"
    )
    assert "networks[0]: no states in the" in problem_of(Machine().config)


def test_two_networks_of_one_name_are_told() -> None:
    assert "two networks are called 'main'" in problem_of(lambda: Machine().network("main"))


def test_an_unknown_key_is_told_with_the_nearest() -> None:
    machine = Machine()
    start: Any = machine.start("a")

    assert problem_of(lambda: machine.state("b", transfrom="x")) == (  # type: ignore[call-arg]
        ": unknown key 'transfrom' in a state; did you mean 'transform'?"
    )
    assert "unknown key 'whn' in an arc; did you mean 'when'?" in problem_of(
        lambda: start.to(start, whn="x")
    )
    assert "unknown key 'max_transition' in a machine" in problem_of(
        lambda: Machine(max_transition=3)  # type: ignore[call-arg]
    )


def test_problems_of_the_config_name_the_line_that_built_the_part() -> None:
    machine = Machine()
    start = machine.start("a", transform="lambda s: sumx(s)", data_mode="copi")  # type: ignore[arg-type]
    start.to(
        machine.end("z"),
        when="lambda s: (",
    )

    with pytest.raises(ConfigError) as caught:
        SimpleFSM(machine)

    here = test_problems_of_the_config_name_the_line_that_built_the_part
    places = [problem.place for problem in caught.value.problems]
    assert [(place.keys, line_in(place.built)) for place in places] == [
        ("networks[0].states[0].transform", line_here(here, 2)),
        ("networks[0].states[0].data_mode", line_here(here, 2)),
        ("networks[0].arcs[0].condition", line_here(here, 3)),
    ]
    assert "test_machine.py:" in str(caught.value)
    assert "(networks[0].arcs[0].condition): this is not valid Python" in str(caught.value)


def test_a_failed_record_names_the_line_that_built_the_function() -> None:
    machine = Machine()
    machine.start("a", transform=lambda s: s["missing"], is_end=True)

    error = SimpleFSM(machine).process({}).record_error

    assert error is not None and error.place is not None
    here = test_a_failed_record_names_the_line_that_built_the_function
    assert line_in(error.place.built) == line_here(here, 2)
    assert "(networks[0].states[0].transform): KeyError" in str(error)


def test_inline_code_that_fails_names_the_line_that_built_it() -> None:
    machine = Machine()
    machine.start("a", transform="lambda s: s['missing']", is_end=True)

    error = SimpleFSM(machine).process({}).record_error

    assert error is not None and error.place is not None and error.place.built is not None
    assert (error.place.line, error.place.column) == (1, 11)


def test_machines_and_states_show_themselves() -> None:
    machine = orders()

    assert repr(machine) == "<machine 'Orders', 1 networks>"
    assert "network" not in repr(machine.state("s"))
