"""Failures are located in the config's own text, the same for fused and for called code."""

from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from statepipe.codegen.compile import compile_plan
from statepipe.codegen.engine import Engine
from statepipe.codegen.locate import origin_of
from statepipe.config.load import load_config
from statepipe.errors import RecordError, underline
from statepipe.graph.build import build_machine
from statepipe.plan.lower import lower
from tests.plan.machines import arc, one_transform, plan_of, state, unproved

SPELLINGS = {
    "double quotes with escapes": (
        r'''"lambda state: {'b\u00e9': 1, 'é': state.data[\"x\"]}"''',
        r"""state.data[\"x\"]""",
    ),
    "ending in an escape": (r'''"lambda state: {'a': 1 + \"b\"}"''', r"""1 + \"b\""""),
    "single quotes": ("""'lambda state: {''a'': state.data[''x'']}'""", "state.data[''x'']"),
    "a block": (
        "|\n      lambda state: {\n        # é: s\n        'é': 'ü' + state.data['x'],\n      }",
        "state.data['x']",
    ),
    "a folded block": (
        ">\n      lambda state: {\n        'é': 1,\n        'y': state.data['x']\n      }",
        "state.data['x']",
    ),
    "plain text over lines": ("\n      dict(a=\n        state.data['x'])", "state.data['x']"),
    "several lines": (
        "|\n      lambda state: {\n       'a': state\n        .data['x']\n        ['y']\n      }",
        "state",
    ),
}


def failure(plan: Any, record: dict[str, Any]) -> RecordError:
    error = Engine(plan).run([record]).outcome(0).error
    assert error is not None
    return error


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_failing_piece_is_underlined_however_the_code_is_written(
    spelling: str, tmp_path: Path
) -> None:
    code, piece = SPELLINGS[spelling]
    path = tmp_path / "flow.yaml"
    path.write_text(
        f"name: flow\nstates:\n  a:\n    initial: true\n    transform: {code}\n"
        "    arcs: [{target: b}]\n  b: {end: true}\n",
        encoding="utf-8",
    )
    plan = lower(build_machine(load_config(str(path)), registered={}, trusted=True))
    fused, called = failure(plan, {}), failure(unproved(plan), {})
    assert fused.span is not None
    line = path.read_text(encoding="utf-8").split("\n")[fused.span.place.line - 1]

    assert fused.span == called.span
    assert fused.span.text == line
    assert line[fused.span.start : fused.span.end] == piece
    assert str(fused.place) == f"{path}:{fused.span.place.line}:{fused.span.start + 1}"


def test_code_of_a_dict_counts_its_own_lines() -> None:
    error = failure(one_transform("lambda state: {\n    'a': 1 / state.data['n'],\n}"), {"n": 0})

    assert error.span is not None
    assert (error.place.keys, error.place.line, error.place.column) == ("code", 2, 10)
    assert underline(error.span) == [
        "    2 |     'a': 1 / state.data['n'],",
        "      |          ^^^^^^^^^^^^^^^^^^^",
    ]


@pytest.mark.parametrize(
    ("code", "piece"),
    [
        ("lambda s: {'a': s.data['x']['y']['z']}", "s.data['x']['y']"),
        ("lambda s: {'a': s.data['x'].nope(1)}", "s.data['x'].nope"),
        ("lambda s: {'a': [1 / n for n in s.data['l']]}", "1 / n"),
        ("lambda s: {'a': sorted(s.data['l'], key=lambda n: 1 / n)}", "1 / n"),
        ("lambda s: {'a': max(x @ 2 for x in s.data['l'])}", "x @ 2"),
        ("lambda s: {'a': int(s.data['t'])}", "int(s.data['t'])"),
        ("lambda s: {'é☃': '😀', 'a': '😀' + s.data['x']}", "'😀' + s.data['x']"),
        ("lambda s: {'a': s.name + s.data['x']}", "s.name + s.data['x']"),
        ("lambda s: {'a': -s.data['t']}", "-s.data['t']"),
        ("lambda s: {**s.data['l']}", "{**s.data['l']}"),
        ("lambda s: f\"{s.data['x']:q}\"", "{s.data['x']:q}"),
        ("def f(s):\n    a = 1\n    return s.data['nope']", "s.data['nope']"),
        ("x = data['x']\nreturn x['y']['z']", "x['y']"),
        ("x = context.state\nreturn state.data['nope']", "state.data['nope']"),
    ],
)
def test_the_smallest_failing_piece_is_found_fused_or_called(code: str, piece: str) -> None:
    plan, record = one_transform(code), {"x": {}, "l": [0], "t": "t"}
    fused, called = failure(plan, dict(record)), failure(unproved(plan), dict(record))
    assert fused.span is not None

    assert fused.span == called.span
    if not piece.startswith("{s"):
        assert fused.span.text[fused.span.start : fused.span.end] == piece


