"""Dead letters, and strategies of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from statepipe.errors import Place, RecordError, Span
from statepipe.letters.envelope import Kept
from statepipe.letters.letter import DeadLetter
from statepipe.record import Position

JSON_FORMAT = {"name": "json", "skip_empty_lines": True}

texts = st.text(st.characters(categories=["L", "N", "P", "Cc", "Cs", "Zs"]), max_size=8)
formats = st.one_of(
    st.none(),
    st.just(JSON_FORMAT),
    st.builds(
        lambda skip, name: {"name": "text", "skip_empty_lines": skip, "field": name},
        st.booleans(),
        texts,
    ),
    st.builds(
        lambda delimiter, columns: {
            "name": "csv",
            "skip_empty_lines": False,
            "delimiter": delimiter,
            "columns": columns,
        },
        st.sampled_from(",;\t"),
        st.lists(texts, max_size=3),
    ),
)
counts = st.integers(0, 2**40)
positions = st.builds(Position, counts, st.none() | counts, st.none() | counts)
spans = st.builds(
    lambda line, text, start: Span(Place("flow.yaml:1:1", line=line), text, start, start + 1),
    counts,
    texts,
    st.integers(0, 5),
)


def letter(original: bytes | None = b'{"id":1}', **facts: Any) -> DeadLetter:
    """Return a letter of machine Shop; `facts` are fields of it, or of its error."""
    error = RecordError(
        facts.pop("message", "KeyError: 'price'"),
        role=facts.pop("role", "transform"),
        error_type=facts.pop("error_type", "KeyError"),
        state=facts.pop("state", "enrich"),
        arc=facts.pop("arc", None),
        path=facts.pop("path", ("in", "enrich")),
        position=facts.pop("position", Position(41, 900, 43)),
        place=facts.pop("place", None),
        span=facts.pop("span", None),
        hint=facts.pop("hint", None),
    )
    whole = DeadLetter(error, original, "in.jsonl", JSON_FORMAT, "Shop", ("Shop",), "abc", 1)
    return replace(whole, **facts)


letters = st.builds(
    letter,
    st.none() | st.binary(max_size=20),
    message=texts,
    state=st.none() | texts,
    arc=st.none() | texts,
    path=st.lists(texts, max_size=3).map(tuple),
    position=st.none() | positions,
    span=st.none() | spans,
    hint=st.none() | texts,
    source=texts,
    format=formats,
    machines=st.lists(texts, max_size=2).map(tuple),
    attempts=st.integers(1, 9),
    kept=st.sampled_from(Kept),
    record=st.none() | texts,
)
