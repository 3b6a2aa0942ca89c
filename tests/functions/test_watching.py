"""Tests of inline code that tells the values of its pieces."""

import asyncio
import copy
from typing import Any

import pytest

from statepipe.functions.pieces import Piece, Watched
from statepipe.functions.view import Context, StateView
from statepipe.functions.watching import MAX_PIECES
from statepipe.plan.failure import position_in
from tests.plan.machines import inline

RECORD: dict[str, Any] = {
    "a": 5,
    "b": "text",
    "n": 0,
    "xs": [1, 4, 9],
    "d": {"k": [10, 20, 30]},
    "none": None,
    "w": 7,
}

EXPRESSIONS = [
    "data['a'] > 3 and data.get('b') and data['n']",
    "data['n'] or data['none'] or data['xs']",
    "not data['n'] and not data['xs']",
    "1 < data['a'] <= data['w'] < 3 < data['zz']",
    "0 < data['n'] < data['zz']",
    "(y := data['a']) > 4 and y < 6",
    "data['a'] if data['n'] else data['b']",
    "f\"{data['a']!r:>{data['w']}} {data['b'].upper()} {{}} {data['a'] + 1 = }\"",
    "data['xs'][0:data['a']:data['a'] - 3]",
    "data['d']['k'][-1] + ~data['a'] ** 2 // 3",
    "max(*data['xs'], *[1, 2], key=lambda v: -v)",
    "dict(**data['d'], a=data['a'])",
    "{**data, 'x': data['a'], data['b']: [*data['xs'], data['n']]}",
    "any(x > 3 and x < 9 for x in data['xs'])",
    "all(x > 3 for x in data['xs'])",
    "any(x / data['n'] for x in data['xs'] if x)",
    "[x * data['a'] for x in data['xs'] if x > data['n']]",
    "{k: v for k, v in sorted(data['d'].items())}",
    "sum(x for x in data['xs'])",
    "sorted(data['xs'], key=lambda x: -x)[0] == data['xs'][-1]",
    "(lambda z: z + data['a'])(data['w'])",
    "data['b'].replace('t', str(data['a'])).title().startswith('5')",
    "(data['a'] > 9, f\"only {data['a']}\")",
    "data.pop('a') + data.pop('w') + len(data)",
    "data['xs'].append(data['xs'].pop(0)) or data['xs']",
    "bool(data['xs']) is True and data['a'] not in data['xs']",
    "re.match(r'(t)(e)', data['b']).group(2) + math.pi.hex()",
    "datetime.datetime(2020, 1, data['a']).isoformat()",
    "__import__('math').floor(data['a'] / 2)",
    "state.name + data['b'] + context.network",
    "state.get('a') + state['w'] + len(state)",
    "data['a'] @ data['b']",
    "data['d']['nothing']",
    "int(data['b'])",
    "next(iter([]))",
    "(data['a'], data['b'])[data['zz']]",
    "-data['a'] + +data['w'] - -1",
    "{1, 2} & {data['a']} or {data['n']: data['xs']}",
    "''.join(str(x) for x in data['xs']) + '%s' % data['a']",
    "data['a'] in [4, 5] and data['a'] in {5} and 'k' in data['d']",
    "(  # a remark\n  data['a']\n  > data['zz']['k']\n)",
    "data['é'] + data['ü']",
]


def watched(code: str) -> Watched:
    found = inline(code).watch()
    assert found is not None
    return found


def arguments(code: str, record: Any) -> tuple[Any, ...]:
    style = inline(code).style
    if style == "view":
        return (StateView(record, "here"),)
    return (record,) if style == "record" else (record, Context("here", "net"))


def outcome(call: Any, code: str) -> tuple[Any, ...]:
    """What a call gives and does: its value or its error with its place, and its record after."""
    record = copy.deepcopy(RECORD)
    try:
        given = call(*arguments(code, record))
    except Exception as error:
        where = position_in(error, "<statepipe code>")
        return type(error), str(error), where, repr(record)
    return repr(given), repr(record)


def told(code: str, record: Any = None) -> list[tuple[str, Any]]:
    """The pieces by their texts, with their values, in the order in which they were told."""
    seen: list[tuple[str, Any]] = []
    watching = watched(code)
    texts = {piece.number: piece.text for piece in walk(watching.root)}

    def tell(number: int, value: Any) -> Any:
        seen.append((texts[number], copy.deepcopy(value)))
        return value

    watching.telling(tell)(*arguments(code, copy.deepcopy(record or RECORD)))
    return seen


