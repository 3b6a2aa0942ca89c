"""Tests of drawing a network."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any

import pytest

from statepipe.config.load import load_config
from statepipe.graph.build import build_machine
from statepipe.graph.draw import dot, label_of, mermaid, tree
from statepipe.graph.model import Network


def network(config: Mapping[str, Any], **functions: Any) -> Network:
    loaded = load_config({"name": "M", **config})
    return build_machine(loaded, registered=functions, trusted=True).main_network


def chain(*names: str) -> dict[str, Any]:
    """Return a config whose states follow each other."""
    states = [{"name": name} for name in names]
    states[0]["is_start"] = states[-1]["is_end"] = True  # type: ignore[assignment]  # of a dict
    arcs = [{"from": a, "to": b} for a, b in itertools.pairwise(names)]
    return {"states": states, "arcs": arcs}


SHOP: dict[str, Any] = {
    "states": [
        {"name": "input", "is_start": True, "schema": {"type": "object"}},
        {"name": "price", "transforms": ["{**data}", "{**data}"], "validators": ["True"]},
        {"name": "done", "is_end": True},
        {"name": "error", "is_end": True},
    ],
    "arcs": [
        {"from": "input", "to": "price"},
        {"from": "price", "to": "done", "condition": "lambda state: state.data['n'] > 0"},
        {"from": "price", "to": "input", "condition": "data['again']", "transform": "{**data}"},
        {"from": "price", "to": "error"},
    ],
}


def test_dot_has_the_looks_of_the_contract() -> None:
    text = dot(network(SHOP))

    assert text == (
        "digraph FSM {\n"
        "    rankdir=LR;\n"
        "    input [style=filled,fillcolor=green];\n"
        "    price;\n"
        "    done [shape=doublecircle,style=filled,fillcolor=red];\n"
        "    error [shape=doublecircle,style=filled,fillcolor=red];\n"
        "    input -> price;\n"
        "    price -> done [label=\"state.data['n'] > 0\"];\n"
        "    price -> input [label=\"data['again']\"];\n"
        "    price -> error;\n"
        "}\n"
    )


def test_dot_quotes_what_is_no_plain_name() -> None:
    text = dot(network(chain("a b", 'say "x"', "back\\slash", "node", "Graph", "äh", "a\nb", "1")))

    assert '    "a b" -> "say \\"x\\"";' in text
    assert '    "say \\"x\\"" -> "back\\\\slash";' in text
    assert '    "back\\\\slash" -> "node";' in text
    assert '    "node" -> "Graph";' in text
    assert '    "Graph" -> "äh";' in text
    assert '    "äh" -> "a\\nb";' in text
    assert '    "a\\nb" -> "1";' in text


def test_a_state_that_is_start_and_end_is_green_and_doubled() -> None:
    text = dot(network({"states": [{"name": "a", "is_start": True, "is_end": True}], "arcs": []}))

    assert "    a [shape=doublecircle,style=filled,fillcolor=green];\n" in text


def test_mermaid_is_a_flowchart() -> None:
    text = mermaid(network(SHOP))

    assert text == (
        "flowchart LR\n"
        '    input(["input"])\n'
        '    price["price"]\n'
        '    done((("done")))\n'
        '    error((("error")))\n'
        "    input --> price\n"
        "    price -->|\"state.data['n'] #62; 0\"| done\n"
        "    price -->|\"data['again']\"| input\n"
        "    price --> error\n"
        "    style input fill:#9f9\n"
        "    style done fill:#f99\n"
        "    style error fill:#f99\n"
    )


def test_mermaid_gets_only_ids_and_characters_that_it_can_read() -> None:
    text = mermaid(network(chain("end", "a b", "state_1", "x-y", 'q"<#;`')))

    assert [line.strip() for line in text.splitlines()[1:6]] == [
        'state_2(["end"])',
        'state_3["a b"]',
        'state_1["state_1"]',
        'state_4["x-y"]',
        'state_5((("q#34;#60;#35;#59;#96;")))',
    ]
    ids = re.findall(r"^    (\S+) --> (\S+)$", text, flags=re.MULTILINE)
    assert ids[0] == ("state_2", "state_3")


def test_the_tree_shows_states_ways_and_loops() -> None:
    text = tree(network(SHOP))

    assert text == (
        "input  [start, schema]\n"
        "└─ price  [check, 2 transforms]\n"
        "   ├─ done  if state.data['n'] > 0  [end]\n"
        "   ├─ input  if data['again'] with a transform  (above)\n"
        "   └─ error  [end]\n"
    )


def test_the_tree_follows_arcs_in_the_order_they_are_tried() -> None:
    config = dict(SHOP)
    config["arcs"] = [*SHOP["arcs"][:3], {"from": "price", "to": "error", "priority": 5}]

    lines = tree(network(config)).splitlines()

    assert [line.split()[1] for line in lines[2:]] == ["error", "done", "input"]


def test_states_without_a_way_stand_at_the_end_of_the_tree() -> None:
    config = chain("a", "b")
    config["states"] += [{"name": "lost"}, {"name": "also"}]
    config["arcs"] += [{"from": "lost", "to": "also"}, {"from": "also", "to": "b"}]

    assert tree(network(config)) == (
        "a  [start]\n"
        "└─ b  [end]\n"
        "\n"
        "no way leads from the start to:\n"
        "lost\n"
        "└─ also\n"
        "   └─ b  (above)\n"
    )


def test_a_chain_longer_than_the_stack_is_drawn() -> None:
    names = [f"s{number}" for number in range(1500)]

    lines = tree(network(chain(*names))).splitlines()

    assert len(lines) == 1500
    assert lines[-1].endswith("└─ s1499  [end]")


def test_the_tree_keeps_control_characters_out() -> None:
    text = tree(network(chain("a", "b\x1b[2J")))

    assert "b\\x1b[2J  [end]" in text


@pytest.mark.parametrize(
    ("condition", "label"),
    [
        ("data['x']  >\n 3", "data['x'] > 3"),
        ("lambda state: state.get('x')", "state.get('x')"),
        ("def f(state):\n    return True", "def f(state): return True"),
        ("'" + "x" * 100 + "'", "'" + "x" * 46 + "…"),
        ("known", "registered function 'known'"),
    ],
)
def test_a_condition_is_shown_by_its_code_on_one_short_line(condition: str, label: str) -> None:
    config = chain("a", "b")
    config["arcs"][0]["condition"] = condition

    arc = network(config, known=lambda state: True).states["a"].arcs[0]

    assert arc.condition is not None
    assert label_of(arc.condition) == label


def test_the_same_network_gives_the_same_text() -> None:
    one, two = network(SHOP), network(SHOP)

    assert (dot(one), mermaid(one), tree(one)) == (dot(two), mermaid(two), tree(two))


CAUGHT: dict[str, Any] = {
    "states": [
        {
            "name": "input",
            "is_start": True,
            "retry": {"max_attempts": 2},
            "timeout_s": 1.5,
            "catch": [{"errors": ["OSError", "KeyError"], "to": "mend"}],
            "on_error": "bad",
        },
        {"name": "mend", "transforms": ["{**data}"], "run_on_failure": True},
        {"name": "done", "is_end": True},
        {"name": "bad", "is_end": True},
    ],
    "arcs": [{"from": "input", "to": "done"}, {"from": "mend", "to": "done"}],
}


def test_ways_that_only_failures_take_are_drawn_as_such() -> None:
    graph = network(CAUGHT)

    assert '    input -> mend [label="on KeyError, OSError",style=dashed];\n' in dot(graph)
    assert '    input -> bad [label="on any error",style=dashed];\n' in dot(graph)
    assert '    input -.->|"on KeyError, OSError"| mend\n' in mermaid(graph)
    assert tree(graph) == (
        "input  [start, retry, 1.5 s]\n"
        "├─ done  [end]\n"
        "├─ mend  on KeyError, OSError  [on failure, transform]\n"
        "│  └─ done  (above)\n"
        "└─ bad  on any error  [end]\n"
    )


PUSHING: dict[str, Any] = {
    "main_network": "main",
    "networks": [
        {
            "name": "main",
            "states": [{"name": "a", "is_start": True}, {"name": "z", "is_end": True}],
            "arcs": [
                {"from": "a", "to": "z", "target_network": "sub", "condition": "data['n']"},
                {"from": "a", "to": "z", "target_network": "sub:e"},
            ],
        },
        {
            "name": "sub",
            "states": [{"name": "s", "is_start": True}, {"name": "e", "is_end": True}],
            "arcs": [{"from": "s", "to": "e"}],
        },
    ],
}


def pushing() -> tuple[Network, list[Network]]:
    machine = build_machine(load_config(PUSHING), registered={}, trusted=True)
    return machine.main_network, machine.inner_networks


def test_the_tree_shows_what_arcs_lead_through_and_the_networks_below() -> None:
    assert (
        tree(*pushing())
        == """\
a  [start]
├─ z  if data['n'] through sub  [end]
└─ z  through sub:e  (above)

network sub
s  [start]
└─ e  [end]
"""
    )


def test_dot_has_other_networks_in_boxes() -> None:
    text = dot(*pushing())

    assert """    a -> z [label="data['n'], through sub"];""" in text
    assert (
        """\
    subgraph cluster_1 {
        label="sub";
        "sub:s" [style=filled,fillcolor=green,label="s"];
        "sub:e" [shape=doublecircle,style=filled,fillcolor=red,label="e"];
        "sub:s" -> "sub:e";
    }
"""
        in text
    )


def test_mermaid_has_other_networks_in_boxes() -> None:
    text = mermaid(*pushing())

    assert 'a -->|"through sub:e"| z' in text
    assert (
        """\
    subgraph network_1["sub"]
        network_1_1(["s"])
        network_1_2((("e")))
        network_1_1 --> network_1_2
        style network_1_1 fill:#9f9
        style network_1_2 fill:#f99
    end
"""
        in text
    )
