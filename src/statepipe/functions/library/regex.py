"""Regular expressions: parts of a text as fields, and texts with matches replaced."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from statepipe.functions.builtin import (
    Bench,
    Builtin,
    Example,
    FieldError,
    Made,
    ParamError,
    Params,
)
from statepipe.functions.library.fields import (
    MISSING,
    FieldName,
    FieldNames,
    Missing,
    kind_of,
    missing,
    path_of,
    paths_of,
    value_at,
    with_value,
)
from statepipe.functions.library.per_field import only_text, per_field
from statepipe.functions.library.validators import compiled
from statepipe.record import Record


class ExtractParams(Params):
    field: FieldName = Field(description="The text to look into.")
    pattern: str = Field(description="A regular expression; each named group becomes a field.")
    to: dict[FieldName, str | int] = Field(
        default_factory=dict,
        description="Field -> the name or number of its group. Default: a field for each name.",
    )
    no_match: Literal["error", "skip", "null"] = Field(
        default="error", description="What to do if nothing matches: `null` writes null."
    )
    missing: Missing = Field(default="error", description="What to do if the field is not there.")


def regex_extract(params: ExtractParams, _bench: Bench) -> Made:
    expression = compiled(params.pattern, "pattern")
    source = path_of(params.field, "field")
    targets = {
        path_of(name, "to"): group_of(group, expression, name) for name, group in params.to.items()
    } or {(name,): name for name in expression.groupindex}
    if not targets:
        message = "the pattern has no named groups, and `to` names none"
        raise ParamError("pattern", message, "write (?P<name>...), or give  to: {field: 1}")

    def extract(record: Record) -> Record:
        value = value_at(record, source)
        if value is MISSING or value is None:
            if value is MISSING and params.missing == "error":
                raise missing(source, "regex_extract")
            return filled(record, None) if params.missing == "null" else dict(record)
        if not isinstance(value, str):
            raise FieldError(source, f"is {kind_of(value)}, not text", "regex_extract")
        match = expression.search(value)
        if match is None and params.no_match == "error":
            raise FieldError(source, f"does not match {params.pattern!r}", "regex_extract")
        if match is None and params.no_match == "skip":
            return dict(record)
        return filled(record, match)

    def filled(record: Record, match: re.Match[str] | None) -> Record:
        changed: Record = dict(record)
        for path, group in targets.items():
            value = match[group] if match is not None else None
            changed = with_value(changed, path, value, "regex_extract")
        return changed

    return Made(extract, pure=True)


def group_of(group: str | int, expression: re.Pattern[str], target: str) -> str | int:
    """Return the group if the pattern has it. Raises ParamError."""
    known = [*expression.groupindex, *range(expression.groups + 1)]
    number = int(group) if isinstance(group, str) and group.isdecimal() else group
    if number not in known:
        names = ", ".join(map(str, known))
        raise ParamError(("to", target), f"the pattern has no group {group!r}", f"it has {names}")
    return number


REGEX_EXTRACT = Builtin(
    "regex_extract",
    "transform",
    "Makes fields of the parts of a text that a regular expression finds.",
    ExtractParams,
    regex_extract,
    (
        Example(
            {"field": "line", "pattern": r"(?P<level>[A-Z]+): (?P<text>.*)"},
            ({"line": "WARN: low on ink"},),
        ),
    ),
    notes="A group that took no part in the match gives null.",
)


class RegexReplaceParams(Params):
    fields: FieldNames = Field(description="The texts to change.")
    pattern: str = Field(description="A regular expression: what to replace.")
    by: str = Field(
        default="", description=r"What stands there instead; \1 or \g<name> is a group."
    )
    count: int = Field(default=0, ge=0, description="At most so many in a text; 0 for all.")
    missing: Missing = Field(default="skip", description="What to do if a field is not there.")


def regex_replace(params: RegexReplaceParams, _bench: Bench) -> Made:
    expression, by, count = compiled(params.pattern, "pattern"), params.by, params.count
    try:
        expression.sub(by, "")
        re.compile(f"(?:{params.pattern})|").sub(by, "")  # reads the groups that `by` names
    except (re.error, IndexError) as error:
        raise ParamError("by", f"it cannot be put in the place of a match: {error}") from error

    def change(text: str) -> str:
        return expression.sub(by, text, count)

    fields = {path: path for path in paths_of(params.fields, "fields")}
    return per_field(fields, only_text(change), "regex_replace", params.missing)


REGEX_REPLACE = Builtin(
    "regex_replace",
    "transform",
    "Replaces what a regular expression finds in texts.",
    RegexReplaceParams,
    regex_replace,
    (
        Example(
            {"fields": "phone", "pattern": r"[^0-9+]", "by": ""}, ({"phone": "+49 (30) 12-34"},)
        ),
    ),
)