def test_a_refusal_underlines_the_whole_function() -> None:
    plan = plan_of(state("a", validators="\n  lambda s: (s.data['x'] > 1, 'too small')\n"))
    error = failure(plan, {"x": 0})
    assert error.span is not None

    assert error.message == "too small"
    assert error.span.text[error.span.start : error.span.end] == (
        "lambda s: (s.data['x'] > 1, 'too small')"
    )


def test_a_registered_function_is_named_by_its_own_file_and_line() -> None:
    def broken(state: Any) -> Any:
        return state.data["nope"]

    error = failure(one_transform(broken), {"x": 1})
    line = broken.__code__.co_firstlineno + 1

    assert error.message == f"KeyError: 'nope' (test_locate.py:{line}, in broken)"
    assert error.span is None
    assert error.place is not None


def test_a_builtin_has_no_line_to_name() -> None:
    assert failure(one_transform(int), {}).message.startswith("TypeError: int() argument must be")


def test_a_failure_names_state_arc_role_and_path_through_loops_and_blocks() -> None:
    plan = plan_of(
        state("a", arc("b")),
        state(
            "b",
            arc("c", "lambda s: s.data['n'] > 1"),
            arc("b", transforms="lambda s: {'n': s.data['n'] + 1}"),
        ),
        state("c", arc("d", transforms="lambda s: 1 / 0")),
        state("d"),
    )
    error = failure(plan, {"n": 0})

    assert (error.state, error.arc, error.role) == ("c", "to d", "arc transform")
    assert error.path == ("a", "b", "b", "b", "c")
    assert error.record == {"n": 2}


def test_no_open_arc_is_placed_at_the_state() -> None:
    config = {
        "name": "n",
        "states": {
            "a": {"initial": True, "arcs": [{"target": "b", "condition": "False"}]},
            "b": {"end": True},
        },
    }
    plan = lower(build_machine(load_config(config), registered={}, trusted=None))

    assert str(failure(plan, {}).place) == "states.a"


class MuteError(Exception):
    def __str__(self) -> str:
        raise ValueError


def test_an_exception_that_cannot_be_shown_is_reported_all_the_same() -> None:
    def fail(state: Any) -> Any:
        raise MuteError

    error = failure(one_transform(fail), {})

    assert error.message.startswith("MuteError: (its message cannot be had: ValueError) (test_loc")
    assert isinstance(error.__cause__, MuteError)


class FullOnce(list[Any]):
    """Raises what the machine, not the author, is to blame for."""

    full = True

    def __setitem__(self, index: Any, value: Any) -> None:
        if self.full:
            self.full = False
            raise MemoryError
        super().__setitem__(index, value)


def test_an_error_from_outside_is_put_down_to_the_state_it_hit() -> None:
    plan = plan_of(state("a", arc("b")), state("b"))
    error = Engine(plan).run(FullOnce([{}])).outcome(0).error
    assert error is not None

    assert (error.error_type, error.state, error.path) == ("MemoryError", "b", ("a", "b"))


@pytest.mark.parametrize("row", range(3, 16))
def test_any_line_of_the_program_belongs_to_a_state(row: int) -> None:
    compiled = compile_plan(
        plan_of(state("a", arc("a", "lambda s: s.data['n'] < 3"), arc("b")), state("b"))
    )
    raised = SyntaxError("hit")
    [code] = [
        const
        for const in compile(
            "\n" * row + "def run():\n  raise error", compiled.filename, "exec"
        ).co_consts
        if isinstance(const, CodeType)
    ]
    try:
        exec(code, {"error": raised})
    except SyntaxError as error:
        origin = origin_of(compiled, error)

    assert origin.site.state in {"a", "b"}
