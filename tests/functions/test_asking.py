import ast

import pytest

from statepipe.functions.asking import ASKER, asked_names, may_ask, take_from_asker

ASKED = {
    "lambda s: uuid()": ["uuid"],
    "lambda s: (now(), rng.random(), uuid())": ["now", "rng", "uuid"],
    "[uuid() for _ in data['l']]": ["uuid"],
    "list(map(lambda x: rng.random(), data['l']))": ["rng"],
    "list(map(lambda _: uuid(), data['l']))": ["uuid"],
    "make = uuid": ["uuid"],
    "def f(s):\n    def pick():\n        return rng.choice(s['l'])\n    return pick()": ["rng"],
    "def f(s, at=now()): pass": ["now"],
    # the author's own
    "lambda rng: rng.get('a')": [],
    "lambda d, now: now.state": [],
    "def f(s):\n    import uuid\n    return uuid.uuid4()": [],
    "def f(s):\n    import random as rng\n    return rng.random()": [],
    "from uuid import uuid4 as uuid\n\ndef f(s):\n    return uuid()": [],
    "def f(s):\n    now = 1\n    return now": [],
    "[now for now in data['l']]": [],
    "[rng for rng in data['l']] + [rng.random()]": ["rng"],
    # the module
    "uuid.uuid5(uuid.NAMESPACE_URL, 'x')": [],
    "(uuid(), uuid.UUID(int=1))": ["uuid"],
    # other things of that name
    "lambda s: s['rng'] + s.now() + datetime.datetime.now()": [],
}


@pytest.mark.parametrize(("code", "names"), ASKED.items())
def test_a_name_is_asked_for_where_nothing_in_the_code_binds_it(
    code: str, names: list[str]
) -> None:
    assert sorted(name.id for name in asked_names(ast.parse(code))) == names


def test_asked_names_become_attributes_of_the_asker_and_all_else_stays() -> None:
    tree = ast.parse("def f(s):\n    return uuid(), uuid.UUID, [rng for rng in s], rng, s.now")
    take_from_asker(tree)

    assert ast.unparse(tree) == (
        f"def f(s):\n    return ({ASKER}.uuid(), uuid.UUID, [rng for rng in s], {ASKER}.rng, s.now)"
    )


def test_the_new_attributes_stand_where_the_names_stood() -> None:
    tree = ast.parse("x = [1,\n  rng]")
    take_from_asker(tree)
    [node] = [each for each in ast.walk(tree) if isinstance(each, ast.Attribute)]

    assert (node.lineno, node.col_offset, node.end_col_offset) == (2, 2, 5)


@pytest.mark.parametrize(
    ("code", "asks"),
    [
        ("lambda s: s.now()", True),
        ("lambda s: [x.rng for x in [s]]", True),
        ("def f(s):\n    def g(v):\n        return v.uuid()\n    return g(s)", True),
        ("lambda s: getattr(s, 'r' + 'ng')", True),
        ("lambda s: operator.methodcaller('now')(s)", True),
        ("lambda s: s.data['now']", False),
        ("lambda s: datetime.datetime.now()", False),
        ("import datetime as d\n\ndef f(s):\n    return d.datetime.now()", False),
        ("lambda datetime: datetime.now()", True),
        ("lambda s: {**s}", False),
    ],
)
def test_code_that_takes_from_its_view_is_found_and_a_module_s_now_is_not(
    code: str, asks: bool
) -> None:
    assert may_ask(ast.parse(code)) is asks
