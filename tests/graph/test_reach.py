"""Where records can come to, and from where they can come to an end."""

from __future__ import annotations

from hypothesis import given

from statepipe.graph.model import Machine, Network
from statepipe.graph.reach import leading_back, reached, ways
from tests.codegen.networks import guarded_machines
from tests.plan.machines import arc, catch, machine, state


def network(*given_: object) -> Network:
    return machine(*given_).main_network  # type: ignore[arg-type]  # states


def test_arcs_and_catches_lead_on() -> None:
    found = network(
        state("a", arc("b"), catch=(catch("c"),)), state("b", arc("a")), state("c"), state("d")
    )

    assert list(ways(found.states["a"])) == ["b", "c"]
    assert reached(found) == {"a", "b", "c"}
    assert leading_back(found) == {"a", "b", "c", "d"}


def test_a_loop_without_a_way_out_leads_to_no_end() -> None:
    found = network(state("a", arc("b")), state("b", arc("b")), state("c"))

    assert leading_back(found) == {"c"}


@given(guarded_machines)
def test_what_is_reached_is_what_some_way_leads_to(made: Machine) -> None:
    found = made.main_network
    known = {found.start}
    for _ in found.states:
        known |= {target for name in known for target in ways(found.states[name])}

    assert reached(found) == known
