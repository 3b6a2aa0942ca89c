"""No option is accepted and ignored, or accepted and misread."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from statepipe import AsyncSimpleFSM, SimpleFSM, StreamTimeoutError, UsageError

CONFIG = {
    "states": [{"name": "a", "is_start": True}, {"name": "z", "is_end": True}],
    "arcs": [{"from": "a", "to": "z"}],
}


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"data_mode": "direct"}, "data_mode must be a DataHandlingMode, not 'direct'"),
        ({"trusted": "no"}, "trusted must be True, False or None, not 'no'"),
        ({"trusted": 0}, "trusted must be True, False or None, not 0"),
        ({"resources": 5}, "resources must be a mapping from names, not an int"),
        ({"custom_functions": [len]}, "custom_functions must be a mapping from names, not a list"),
        ({"stream_config": {}}, "stream_config must be a StreamConfig, not a dict"),
    ],
)
@pytest.mark.parametrize("make", [SimpleFSM, AsyncSimpleFSM])
def test_an_option_of_the_wrong_kind_is_refused(make: Any, option: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make(CONFIG, **option)


def test_a_callback_that_cannot_be_called_is_refused_before_anything_is_read() -> None:
    source = iter([{"n": 1}])

    with pytest.raises(UsageError, match="on_progress must be callable, which an int is not"):
        SimpleFSM(CONFIG).process_stream(source, on_progress=5)  # type: ignore[arg-type]
    assert next(source) == {"n": 1}


def test_a_stream_whose_only_chunk_takes_too_long_is_late(tmp_path: Path) -> None:
    def slow(state: Any) -> None:
        time.sleep(0.05)

    config = {**CONFIG, "states": [{**CONFIG["states"][0], "transform": slow}, CONFIG["states"][1]]}  # type: ignore[dict-item]
    sink = tmp_path / "out.jsonl"

    with pytest.raises(StreamTimeoutError, match=r"the stream took longer than 0\.1 s"):
        SimpleFSM(config).process_stream([{}] * 4, sink, timeout=0.1)
    assert not sink.exists()


@pytest.mark.parametrize("name", ["use_streaming", "csv_has_header", "skip_empty_lines"])
def test_the_text_no_does_not_count_as_true(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} must be True or False, not 'no'"):
        SimpleFSM(CONFIG).process_stream([{}], **{name: "no"})


def numbers() -> Any:
    yield {"n": 1}


async def numbers_async() -> Any:
    yield {"n": 1}


async def numbers_later() -> Any:
    return [{"n": 1}]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (numbers, r"not a function; call it: numbers\(\)$"),
        (numbers_async, r"not a function; call it: numbers_async\(\)$"),
        (numbers_later(), "not a coroutine; await it$"),
        ({"n": 1}, "not a dict; put it in a list$"),
        (5, "not an int$"),
    ],
)
def test_what_is_no_source_is_refused_with_what_was_likely_meant(source: Any, said: str) -> None:
    with pytest.raises(UsageError, match=f"a source must be a path, an iterable, .*, {said}"):
        SimpleFSM(CONFIG).process_stream(source)


def test_what_is_no_sink_is_refused_with_what_was_likely_meant(tmp_path: Path) -> None:
    fsm = SimpleFSM(CONFIG)

    with pytest.raises(UsageError, match=r"or None, not a list; give its `append`$"):
        fsm.process_stream([{}], [])
    with (
        open(tmp_path / "a", "w", encoding="utf-8") as file,
        pytest.raises(UsageError, match=r"or None, not a TextIOWrapper; give its path$"),
    ):
        fsm.process_stream([{}], file)
