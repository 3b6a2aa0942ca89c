"""The budget check: what it counts and what it refuses."""

import ast
from pathlib import Path
from textwrap import dedent

import pytest

from tools.budgets import (
    Measure,
    Use,
    function_lines,
    main,
    measure_file,
    percentile,
    unexplained_waivers,
    use_row,
)


def measured(text: str) -> Measure:
    found = Measure()
    measure_file(dedent(text), "m.py", found)
    return found


def project(root: Path, code: str, tests: str = "", exceptions: str = "") -> Path:
    for folder in ("src", "tests", "tools"):
        (root / folder).mkdir()
    (root / "src" / "m.py").write_text(code)
    (root / "tests" / "test_m.py").write_text(tests)
    (root / "tools" / "exceptions.toml").write_text(exceptions)
    return root


def only_function(text: str) -> ast.FunctionDef:
    (node,) = ast.parse(dedent(text)).body
    assert isinstance(node, ast.FunctionDef)
    return node


def test_a_function_counts_without_decorators_and_docstring() -> None:
    node = only_function('''
        @decorated
        def f(
            a,
        ):
            """One line.

            More.
            """
            a += 1

            return a
    ''')

    assert function_lines(node) == 6


@pytest.mark.parametrize("body", ["...", '"""Says what."""', '"""Says what."""\n    ...'])
def test_a_declaration_does_not_count(body: str) -> None:
    assert function_lines(only_function(f"def f():\n    {body}\n")) == 0


def test_functions_are_named_by_what_they_stand_in() -> None:
    found = measured("""
        class A:
            def outer(self):
                def inner():
                    return 1
                return inner
    """)

    assert [(f.name, f.lines) for f in found.functions] == [
        ("m.py::A.outer", 4),
        ("m.py::A.outer.inner", 2),
    ]


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, 0), ([7], 0.9, 7), ([1, 2, 3, 4], 0.5, 2), (list(range(1, 11)), 0.9, 9)],
)
def test_a_percentile_is_one_of_the_values(values: list[int], share: float, expected: int) -> None:
    assert percentile(values, share) == expected


@pytest.mark.parametrize(
    "caught", ["Exception", "BaseException", "(ValueError, Exception)", "Exception as exc", ""]
)
def test_a_broad_except_is_found_with_its_function(caught: str) -> None:
    found = measured(f"""
        def f():
            try:
                pass
            except {caught}:
                pass
    """)

    assert found.uses == [Use("broad_except", "m.py::f", 5)]


def test_a_narrow_except_is_no_use() -> None:
    found = measured("try:\n    pass\nexcept (ValueError, OSError):\n    pass\n")

    assert found.uses == []


def test_a_broad_except_that_cleans_up_and_raises_hides_nothing() -> None:
    text = "try:\n    pass\nexcept BaseException:\n    close()\n    raise\n"

    assert measured(text).uses == []
    assert measured(text.replace("    raise\n", "    if x:\n        raise\n")).uses != []


@pytest.mark.parametrize("call", ["getattr(x, 'y')", "hasattr(x, 'y')"])
def test_probing_is_found_at_module_level_too(call: str) -> None:
    assert measured(f"z = {call}\n").uses == [Use("probing", "m.py", 1)]


@pytest.mark.parametrize(
    "comment",
    [
        "# type: ignore",
        "# type: ignore[arg-type]",
        "# noqa",
        "# noqa: E501, F401",
        "# type:ignore # x",
    ],
)
def test_a_waiver_without_a_reason_is_found(comment: str) -> None:
    assert list(unexplained_waivers(f"\nx = 1  {comment}\n")) == [2]


@pytest.mark.parametrize(
    "comment",
    [
        "# type: ignore[arg-type]  # the stubs are too narrow",
        "# noqa: PLW0603 - one cache per process",
        "# says why, and ignores nothing",
    ],
)
def test_a_waiver_with_its_reason_is_fine(comment: str) -> None:
    assert list(unexplained_waivers(f"x = 1  {comment}\n")) == []


def test_a_waiver_in_a_string_is_no_waiver() -> None:
    assert list(unexplained_waivers('x = "# type: ignore"\n')) == []


def test_a_use_needs_an_entry_and_an_entry_a_use() -> None:
    uses = [Use("probing", "a.py::f", 3), Use("probing", "b.py::g", 4)]

    row = use_row("probing", "probing", uses, {"a.py::f": "user code may lack it", "c.py": "x"})

    assert row.offenders == (
        "b.py::g (line 4)",
        "exceptions.toml: 'c.py' fits nothing",
        "exceptions.toml: 'c.py' has no reason",
    )
    assert not row.kept


def test_a_small_project_keeps_all_budgets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = project(tmp_path, "def f():\n    return 1\n", "def test_f():\n    assert True\n")

    code = main([str(root)])

    assert code == 0
    assert "EXCEEDED" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def f():\n" + "    x = 1\n" * 60, "    m.py::f (61 lines)"),
        ("x = 1\n" * 401, "    m.py (401 lines)"),
        ("x = getattr(1, 'y')\n", "    m.py (line 1)"),
        ("x = 1  # noqa\n", "    m.py:1"),
    ],
)
def test_an_exceeded_budget_fails_and_names_the_offender(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: str, message: str
) -> None:
    root = project(tmp_path, code, tests="x = 1\n" * 500)

    exit_code = main([str(root)])
    lines = capsys.readouterr().out.splitlines()

    assert exit_code == 1
    assert message in lines


@pytest.mark.parametrize(
    ("function_lines", "budget"), [(9, "function lines, median"), (26, "function lines, p90")]
)
def test_long_functions_exceed_the_median_and_p90(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], function_lines: int, budget: str
) -> None:
    root = project(tmp_path, "def f():\n" + "    x = 1\n" * (function_lines - 1), "x = 1\n" * 99)

    main([str(root)])
    exceeded = [line for line in capsys.readouterr().out.splitlines() if "EXCEEDED" in line]

    assert any(line.startswith(budget) for line in exceeded)


def test_fewer_test_lines_than_code_lines_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = project(tmp_path, "x = 1\ny = 2\n", tests="x = 1\n\n\n")

    code = main([str(root)])

    assert code == 1
    assert ">= 2 code lines" in capsys.readouterr().out
