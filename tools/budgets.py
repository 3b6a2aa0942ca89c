"""The budgets of the house style, measured on src: prints a table, exits 1 if one is exceeded.

What is counted:
- A function's length is its lines from `def` to its end, without decorators and docstring. A
  function inside another counts on its own and in the outer one. Declarations without a body
  (protocol methods, overloads) are not counted: they would only make the median look better.
- A file's length is all its lines. `__init__.py` files stay out of the median, not out of the
  maximum.
- Code lines and test lines are lines that are not blank, in src and tests.
- Complexity is checked by ruff (C901), the layers and import cycles by import-linter.
- A broad `except` (unless it ends with a bare `raise`), a `hasattr` or a `getattr` needs an entry
  with its reason in `tools/exceptions.toml`; an entry that fits nothing is an error, too.
- `type: ignore`, `noqa` and `pragma: no cover` need a reason behind them on the same line.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FUNCTION_MEDIAN, FUNCTION_P90, FUNCTION_MAX = 8, 25, 60
FILE_MEDIAN, FILE_MAX = 200, 400
SHORTEST_REASON = 12

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
WAIVER = re.compile(
    r"#\s*(?:type:\s*ignore(?:\[[^\]]*\])?|noqa(?::[\s\w,]*?\d+)?|pragma: no cover)"
)


@dataclass(frozen=True, slots=True)
class Named:
    """Something with a length: `name` is `file::function`, or the file."""

    name: str
    lines: int


@dataclass(frozen=True, slots=True)
class Use:
    """A place that needs a reason. `name` is `file::function`, `file` where at module level."""

    kind: str
    name: str
    line: int


@dataclass(slots=True)
class Measure:
    """What was found in the files of one tree."""

    functions: list[Named] = field(default_factory=list)
    files: list[Named] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    waivers: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `offenders` are the names that exceed the limit."""

    budget: str
    found: int
    limit: str
    kept: bool
    offenders: tuple[str, ...] = ()


