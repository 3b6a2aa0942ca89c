"""What to do about a record's failure, as one sentence."""

from __future__ import annotations

from difflib import get_close_matches

from statepipe.plan.refusals import NoOpenArcError, ResultTypeError, TransitionLimitError
from statepipe.record import Record

SHOWN_FIELDS = 8
MATCHED = 64  # characters and fields: matching is quadratic, and a stream may fail throughout


def hint_for(error: Exception, record: Record, role: str) -> str | None:
    """Return a remedy for `error`, or None where there is nothing worth saying."""
    if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str):
        return missing_field_hint(error.args[0], record)
    if isinstance(error, NoOpenArcError):
        return "add a last arc without a condition, to a state for what is left over"
    if isinstance(error, TransitionLimitError):
        return "make a condition of the loop close it, or raise max_transitions"
    if isinstance(error, ResultTypeError):
        return "return the new record as a dict, or None after changing it in place"
    if isinstance(error, TypeError) and "NoneType" in str(error):
        return none_hint(record)
    return None


def missing_field_hint(name: str, record: Record) -> str | None:
    """Return which field may have been meant, or which there are."""
    if name in record:
        return None
    fields = [key for key in record if isinstance(key, str)]
    close = get_close_matches(name[:MATCHED], fields[:MATCHED], n=1)
    if close:
        return f"the record has no field {name!r}; did you mean {close[0]!r}?"
    shown = ", ".join(map(repr, fields[:SHOWN_FIELDS])) or "none"
    more = ", ..." if len(fields) > SHOWN_FIELDS else ""
    return f"the record has no field {name!r}; its fields: {shown}{more}"


def none_hint(record: Record) -> str | None:
    empty = [repr(key) for key, value in record.items() if value is None]
    return f"these fields are null: {', '.join(empty[:SHOWN_FIELDS])}" if empty else None