def walk(piece: Piece) -> list[Piece]:
    return [piece, *(each for inner in piece.inside for each in walk(inner))]


@pytest.mark.parametrize("code", EXPRESSIONS)
def test_watched_code_gives_raises_and_changes_what_the_code_itself_does(code: str) -> None:
    telling = watched(code).telling(lambda number, value: value)

    assert outcome(telling, code) == outcome(inline(code).call, code)


@pytest.mark.parametrize("code", EXPRESSIONS)
def test_code_of_untrusted_files_is_watched_in_its_own_bounds(code: str) -> None:
    found = inline(code, trusted=False).watch()

    assert found is not None
    assert outcome(found.telling(lambda number, value: value), code) == outcome(
        inline(code, trusted=False).call, code
    )


def test_pieces_are_told_in_the_order_of_evaluation_and_once() -> None:
    assert told("data['a'] > 3 and data['n'] == data['w'] or data['xs']") == [
        ("data['a']", 5),
        ("data['a'] > 3", True),
        ("data['n']", 0),
        ("data['w']", 7),
        ("data['n'] == data['w']", False),
        ("data['a'] > 3 and data['n'] == data['w']", False),
        ("data['xs']", [1, 4, 9]),
        ("data['a'] > 3 and data['n'] == data['w'] or data['xs']", [1, 4, 9]),
    ]


def test_what_a_short_circuit_skips_is_not_told() -> None:
    assert [text for text, _ in told("data['n'] and data['a']")] == [
        "data['n']",
        "data['n'] and data['a']",
    ]


def test_elements_of_any_are_told_up_to_the_one_that_decides() -> None:
    assert told("any(x > 3 for x in data['xs'])")[1:-1] == [
        ("x", 1),
        ("x > 3", False),
        ("x", 4),
        ("x > 3", True),
    ]


def test_parts_of_texts_indices_and_arguments_are_told() -> None:
    seen = told("max(*data['xs'], len(f\"{data['a']:{data['w']}}\"), data['d']['k'][data['n']])")

    assert [text for text, _ in seen[:-1]] == [
        "data['xs']",
        "data['a']",
        "data['w']",
        "f\"{data['a']:{data['w']}}\"",
        "len(f\"{data['a']:{data['w']}}\")",
        "data['d']",
        "data['d']['k']",
        "data['n']",
        "data['d']['k'][data['n']]",
    ]


def test_the_record_modules_and_constants_are_no_pieces() -> None:
    seen = told("math.pi > 3 and re.match('t', data['b']) is not None and state.data is data")

    assert {text for text, _ in seen if " " not in text} == {"data['b']"}


def test_bodies_of_lambdas_and_comprehensions_are_not_told() -> None:
    seen = told("sorted([x + 1 for x in data['xs']], key=lambda x: -x)")

    assert [text for text, _ in seen] == [
        "data['xs']",
        "[x + 1 for x in data['xs']]",
        "sorted([x + 1 for x in data['xs']], key=lambda x: -x)",
    ]


def test_a_piece_knows_where_it_stands_and_is_told_on_one_line() -> None:
    root = watched("lambda s: (\n    s['é']  # what\n    + 1 > s['n'])").root
    sums, last = root.inside

    assert root.text == "s['é'] + 1 > s['n']"
    assert (sums.text, last.text) == ("s['é'] + 1", "s['n']")
    assert last.span is not None
    assert (last.span.place.line, last.span.text[last.span.start : last.span.end]) == (3, "s['n']")


def test_async_code_is_watched() -> None:
    code = "await __import__('asyncio').sleep(0, data['a']) > 3"
    seen: dict[int, Any] = {}

    def tell(number: int, value: Any) -> Any:
        return seen.setdefault(number, value)

    assert asyncio.run(watched(code).telling(tell)({"a": 5})) is True
    assert (seen[0], seen[1]) == (True, 5)  # the whole, and what was awaited


def test_two_calls_at_a_time_are_told_apart() -> None:
    one: list[Any] = []
    other: list[Any] = []
    watching = watched("data['a']")
    first = watching.telling(lambda number, value: one.append(value))
    second = watching.telling(lambda number, value: other.append(value))
    first({"a": 1})
    second({"a": 2})

    assert (one, other) == ([1], [2])


@pytest.mark.parametrize(
    "code",
    [
        "return data['a'] > 1",
        "def f(state):\n    return True",
        "lambda s: 's' in locals()",
        "eval('data')",
        f"sum([{'data[0], ' * MAX_PIECES}])",
    ],
)
def test_what_cannot_be_looked_into_is_not_watched(code: str) -> None:
    assert inline(code).watch() is None