def percentile(values: Iterable[int], share: float) -> int:
    """Return the smallest value that at least `share` of `values` do not exceed; 0 for none."""
    ordered = sorted(values)
    if not ordered:
        return 0
    rank = -int(-share * len(ordered) // 1)  # rounds up
    return ordered[max(rank, 1) - 1]


def function_lines(node: FunctionNode) -> int:
    """Return the lines of `node` without decorators and docstring; 0 for a bare declaration."""
    docstring = node.body[0] if ast.get_docstring(node, clean=False) is not None else None
    body = node.body[1:] if docstring else node.body
    if not body or all(is_ellipsis(statement) for statement in body):
        return 0
    hidden = docstring.end_lineno - docstring.lineno + 1 if docstring else 0  # type: ignore[operator]  # parsed nodes have an end
    return (node.end_lineno or node.lineno) - node.lineno + 1 - hidden


def is_ellipsis(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and statement.value.value is ...
    )


def walk_named(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield each node below `node` with the dotted name of what it stands in."""
    for child in ast.iter_child_nodes(node):
        yield prefix, child
        inner = prefix
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{prefix}.{child.name}" if prefix else child.name
        yield from walk_named(child, inner)


def use_kind(node: ast.AST) -> str | None:
    """Return which section of exceptions.toml `node` needs an entry in, or None."""
    if isinstance(node, ast.ExceptHandler):
        return "broad_except" if is_broad(node.type) and not passes_on(node) else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return "probing" if node.func.id in ("hasattr", "getattr") else None
    return None


def passes_on(handler: ast.ExceptHandler) -> bool:
    """Return whether `handler` ends with a bare `raise`: it cleans up and hides nothing."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def is_broad(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(is_broad(element) for element in caught.elts)
    return caught is None or (
        isinstance(caught, ast.Name) and caught.id in ("Exception", "BaseException")
    )


def unexplained_waivers(text: str) -> Iterator[int]:
    """Yield the lines of waiver comments that have no reason behind them."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and WAIVER.search(token.string):
            reason = WAIVER.sub("", token.string).strip(" #-:")
            if len(reason) < SHORTEST_REASON:
                yield token.start[0]


def measure_file(text: str, name: str, found: Measure) -> None:
    """Add what stands in `text` to `found`."""
    found.files.append(Named(name, text.count("\n")))
    found.waivers += [f"{name}:{line}" for line in unexplained_waivers(text)]
    for prefix, node in walk_named(ast.parse(text), ""):
        inside = f"{name}::{prefix}" if prefix else name
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            own = f"{prefix}.{node.name}" if prefix else node.name
            if lines := function_lines(node):
                found.functions.append(Named(f"{name}::{own}", lines))
        elif kind := use_kind(node):
            found.uses.append(Use(kind, inside, node.lineno))  # type: ignore[attr-defined]  # calls and handlers have a line


def measure(source: Path) -> Measure:
    found = Measure()
    for path in sorted(source.rglob("*.py")):
        measure_file(path.read_text(encoding="utf-8"), path.relative_to(source).as_posix(), found)
    return found


def filled_lines(folder: Path) -> int:
    """Return how many lines of all Python files in `folder` are not blank."""
    texts = (path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    return sum(bool(line.strip()) for text in texts for line in text.splitlines())


def length_rows(what: str, items: list[Named], limits: Mapping[float, int], top: int) -> list[Row]:
    rows = []
    for share, limit in limits.items():
        value = percentile((item.lines for item in items), share)
        label = "median" if share == 0.5 else f"p{share * 100:.0f}"
        rows.append(Row(f"{what}, {label}", value, f"<= {limit}", value <= limit))
    longest = max((item.lines for item in items), default=0)
    over = tuple(f"{item.name} ({item.lines} lines)" for item in items if item.lines > top)
    return [*rows, Row(f"{what}, longest", longest, f"<= {top}", not over, over)]


def file_rows(files: list[Named]) -> list[Row]:
    counted = [item for item in files if not item.name.endswith("__init__.py")]
    (median, _) = length_rows("file lines", counted, {0.5: FILE_MEDIAN}, FILE_MAX)
    (longest,) = length_rows("file lines", files, {}, FILE_MAX)
    return [median, longest]


def use_row(kind: str, label: str, uses: list[Use], reasons: Mapping[str, str]) -> Row:
    """Compare the places of `kind` with their entries, both ways."""
    mine = [use for use in uses if use.kind == kind]
    offenders = [f"{use.name} (line {use.line})" for use in mine if use.name not in reasons]
    names = {use.name for use in mine}
    offenders += [f"exceptions.toml: {name!r} fits nothing" for name in reasons.keys() - names]
    offenders += [
        f"exceptions.toml: {name!r} has no reason"
        for name, reason in reasons.items()
        if len(reason) < SHORTEST_REASON
    ]
    return Row(label, len(mine), "each with a reason", not offenders, tuple(offenders))


def table(
    found: Measure, reasons: Mapping[str, Mapping[str, str]], code: int, test: int
) -> list[Row]:
    limits = {0.5: FUNCTION_MEDIAN, 0.9: FUNCTION_P90}
    return [
        *length_rows("function lines", found.functions, limits, FUNCTION_MAX),
        *file_rows(found.files),
        use_row("broad_except", "broad excepts", found.uses, reasons.get("broad_except", {})),
        use_row("probing", "hasattr, getattr", found.uses, reasons.get("probing", {})),
        Row(
            "waivers without reason",
            len(found.waivers),
            "0",
            not found.waivers,
            tuple(found.waivers),
        ),
        Row("test lines", test, f">= {code} code lines", test >= code),
    ]


def print_table(rows: list[Row]) -> None:
    for row in rows:
        mark = "ok" if row.kept else "EXCEEDED"
        print(f"{row.budget:<24}{row.found:>7}   {row.limit:<22}{mark}")
        for name in row.offenders:
            print(f"    {name}")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Check the budgets of the house style.")
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).parent.parent)
    root: Path = parser.parse_args(arguments).root
    reasons = tomllib.loads((root / "tools" / "exceptions.toml").read_text(encoding="utf-8"))
    found = measure(root / "src")
    rows = table(found, reasons, filled_lines(root / "src"), filled_lines(root / "tests"))
    print_table(rows)
    return 0 if all(row.kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
