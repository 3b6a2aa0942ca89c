"""Tests of states within other networks: their names, and what is shown of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from statepipe.debugger import Session
from statepipe.debugger.names import is_called, network_of
from tests.debugger.sessions import said, session_on

NESTED = """\
name: Nested
main_network: main
networks:
  - name: main
    states:
      - {name: a, is_start: true, transform: "{**data, 'a': 1}"}
      - {name: z, is_end: true}
    arcs:
      - {from: a, target_network: tax, return_state: z}
  - name: tax
    states:
      - {name: t, is_start: true, transform: "{**data, 't': 2}"}
      - {name: done, is_end: true}
    arcs:
      - {from: t, to: done, condition: "data['t'] > 1"}
"""


@pytest.fixture
def nested(tmp_path: Path) -> Iterator[Session]:
    with session_on(NESTED, tmp_path, {}) as session:
        yield session


def test_a_state_of_a_path_is_found_in_its_network(nested: Session) -> None:
    names = [network_of(state, nested.machine).name for state in ("a", "tax:t", "z")]

    assert names == ["main", "tax", "main"]
    assert is_called("tax:t", "t") and is_called("a", "a")
    assert not is_called("tax:t", "a")


def test_within_a_network_that_network_is_drawn(nested: Session) -> None:
    assert said(nested, "graph")[0] == " ▶ a  [start, transform]"
    assert said(nested, "break tax:done", "step", "graph") == [
        "network tax",
        " ▶ t  [start, transform]",
        "●  └─ done  if data['t'] > 1  [end]",
    ]


def test_paths_and_steps_name_states_with_their_network(nested: Session) -> None:
    assert said(nested, "step")[0].startswith("step 1  a → tax:t")
    assert "  ran     transform  {**data, 't': 2}" in said(nested, "step")
    assert said(nested, "continue", "path") == ["a → tax:t → tax:done → z"]


def test_a_fork_goes_on_from_within_a_network(nested: Session) -> None:
    lines = said(nested, "step 2", "back", "edit a 5", "step", "show")

    assert lines == ["  a: 5", "+ t: 2"]
    assert said(nested, "continue", "path") == ["a → tax:t → tax:done → z"]


def test_a_breakpoint_within_a_network_holds_the_record(nested: Session) -> None:
    assert said(nested, "break tax:t if data['a'] == 1", "continue")[-1] == (
        "▶ before tax:t  ● breakpoint"
    )
