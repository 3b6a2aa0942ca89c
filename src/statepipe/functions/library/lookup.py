"""Lookup: what a table, from a file or a resource, has for the value of a field."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

from pydantic import Field

from statepipe.functions.builtin import (
    Bench,
    Builtin,
    Example,
    FieldError,
    Made,
    ParamError,
    Params,
    shown_value,
)
from statepipe.functions.library.fields import (
    MISSING,
    FieldName,
    FieldPath,
    kind_of,
    path_of,
    value_at,
    with_value,
)
from statepipe.functions.library.shaping import fresh
from statepipe.functions.names import close_match
from statepipe.functions.view import Context
from statepipe.record import Record

Table: TypeAlias = Mapping[str | None, Record]
Find: TypeAlias = Callable[[Any], Any]
"""From the value of the field to a row, or None."""


class LookupParams(Params):
    field: FieldName = Field(description="The field whose value is looked up.")
    file: str | None = Field(
        default=None,
        description="The table: a .csv, .json or .jsonl file, read once. The path counts from the "
        "config's folder.",
    )
    resource: str | None = Field(
        default=None,
        description="Or the name of a resource that gives rows: `sql` with a `lookup`, "
        "`cache`, or any object with a method `get`, as a dict.",
    )
    key: str | None = Field(
        default=None, description="The column of the file to look in. Default: the field's name."
    )
    take: dict[FieldName, str] = Field(
        default_factory=dict,
        description="Field -> the column that its value comes from. Default: all but the key.",
    )
    to: FieldName | None = Field(
        default=None, description="The object that the fields go into. Default: the record itself."
    )
    missing: Literal["ignore", "null", "error"] = Field(
        default="error",
        description="What to do if the table has no such row: nothing, write null, or fail.",
    )


def lookup(params: LookupParams, bench: Bench) -> Made:
    if (params.file is None) == (params.resource is None):
        raise ParamError((), "it needs a file or a resource", "give one of the two")
    source = path_of(params.field, "field")
    if params.file is not None:
        key = params.key or source[-1]
        table = table_of(bench.text_of(params.file, "file"), params.file, key)
        columns = list(dict.fromkeys(name for row in table.values() for name in row))
        targets = targets_of(params, [name for name in columns if name != key], columns)
        join = Join(params, source, targets)
        return Made(lambda record: join(record, lambda v: table.get(key_text(v))), pure=True)
    if params.key is not None:
        raise ParamError("key", "a resource has no columns to look in", "remove it")
    if params.missing == "null" and not params.take and params.to is None:
        raise ParamError("missing", "it is not known which fields to null", "give  take  or  to")
    assert params.resource is not None
    bench.check_rows(params.resource, "resource")
    join = Join(params, source, targets_of(params, [], None))
    # Not pure: what a resource gives is its own, and has to be copied.
    return Made(from_resource(params.resource, join), "data_context")


def from_resource(name: str, join: Join) -> Callable[[Record, Context], Record]:
    def transform(record: Record, context: Context) -> Record:
        return join(record, context.resources[name].get)

    return transform


class Join:
    """Puts what a row has into a record."""

    def __init__(
        self, params: LookupParams, source: FieldPath, targets: Mapping[FieldPath, str]
    ) -> None:
        self.source = source
        self.targets = targets
        self.missing = params.missing
        self.to = () if params.to is None else path_of(params.to, "to")

    def __call__(self, record: Record, find: Find) -> Record:
        value = value_at(record, self.source)
        row = None if value is MISSING or value is None else find(value)
        if row is None:
            return self.without_row(record, value)
        if not isinstance(row, Mapping):
            raise FieldError(self.source, f"its row is {kind_of(row)}, not an object", "lookup")
        targets = self.targets or {(*self.to, name): name for name in row}
        changed: Record = dict(record)
        for path, column in targets.items():
            changed = with_value(changed, path, fresh(row.get(column)), "lookup")
        return changed

    def without_row(self, record: Record, value: Any) -> Record:
        if self.missing == "error":
            text = "is missing" if value is MISSING else f"nothing is known of {shown_value(value)}"
            raise FieldError(self.source, text, "lookup", missing=value is MISSING)
        changed: Record = dict(record)
        if self.missing == "null":
            for path in self.targets or ([self.to] if self.to else []):
                changed = with_value(changed, path, None, "lookup")
        return changed


def targets_of(
    params: LookupParams, default: list[str], known: list[str] | None
) -> dict[FieldPath, str]:
    """Return where each column goes. Raises ParamError for one that the table does not have."""
    to = () if params.to is None else path_of(params.to, "to")
    for name, column in params.take.items():
        if known is not None and column not in known:
            match = close_match(column, known)
            advice = f"did you mean {match!r}?" if match else f"it has {', '.join(known)}"
            raise ParamError(("take", name), f"the table has no column {column!r}", advice)
    if params.take:
        return {(*to, *path_of(name, "take")): column for name, column in params.take.items()}
    return {(*to, name): name for name in default}


def key_text(value: Any) -> str | None:  # a JSON value
    """Return by what a value is found: whole numbers by their text, as a CSV file has them."""
    if isinstance(value, str):
        return value
    whole = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if whole else None


# -- reading a table -----------------------------------------------------------------------


def table_of(text: str, name: str, key: str) -> Table:
    """Return the rows of a file by their key. Raises ParamError for what is no table."""
    table: dict[str | None, Record] = {}
    for number, row in rows_of(text, name):
        where = f"row {number} of {name!r}"
        if not isinstance(row, dict):
            raise ParamError("file", f"{where} is {kind_of(row)}, not an object")
        if key not in row:
            match = close_match(key, row)
            advice = f"did you mean {match!r}?" if match else f"it has {', '.join(row)}"
            raise ParamError("file", f"{where} has no {key!r}", f"give `key`; {advice}")
        text_of_key = key_text(row[key])
        if text_of_key is None:
            raise ParamError("file", f"the {key!r} of {where} is neither text nor a whole number")
        if text_of_key in table:
            raise ParamError("file", f"{where} is a second one for {key} {text_of_key!r}")
        table[text_of_key] = row
    return table


def rows_of(text: str, name: str) -> Iterator[tuple[int, Any]]:
    """Yield the rows of a file by its suffix, numbered from 1. Raises ParamError."""
    suffix = name.rpartition(".")[2].lower()
    try:
        if suffix == "csv":
            yield from csv_rows(text)
        elif suffix == "jsonl":
            lines = (line for line in text.split("\n") if line.strip())
            yield from ((number, json.loads(line)) for number, line in enumerate(lines, start=1))
        elif suffix == "json":
            yield from enumerate(json_rows(json.loads(text)), start=1)
        else:
            message = f"{name!r} is no table that can be read"
            raise ParamError("file", message, "a table is a .csv, .json or .jsonl file")
    except (ValueError, csv.Error, RecursionError) as error:
        raise ParamError("file", f"{name!r} cannot be read: {error}") from error


def csv_rows(text: str) -> Iterator[tuple[int, Any]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    for number, row in enumerate(reader, start=1):
        if None in row or None in row.values():
            raise csv.Error(f"row {number} has not as many cells as the header")
        yield number, row


def json_rows(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ParamError("file", f"it holds {kind_of(value)}, not a list of objects")
    return value


LOOKUP = Builtin(
    "lookup",
    "transform",
    "Joins what a table has for the value of a field.",
    LookupParams,
    lookup,
    (
        Example(
            {"field": "city", "resource": "cities", "take": {"country": "in"}},
            ({"city": "Rom"},),
            {"cities": {"Rom": {"in": "IT", "people": 2_800_000}}},
        ),
    ),
    notes='A missing or null field has no row. Keys are compared by their text: 7 finds "7". '
    "What a file held when a run began is part of what its checkpoint is checked against.",
)
