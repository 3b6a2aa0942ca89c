"""Tests of refusing records that a memory limit has no room for."""

from __future__ import annotations

import sys

import orjson
import pytest

from statepipe.ports.items import Unreadable
from statepipe.run.fitting import (
    Allowance,
    FittedSource,
    allowance,
    fitted,
    fitted_source,
    text_weight,
)
from statepipe.run.options import StreamConfig
from tests.run.sources import ScriptedSource

ALLOWED = Allowance(memory_limit_mb=1, record_bytes=1000, weight=500_000)


def test_without_a_limit_everything_is_allowed() -> None:
    source = ScriptedSource([])

    assert allowance(StreamConfig()) is None
    assert fitted_source(source, None) is source


def test_what_is_no_source_of_bytes_stays() -> None:
    records = iter([{}])

    assert fitted_source(records, ALLOWED) is records


@pytest.mark.parametrize(
    ("asked", "record_bytes"), [(16 * 1024 * 1024, 4 * 1024 * 1024), (9, None)]
)
def test_the_limit_of_a_record_is_the_memorys_only_where_it_is_lower(
    asked: int, record_bytes: int | None
) -> None:
    allowed = allowance(StreamConfig(memory_limit_mb=64, max_record_bytes=asked))

    assert allowed is not None
    assert allowed.record_bytes == record_bytes


def test_an_oversized_record_is_told_with_the_memory_limit() -> None:
    item = Unreadable("record of 5000 bytes is over max_record_bytes (1000)", b"head", 5000, 1000)
    found = fitted(item, ALLOWED)

    assert isinstance(found, Unreadable)
    assert found.reason == (
        "record of 5000 bytes is over the 1000 that memory_limit_mb=1 allows one record; raise it"
    )
    assert (found.head, found.size) == (b"head", 5000)


def test_what_is_unreadable_for_another_reason_keeps_it() -> None:
    cut_off = Unreadable("cut off", b"head", 5000)
    own_limit = Unreadable("over max_record_bytes (60)", b"head", 5000, 60)

    assert fitted(cut_off, ALLOWED) is cut_off
    assert fitted(own_limit, ALLOWED) is own_limit


def test_a_small_text_of_many_objects_is_refused_and_a_plain_one_is_not() -> None:
    plain = b'{"a":"%s"}' % (b"x" * 9_000)
    bomb = b'{"a":[%s]}' % b",".join([b"[]"] * 3_000)
    found = fitted(bomb, ALLOWED)

    assert fitted(plain, ALLOWED) is plain
    assert isinstance(found, Unreadable)
    assert found.reason.startswith(f"record of {len(bomb)} bytes may take ")
    assert "over the 500000 that memory_limit_mb=1 allows one record; raise it" in found.reason
    assert (found.head, len(found)) == (bomb[:1024], len(bomb))


def size_of(value: object) -> int:
    if isinstance(value, dict):
        parts = sum(size_of(name) + size_of(item) for name, item in value.items())
    else:
        parts = sum(map(size_of, value)) if isinstance(value, list) else 0
    return sys.getsizeof(value) + parts


@pytest.mark.parametrize(
    "text",
    [
        b"[%s]" % b",".join([b"[]"] * 500),
        b"[%s]" % b",".join([b"{}"] * 500),
        b"[%s]" % b",".join([b"1.5"] * 500),
        b"[%s]" % b",".join([b"12345678901"] * 500),
        b"[%s]" % b",".join([b'"a"'] * 500),
        b'"%s"' % ("\U0001f600" * 500).encode(),
        b"{%s}" % b",".join(b'"k%d":0' % n for n in range(500)),
        b'{"a":' * 200 + b"1" + b"}" * 200,
    ],
)
def test_no_json_text_weighs_more_than_is_counted(text: bytes) -> None:
    assert size_of(orjson.loads(text)) <= text_weight(text)


def test_a_source_gives_its_items_fitted_and_is_otherwise_the_same() -> None:
    large = b'{"a":[%s]}' % b",".join([b"{}"] * 3_000)
    inner = ScriptedSource([[b'{"n":1}', large], [b'{"n":2}']])
    source = FittedSource(inner, ALLOWED)
    reader = source.open()
    first, second = reader.read(), reader.read()
    reader.close()

    assert first is not None and second is not None
    assert [type(item) for item in first.items] == [bytes, Unreadable]
    assert second.items == [b'{"n":2}']
    assert first.size == len(large) + 9
    assert (source.name, source.live, source.decoder) == (inner.name, inner.live, inner.decoder)
    assert (source.total_bytes, source.splittable) == (None, False)
    assert inner.closed == 1
