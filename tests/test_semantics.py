"""The rules of docs/semantics.md that only a whole stream can show; and that each has its test."""

import ast
import asyncio
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from statepipe import AsyncSimpleFSM, SimpleFSM

ROOT = Path(__file__).parent.parent
RULES = (ROOT / "docs" / "semantics.md").read_text(encoding="utf-8")
NAMED_TESTS = re.findall(r"\(test: (\S+?)::(\w+)\)", RULES)

ROUTED: dict[str, Any] = {
    "name": "routed",
    "states": {
        "a": {
            "initial": True,
            "arcs": [
                {"target": "good", "condition": "data['n'] > 0"},
                {"target": "bad", "condition": "data['n'] < 0"},
            ],
        },
        "good": {"end": True},
        "bad": {"end": True},
    },
}


@cache
def named_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(node.name for node in tree.body if isinstance(node, kinds))


@pytest.mark.parametrize(("file", "test"), sorted(set(NAMED_TESTS)))
def test_every_test_that_a_rule_names_is_there(file: str, test: str) -> None:
    assert test in named_in(file)


def test_every_rule_names_a_test_and_rules_are_numbered_through() -> None:
    rules = re.findall(r"^(\d+)\. (.*?)(?=^\d+\. |^#|\Z)", RULES, flags=re.DOTALL | re.MULTILINE)

    assert [int(number) for number, _ in rules] == list(range(1, len(rules) + 1))
    assert [number for number, text in rules if "(test: " not in text] == []
    assert RULES.count("(test:") == len(NAMED_TESTS)


def streamed(config: dict[str, Any], source: Any, **options: Any) -> tuple[Any, list[Any]]:
    written: list[Any] = []
    with SimpleFSM(config) as fsm:
        return fsm.process_stream(source, written.append, **options), written


def lines(tmp_path: Path, *texts: str) -> str:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(text + "\n" for text in texts), encoding="utf-8")
    return str(path)


def test_a_malformed_line_fails_and_the_stream_goes_on(tmp_path: Path) -> None:
    source = lines(tmp_path, '{"n": 1}', '{"n": ', "[1]", "3", '{"n": 2}')
    result, written = streamed(ROUTED, source)

    assert written == [{"n": 1}, {"n": 2}]
    assert (result.total_records, result.failed, result.malformed) == (5, 3, 3)


def test_numbers_and_keys_are_read_as_python_reads_them(tmp_path: Path) -> None:
    long = 10**3999 + 1
    source = lines(
        tmp_path, f'{{"n": {long}}}', '{"n": 1, "n": 2}', '{"n": NaN}', '{"n": Infinity}'
    )
    result, written = streamed(ROUTED, source)

    assert written == [{"n": long}, {"n": 2}]
    assert result.malformed == 2


def test_a_state_may_be_start_and_end_at_once() -> None:
    config = {"name": "one", "states": {"a": {"start": True, "end": True, "transform": "{'x': 1}"}}}
    with SimpleFSM(config) as fsm:
        done = fsm.process({})

    assert (done.final_state, done.path, done.data) == ("a", ["a"], {"x": 1})


def test_the_transition_that_is_one_too_many_changes_nothing() -> None:
    loop = {"target": "a", "transform": "{'n': data['n'] + 1}"}
    config = {
        "name": "loop",
        "max_transitions": 3,
        "states": {"a": {"start": True, "arcs": [loop]}},
    }
    with SimpleFSM(config) as fsm:
        done = fsm.process({"n": 0})

    assert done.error == "more than 3 transitions, in the loop a -> a"
    assert (done.data, done.path) == ({"n": 3}, ["a"] * 4)


def test_records_are_written_to_the_sink_of_their_end_state() -> None:
    good: list[Any] = []
    bad: list[Any] = []
    with SimpleFSM(ROUTED) as fsm:
        fsm.process_stream(
            [{"n": 1}, {"n": -1}, {"n": 2}], {"good": good.append, "bad": bad.append}
        )

    assert good == [{"n": 1}, {"n": 2}]
    assert bad == [{"n": -1}]
    assert streamed(ROUTED, [{"n": 1}, {"n": -1}])[1] == [{"n": 1}, {"n": -1}]


def test_an_end_state_may_keep_its_records_to_itself() -> None:
    quiet = {"end": True, "emit_output": False}
    config = {**ROUTED, "states": {**ROUTED["states"], "bad": quiet}}
    result, written = streamed(config, [{"n": 1}, {"n": -1}])

    assert written == [{"n": 1}]
    assert (result.emitted, result.excluded_by_state) == (1, {"bad": 1})


def test_a_sink_holds_its_records_in_the_order_of_the_input() -> None:
    async def slow(state: Any) -> Any:
        await asyncio.sleep(0.001 * (state.data["n"] % 4))
        return state.data

    arcs = ROUTED["states"]["a"]["arcs"]
    start = {"initial": True, "transform": slow, "arcs": arcs}
    config = {**ROUTED, "states": {**ROUTED["states"], "a": start}}
    records = [{"n": n} for n in range(1, 40)]
    written: list[Any] = []

    async def stream() -> None:
        async with AsyncSimpleFSM(config) as fsm:
            await fsm.process_stream(iter(records), written.append, chunk_size=7)

    asyncio.run(stream())

    assert written == records


@pytest.mark.parametrize("chunk_size", [1, 3, 100])
def test_the_numbers_add_up(tmp_path: Path, chunk_size: int) -> None:
    texts = [json.dumps({"n": n % 5 - 2}) for n in range(50)] + ["{}", "nonsense", '{"n": "x"}']
    result, written = streamed(ROUTED, lines(tmp_path, *texts), chunk_size=chunk_size)

    assert result.total_records == len(texts) == result.successful + result.failed
    assert (result.failed, result.malformed) == (13, 1)
    assert result.by_state == {"good": 20, "bad": 20}
    assert sum(result.by_state.values()) == result.successful == len(written) == result.emitted
