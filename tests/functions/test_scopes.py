import ast

import pytest

from statepipe.functions.scopes import free_names, meanings


@pytest.mark.parametrize(
    ("code", "free"),
    [
        ("x = 1\nx", []),
        ("lambda a, /, b=d, *c, e=f, **g: (a, b, c, e, g, h)", ["d", "f", "h"]),
        ("def f(a: b = c) -> d: return f, a", ["b", "c", "d"]),
        ("@a\ndef f(): pass", ["a"]),
        ("[x for x in x]", ["x"]),
        ("[(x, y) for x in a for y in x if y]", ["a"]),
        ("[x for x in a], x", ["a", "x"]),
        ("{k: v for k, v in a}, (z for z in k)", ["a", "k"]),
        ("[y := x for x in a], y", ["a"]),
        ("lambda: [(y := 1) for x in a] and y\ny", ["a", "y"]),
        ("(lambda: (y := 1)), y", ["y"]),
        ("import a.b, c as d\na, b, c, d", ["b", "c"]),
        ("from m import a, b as c\na, b, c", ["b"]),
        ("try: pass\nexcept E as e: e", ["E"]),
        ("with a as b, c as (d, e): b, d, e", ["a", "c"]),
        ("for a, (b, *c) in d: a, b, c", ["d"]),
        (
            "match a:\n  case {'k': b, **c}: b, c\n  case [d, *e] | X(f) as g: d, e, f, g",
            ["X", "a"],
        ),
        ("class A(B, metaclass=C):\n  x = 1\n  y = x\n  def m(self): return x, A", ["B", "C", "x"]),
        ("def f():\n  def g(): return x\n  x = 1", []),
        ("def f():\n  global x\n  x = 1\ndef g(): return x", []),
        ("def f():\n  x = 1\n  def g():\n    nonlocal x\n    x = y", ["y"]),
        ("x: a = b", ["a", "b"]),
        ("x += y", ["y"]),
    ],
)
def test_names_that_nothing_binds_are_free(code: str, free: list[str]) -> None:
    assert sorted(name.id for name in free_names(ast.parse(code))) == free


def test_a_name_knows_the_module_that_it_stands_for() -> None:
    tree = ast.parse("import json as j, re\nimport re as x\nx = 1\n(j, re, x, y)")

    found = {name.id: (m.kind, m.module) for name, m in meanings(tree).items()}

    assert found == {
        "j": ("module", "json"),
        "re": ("module", "re"),
        "x": ("mixed", ""),
        "y": ("free", ""),
    }
