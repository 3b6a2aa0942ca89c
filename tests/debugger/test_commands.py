"""Tests of commands: what a line of text means."""

from __future__ import annotations

import pytest

from statepipe.debugger import commands as say
from statepipe.debugger.commands import SHORT, VERBS, Command, read_command
from statepipe.errors import UsageError


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("step", say.Step(1)),
        ("  s 12 ", say.Step(12)),
        ("back 2", say.Back(2)),
        ("c", say.Continue()),
        ("break price", say.Break("price")),
        ("break 'to do' if data['a b'] > 1", say.Break("to do", "data['a b'] > 1")),
        ("unbreak", say.Unbreak()),
        ("unbreak child:a", say.Unbreak("child:a")),
        ("watch items[0].price", say.Watch(("items", 0, "price"))),
        ("unwatch", say.Unwatch()),
        ("unwatch a.b", say.Unwatch(("a", "b"))),
        ("edit total 12.5", say.Edit(("total",), 12.5)),
        ("edit ['a b'].c [1, null]", say.Edit(("a b", "c"), [1, None])),
        ('edit {"a": {"b": 1}}', say.Edit((), {"a": {"b": 1}})),
        ("remove a", say.Remove(("a",))),
        ("fork", say.Fork()),
        ("branch", say.Branch()),
        ("branch 2", say.Branch(2)),
        ("restart", say.Restart()),
        ("record", say.Show("record")),
        ("show a.b", say.Show("record", ("a", "b"))),
        ("why", say.Show("why")),
        ("?", say.Help()),
        ("help s", say.Help("s")),
        ("exit", say.Quit()),
    ],
)
def test_a_line_is_a_command(text: str, command: Command) -> None:
    assert read_command(text) == command


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("setp", "there is no command 'setp'; did you mean 'step'?"),
        ("zzz", "there is no command 'zzz'; `help` lists the commands"),
        ("step x", "step: 'x' is no number of steps; usage: step [N]"),
        ("back 0", "back: '0' is no number of steps; usage: back [N]"),
        ("c now", "continue: nothing may follow, not 'now'; usage: continue"),
        ("break", "break: the state is missing; usage: break STATE [if EXPRESSION]"),
        ("break if x", "break: the state is missing; usage: break STATE [if EXPRESSION]"),
        ("watch", "watch: the path is missing; usage: watch PATH"),
        ("remove", "remove: the path is missing; usage: remove PATH"),
        ("branch x", "branch: 'x' is no number of a branch; usage: branch [N]"),
        ("edit", "edit: what is to be edited?; usage: edit PATH VALUE, or edit {RECORD}"),
        (
            "edit a",
            "edit: a path and a value are needed; usage: edit PATH VALUE, or edit {RECORD}",
        ),
    ],
)
def test_what_cannot_be_read_is_told_with_the_remedy(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_command(text)

    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["edit a hello", 'edit {"a": }', "edit a NaN"])
def test_a_value_is_json(text: str) -> None:
    with pytest.raises(UsageError, match="is no JSON value: "):
        read_command(text)


def test_a_text_without_quotes_is_shown_with_them() -> None:
    with pytest.raises(UsageError, match='a text stands in quotes: "hello"'):
        read_command("edit a hello")


def test_an_integer_keeps_all_its_digits() -> None:
    assert read_command("edit a 123456789012345678901") == say.Edit(("a",), 123456789012345678901)


def test_every_short_word_means_a_command_and_no_verb() -> None:
    assert set(SHORT.values()) <= set(VERBS)
    assert not set(SHORT) & set(VERBS)
