"""Tests of where a stream stands in its source."""

from __future__ import annotations

from statepipe.errors import RecordError
from statepipe.run.bookmark import Bookmark
from statepipe.run.chunk import ChunkResult, Failure
from statepipe.saved import Point


def result(end: Point | None, lines: int) -> ChunkResult:
    return ChunkResult(lines, {}, [], [], lines=lines, end=end)


def failure(line: int | None) -> Failure:
    return Failure(RecordError("no", role="read", error_type="E"), 0, line=line)


def test_it_stands_behind_the_last_result() -> None:
    bookmark = Bookmark()
    bookmark.on_result(result(Point(100, 4), 3))
    bookmark.on_chunk_end()
    bookmark.on_result(result(Point(180, 6), 2))

    assert bookmark.point == Point(180, 6)
    assert bookmark.line_of(failure(5)) == 5


def test_lines_of_ranges_are_counted_from_the_ranges_begin_also_when_it_comes_in_parts() -> None:
    bookmark = Bookmark(relative=True)
    bookmark.on_result(result(Point(100, 4), 3))
    bookmark.on_result(result(Point(150, 6), 2))
    in_first = bookmark.line_of(failure(5))
    bookmark.on_chunk_end()
    bookmark.on_result(result(Point(200, 3), 2))

    assert in_first == 5
    assert bookmark.point == Point(200, 8)
    assert bookmark.line_of(failure(1)) == 6


def test_it_goes_on_where_an_earlier_run_stood() -> None:
    bookmark = Bookmark(relative=True)
    bookmark.begin_at(Point(200, 8))
    bookmark.on_result(result(Point(230, 3), 2))

    assert bookmark.point == Point(230, 10)
    assert bookmark.line_of(failure(None)) is None


def test_a_source_without_bytes_has_no_points() -> None:
    bookmark = Bookmark()
    bookmark.begin_at(None)
    bookmark.on_result(result(None, 0))

    assert bookmark.point is None
