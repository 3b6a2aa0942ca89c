"""Functions are found again in the text that they were written in."""

from __future__ import annotations

import ast
import linecache
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from statepipe.builder.source import NoSourceError, definition_of, text_of


def source_of(function: Any) -> str:
    assert isinstance(function, FunctionType)
    return text_of(*definition_of(function))


def module_of(path: Path, text: str) -> dict[str, Any]:
    """Run a text as a module of its own file; return its names."""
    path.write_text(text, encoding="utf-8")
    names: dict[str, Any] = {"__name__": "made"}
    exec(compile(text, str(path), "exec", dont_inherit=True), names)
    return names


def test_lambdas_on_one_line_are_told_apart() -> None:
    one, two, three = (lambda s: s["a"]), (lambda s: s["b"]), (lambda s: s["a"])

    assert [source_of(each) for each in (one, two, three)] == [
        'lambda s: s["a"]',
        'lambda s: s["b"]',
        'lambda s: s["a"]',
    ]
    assert definition_of(one)[0].col_offset < definition_of(three)[0].col_offset


def test_lambdas_that_differ_in_constants_only_are_told_apart() -> None:
    some = [lambda s: 1, lambda s: True, lambda s: 1.0, lambda s: -0.0, lambda s: "1"]

    assert [source_of(each) for each in some] == [
        "lambda s: 1",
        "lambda s: True",
        "lambda s: 1.0",
        "lambda s: -0.0",
        'lambda s: "1"',
    ]


def test_a_lambda_within_a_lambda_is_told_from_it() -> None:
    outer = lambda s: lambda t: t  # noqa: E731 - what is tested

    assert source_of(outer) == "lambda s: lambda t: t"
    assert source_of(outer(None)) == "lambda t: t"


def test_a_lambda_over_several_lines_of_a_call_is_whole() -> None:
    def call(**keys: Any) -> Any:
        return keys["when"]

    found = call(
        first=1,
        when=lambda s: (
            s["é"] > 1  # a comment
            and s["b"]
        ),
    )

    assert source_of(found) == 'lambda s: (\n    s["é"] > 1  # a comment\n    and s["b"]\n)'


def test_text_in_a_lambda_stays_as_it_is() -> None:
    [found] = [
        lambda s: (
            """one
    two"""
        )
    ]

    assert ast.literal_eval(source_of(found).partition(": ")[2]) == found(None)


def test_what_stands_behind_wide_characters_is_found() -> None:
    pair = {"größe ☃ 😀": lambda s: s["ü"]}, lambda s: "☃"

    assert source_of(pair[0]["größe ☃ 😀"]) == 'lambda s: s["ü"]'
    assert source_of(pair[1]) == 'lambda s: "☃"'


def test_a_function_keeps_its_comments_and_loses_its_annotations() -> None:
    def clean(state: dict[str, Any]) -> dict[str, Any]:
        # why not
        inner: int = 3

        def two(x: int, *more: int, key: str = "->") -> int:
            return x

        return {"a": two(inner)}

    assert source_of(clean) == (
        "def clean(state):\n"
        "    # why not\n"
        "    inner: int = 3\n\n"
        '    def two(x, *more, key = "->"):\n'
        "        return x\n\n"
        '    return {"a": two(inner)}'
    )


def test_a_function_whose_text_goes_on_at_the_margin_is_written_anew() -> None:
    def odd(state: Any) -> Any:
        return """one
two"""

    text = source_of(odd)
    names: dict[str, Any] = {}
    exec(text, names)

    assert text.startswith("def odd(state):\n    return ")
    assert names["odd"](None) == "one\ntwo"


def test_an_async_function_is_found() -> None:
    async def later(state: Any) -> Any:
        return state

    assert source_of(later) == "async def later(state):\n    return state"


def test_futures_of_the_file_count(tmp_path: Path) -> None:
    text = "from __future__ import annotations\ndef f(s: Nowhere) -> Nowhere:\n    return s\n"

    assert source_of(module_of(tmp_path / "m.py", text)["f"]) == "def f(s):\n    return s"


def test_a_function_without_a_file_has_no_source() -> None:
    with pytest.raises(NoSourceError) as caught:
        source_of(eval("lambda s: 1"))

    assert str(caught.value) == "the file it is from, <string>, cannot be read"
    assert caught.value.advice.startswith("give the code as a text")


def test_a_file_that_was_changed_since_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    kept = module_of(path, "f = lambda s: s['a']\n")["f"]

    for text in ("f = lambda s: s['b']\n", "\nf = lambda s: s['a']\n", "f  = lambda s: s['a']\n"):
        path.write_text(text)
        linecache.clearcache()
        with pytest.raises(NoSourceError, match=r"m\.py:1 is not what was loaded from there"):
            source_of(kept)
    path.write_text("f = (")
    linecache.clearcache()
    with pytest.raises(NoSourceError, match=r"m\.py is no Python any more"):
        source_of(kept)
