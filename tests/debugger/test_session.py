"""Tests of the session, command by command."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from statepipe.debugger import Session
from statepipe.errors import UsageError
from tests.debugger.sessions import ORDERS, RECORD, counting, said, session_on

PRICED = """\
main_network: orders
networks:
  - name: orders
    states:
      - {name: order, is_start: true}
      - {name: done, is_end: true}
    arcs:
      - {from: order, target_network: pricing, return_state: done}
  - name: pricing
    states:
      - name: order  # as in the other network
        is_start: true
        transform: "{**data, 'total': data['quantity'] * data['price']}"
      - {name: free, is_end: true}
      - {name: done, is_end: true}
    arcs:
      - {from: order, to: free, condition: "data['total'] == 0"}
      - {from: order, to: done}
"""


@pytest.fixture
def orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.chdir(tmp_path)
    with session_on(ORDERS, Path()) as session:
        yield session


def test_a_session_begins_before_the_start_state(orders: Session) -> None:
    assert [str(each) for each in orders.greeting()] == ["▶ before order"]


def test_a_step_tells_what_ran_which_arcs_were_tried_and_what_changed(orders: Session) -> None:
    assert said(orders, "step", "edit price 2", "step") == [
        "step 2  price → small  by price->small",
        "  ran     transform  {**data, 'total': data['quantity'] * data['price']}",
        "          condition  data['total'] >= 100",
        "  arcs    ✗ price->large",
        "          ✓ price->small",
        "  record  + total: 8",
        "✓ ended at small",
    ]


def test_several_steps_are_made_at_once_up_to_the_end(orders: Session) -> None:
    lines = said(orders, "step 5")

    assert [each for each in lines if each.startswith("step ")] != []
    assert lines[-1] == "✓ ended at large"
    assert orders.timeline.path == ("order", "price", "large")
    with pytest.raises(UsageError, match="the record is done; go `back`, or `restart`"):
        orders.obey("step")


def test_going_back_shows_what_was_recorded_and_runs_nothing(tmp_path: Path) -> None:
    calls: list[str] = []
    with session_on(counting(calls), tmp_path, {}) as session:
        session.obey("continue")
        ran = list(calls)
        back = said(session, "back 2")
        again = said(session, "step")

    assert calls == ran == ["a", "b", "c", "b", "c"]
    assert back == ["▶ before b  recorded, step 3 of 5"]
    assert again[0] == "step 4  b → c  by b->c, recorded"
    assert again[-1] == "▶ before c  recorded, step 4 of 5"


def test_going_back_further_than_the_beginning_ends_there(orders: Session) -> None:
    assert said(orders, "step", "back 9") == ["▶ before order  recorded, step 0 of 1"]
    with pytest.raises(UsageError, match="this is the beginning: there is no step"):
        orders.obey("back")


def test_continue_ends_at_a_breakpoint_and_goes_on_from_it(orders: Session) -> None:
    assert said(orders, "break price", "continue")[-1] == "▶ before price  ● breakpoint"
    assert said(orders, "continue")[-1] == "✓ ended at large"


def test_a_breakpoint_with_a_condition_holds_only_some_records(tmp_path: Path) -> None:
    with session_on(counting([]), tmp_path, {}) as session:
        session.obey("break c if data['n'] > 3")
        session.obey("continue")

        assert (session.timeline.state, session.timeline.record) == ("c", {"n": 4})


def test_a_breakpoint_at_an_end_state_holds_what_has_functions_there(tmp_path: Path) -> None:
    config = ORDERS.replace("name: large,", "name: large, transform: \"{**data, 'end': True}\",")
    with session_on(config, tmp_path) as session:
        session.obey("break large")

        assert said(session, "continue")[-1] == "▶ before large  ● breakpoint"
        assert said(session, "continue")[-2] == "  record  + end: True"


def test_the_past_is_gone_through_again_to_a_breakpoint_in_it(tmp_path: Path) -> None:
    calls: list[str] = []
    with session_on(counting(calls), tmp_path, {}) as session:
        session.obey("continue")
        session.obey("back 5")
        session.obey("break c if data['n'] == 2")

        assert said(session, "continue")[-1] == ("▶ before c  recorded, step 2 of 5  ● breakpoint")
        assert len(calls) == 5


def test_a_condition_that_fails_holds_the_record_and_is_told(orders: Session) -> None:
    lines = said(orders, "break price if data['x'] > 1", "continue")

    assert lines[-2:] == [
        "the condition of the breakpoint failed: KeyError: 'x'",
        "  price if data['x'] > 1; `break price` gives it another",
    ]
    assert orders.timeline.state == "price"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("break prise", "there is no state 'prise'; did you mean 'price'?"),
        ("break price if data[", "the condition 'data[': "),
        ("break price if daat['x']", "name 'daat' is not known to inline code; did you mean"),
        ("break price if now().year > 1", "asks for what belongs to a run, and may not"),
        ("unbreak price", "there is no breakpoint at 'price'"),
        ("unbreak prise", "there is no state 'prise'; did you mean 'price'?"),
        ("unwatch total", "'total' is not watched; watched: nothing"),
        ("branch 7", "there is no branch 7; `branch` lists them"),
        ("why", "no arc has been chosen yet; `step` makes the first choice"),
        ("help stop", "there is no command 'stop'; did you mean 'step'?"),
        ("remove x", "the record has no field 'x'; known here: price, quantity"),
    ],
)
def test_a_command_that_cannot_be_obeyed_says_why_and_changes_nothing(
    orders: Session, command: str, message: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        orders.obey(command)

    assert (orders.timeline.at, orders.breakpoints, orders.watches) == (0, {}, [])
    assert orders.timeline.record == RECORD


def test_a_condition_may_do_what_the_flow_may(tmp_path: Path) -> None:
    text = "break price if open('x')"
    refused = pytest.raises(UsageError, match="'open' is not allowed in the inline code")
    with session_on(ORDERS, tmp_path, trust=False) as session, refused:
        session.obey(text)
    with session_on(ORDERS, tmp_path, trust=True) as session:
        assert said(session, text) == ["● stands before price if open('x')"]


def test_breakpoints_are_listed_and_taken_away(orders: Session) -> None:
    orders.obey("break price if data['quantity'] > 3")
    orders.obey("break small")

    assert said(orders, "breaks") == ["● price if data['quantity'] > 3", "● small"]
    assert said(orders, "unbreak small") == ["● price if data['quantity'] > 3"]
    assert said(orders, "unbreak") == ["no breakpoints"]


def test_what_is_watched_is_shown_after_every_step(orders: Session) -> None:
    assert said(orders, "watch total") == ["◉ total = not there"]
    assert said(orders, "watch price", "continue")[-2:] == ["◉ total = 320", "◉ price = 80"]
    assert said(orders, "unwatch total") == ["watched: price"]
    assert said(orders, "unwatch") == ["watched: nothing"]


def test_editing_changes_the_record_that_stands(orders: Session) -> None:
    assert said(orders, "edit price 10") == ["  quantity: 4", "~ price: 80 → 10"]
    assert said(orders, "continue")[-1] == "✓ ended at small"
    assert len(orders.branches) == 1


def test_editing_in_the_past_begins_a_branch_and_keeps_the_old_one(orders: Session) -> None:
    orders.obey("continue")
    lines = said(orders, "back", "edit quantity 1")

    assert lines[0] == "branch 2  from step 1, edited; the old one stays"
    assert said(orders, "continue")[0].startswith("step 2  price → small")
    assert said(orders, "branch") == [
        "  1  at price  from the beginning",
        "▶ 2  at small  from step 1, edited",
    ]
    assert said(orders, "branch 1", "step")[-1] == "✓ ended at large"
    assert said(orders, "branch 2", "back 2") == ["▶ before order  recorded, step 0 of 2"]


def test_the_whole_record_may_be_edited_and_fields_removed(orders: Session) -> None:
    orders.obey('edit {"quantity": 2, "price": 1, "x": 0}')
    orders.obey("remove x")

    assert orders.timeline.record == {"quantity": 2, "price": 1}


def test_a_record_that_is_done_is_not_edited_or_forked(orders: Session) -> None:
    orders.obey("continue")

    for command in ("edit price 1", "remove price", "fork"):
        with pytest.raises(UsageError, match="the record is done; go `back` to where"):
            orders.obey(command)


def test_a_fork_runs_again_what_comes_behind_it(tmp_path: Path) -> None:
    calls: list[str] = []
    with session_on(counting(calls), tmp_path, {}) as session:
        session.obey("step 2")
        session.obey("back")
        session.obey("fork")
        session.obey("step")

        assert calls == ["a", "b", "b"]
        assert session.timeline.record == {"n": 2}


def test_restart_begins_again_with_the_record_as_it_was_given(orders: Session) -> None:
    orders.obey("edit price 1")
    orders.obey("continue")

    assert said(orders, "restart") == ["▶ before order"]
    assert orders.timeline.record == RECORD
    assert orders.timeline.moves == ()


def test_a_failure_is_told_as_a_compiler_would_and_nothing_is_lost(
    orders: Session,
) -> None:
    lines = said(orders, "remove price", "continue")

    assert lines[-9:] == [
        "  ran     transform  {**data, 'total': data['quantity'] * data['price']}  KeyError",
        "  record  as it was",
        "✗ failed at price",
        "flow.yaml:7:54: KeyError: 'price'",
        "    7 |     transform: \"{**data, 'total': data['quantity'] * data['price']}\"",
        "      |                                                      ^^^^^^^^^^^^^",
        "    where: transform, state 'price'",
        "    path:  order -> price",
        "    help:  the record has no field 'price'; its fields: 'quantity'",
    ]
    assert said(orders, "back", "edit price 80", "continue")[-1] == "✓ ended at large"


def test_an_interrupt_leaves_the_record_where_the_step_began(tmp_path: Path) -> None:
    struck = [True]

    def work(state: object) -> None:
        if struck.pop():
            raise KeyboardInterrupt

    config = {
        "states": [
            {"name": "a", "is_start": True, "transform": work},
            {"name": "b", "is_end": True},
        ],
        "arcs": [{"from": "a", "to": "b"}],
    }
    with session_on(config, tmp_path) as session:
        with pytest.raises(KeyboardInterrupt):
            session.obey("step")
        struck.append(False)

        assert (session.timeline.state, session.timeline.record) == ("a", RECORD)
        assert said(session, "step")[-1] == "✓ ended at b"


def test_show_marks_what_the_last_step_did(orders: Session) -> None:
    assert said(orders, "show") == ["  quantity: 4", "  price: 80"]
    assert said(orders, "continue", "show") == ["  quantity: 4", "  price: 80", "+ total: 320"]


def test_a_field_is_shown_whole(orders: Session) -> None:
    text = "x" * 5000
    orders.obey(f'edit note {{"text": "{text}"}}')

    assert said(orders, "show note.text") == [f"note.text = '{text}'"]
    assert max(map(len, said(orders, "show"))) < 300


def test_the_path_shows_what_came_after_a_past_step(orders: Session) -> None:
    assert said(orders, "continue", "path") == ["order → price → large"]
    assert said(orders, "back", "path") == ["order → price", "then → large"]


def test_the_picture_marks_where_the_record_is_was_and_will_stand(orders: Session) -> None:
    assert said(orders, "step", "break small", "graph") == [
        " ✓ order  [start, check]",
        " ▶ └─ price  [transform]",
        "      ├─ large  if data['total'] >= 100  [end]",
        "●     └─ small  [end]",
    ]


def test_help_lists_the_commands_and_tells_more_of_one(orders: Session) -> None:
    lines = said(orders, "help")

    assert lines[0] == "step [N]                           go on by one state, or by N (s)"
    assert len(lines) == 20
    assert said(orders, "help n") == [
        "step [N]",
        "  go on by one state, or by N",
        "  short: s, n",
    ]


def test_a_record_may_enter_at_another_state(tmp_path: Path) -> None:
    with session_on(ORDERS, tmp_path, state="price") as session:
        assert said(session, "continue")[-1] == "✓ ended at large"
        assert session.timeline.path == ("price", "large")


def test_why_tells_what_every_condition_came_to(orders: Session) -> None:
    lines = said(orders, "edit quantity 1", "step 2", "why")

    assert lines == [
        "price",
        "  ✗ to large  if data['total'] >= 100  flow.yaml:12:41",
        "      data['total']  80",
        "  ✓ to small  no condition",
    ]


def test_why_within_another_network_is_of_that_networks_state(tmp_path: Path) -> None:
    with session_on(PRICED, tmp_path) as session:
        lines = said(session, "step 2", "why")

    assert lines[0] == "pricing:order"
    assert re.fullmatch(r"  ✗ to free  if data\['total'\] == 0  \S*flow.yaml:\d+:\d+", lines[1])
    assert lines[2:] == ["      data['total']  320", "  ✓ to done  no condition"]


def test_why_asks_again_for_the_record_as_it_was(orders: Session) -> None:
    orders.obey("step 2")
    orders.obey("back")
    orders.obey("edit quantity 1")
    orders.obey("step")

    assert "      data['total']  80" in said(orders, "why")
    assert "      data['total']  320" in said(orders, "branch 1", "step", "why")


def test_why_of_a_record_that_failed_tells_how(orders: Session) -> None:
    assert said(orders, "remove price", "step 2", "why") == ["price", "  ! KeyError: 'price'"]


def test_quit_ends(orders: Session) -> None:
    assert orders.obey("quit").ends
    assert not orders.obey("path").ends


def test_only_a_step_that_takes_long_tells_how_long(tmp_path: Path) -> None:
    config = counting([])
    config["states"][1]["transform"] = lambda _: time.sleep(0.15)
    with session_on(config, tmp_path) as session:
        quick, slow = said(session, "step")[0], said(session, "step")[0]

    assert quick == "step 1  a → b  by a->b"
    assert re.fullmatch(r"step 2  b → c  by b->c, took 0\.\d s", slow)


def test_why_and_a_fork_give_code_the_ids_that_it_had(tmp_path: Path) -> None:
    config = ORDERS.replace("data['total'] >= 100", "(True, uuid())")
    with session_on(config, tmp_path) as session:
        first = said(session, "step 2", "why")
        again = said(session, "why")
        forked = said(session, "back", "fork", "step", "why")

    assert re.search(r"reason  \w{8}-", first[2])
    assert first == again == forked
