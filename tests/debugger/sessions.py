"""Sessions of the debugger on small flows, and what they say as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from statepipe.cli.debug import debugging
from statepipe.debugger import Session
from statepipe.record import Record

ORDERS = """\
name: Orders
states:
  - name: order
    is_start: true
    validators: ["data.get('quantity', 0) > 0"]
  - name: price
    transform: "{**data, 'total': data['quantity'] * data['price']}"
  - {name: large, is_end: true}
  - {name: small, is_end: true}
arcs:
  - {from: order, to: price}
  - {from: price, to: large, condition: "data['total'] >= 100"}
  - {from: price, to: small}
"""
RECORD = {"quantity": 4, "price": 80}


@contextmanager
def session_on(
    config: str | dict[str, Any],
    folder: Path,
    record: Record | None = None,
    state: str | None = None,
    trust: bool = True,
) -> Iterator[Session]:
    """Give a session on a config, given as the text of a file or as a dict."""
    flow: Any = config
    if isinstance(config, str):
        flow = str(folder / "flow.yaml")
        Path(flow).write_text(config, encoding="utf-8")
    with debugging(flow, RECORD.copy() if record is None else record, state, trust) as session:
        yield session


def said(session: Session, *commands: str) -> list[str]:
    """Obey commands; return what the last had to say, without the folder and the times."""
    answer = [session.obey(each) for each in commands][-1]
    return [str(each).rstrip() for each in answer.lines]


def counting(calls: list[str]) -> dict[str, Any]:
    """Return a config whose states write down that they ran."""

    def run(name: str) -> Callable[[Record], Record]:
        def transform(state: Any) -> Record:  # a state view
            calls.append(name)
            return {**state.data, "n": state.data.get("n", 0) + 1}

        return transform

    return {
        "name": "Counting",
        "states": [
            {"name": "a", "is_start": True, "transform": run("a")},
            {"name": "b", "transform": run("b")},
            {"name": "c", "transform": run("c")},
            {"name": "end", "is_end": True},
        ],
        "arcs": [
            {"from": "a", "to": "b"},
            {"from": "b", "to": "c"},
            {"from": "c", "to": "b", "condition": "data['n'] < 4"},
            {"from": "c", "to": "end"},
        ],
    }
