"""The shape of records: fields mapped, left out, replaced, flattened, split; several in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from statepipe.functions.builtin import (
    Bench,
    Builtin,
    Example,
    Fast,
    FieldError,
    Made,
    Nested,
    ParamError,
    Params,
    built,
    shown_path,
)
from statepipe.functions.expressions import X
from statepipe.functions.library.fields import (
    MISSING,
    FieldName,
    FieldNames,
    FieldPath,
    Missing,
    missing,
    path_of,
    paths_of,
    value_at,
    with_value,
    without,
)
from statepipe.functions.library.per_field import IS_TEXT, only_text, per_field
from statepipe.functions.library.validators import canonical
from statepipe.record import Record
from statepipe.short import shown

# -- map -----------------------------------------------------------------------------------


class MapParams(Params):
    fields: dict[FieldName, FieldName] = Field(
        min_length=1, description="New field -> the field that its value comes from."
    )
    others: Literal["drop", "keep"] = Field(
        default="drop", description="What becomes of fields that are not named as a source."
    )
    missing: Missing = Field(default="error", description="What to do if a source is not there.")


def map_(params: MapParams, _bench: Bench) -> Made:
    fields = {
        path_of(target, "fields"): path_of(source, "fields")
        for target, source in params.fields.items()
    }
    check_targets(fields)
    keeps = params.others == "keep"

    def transform(record: Record) -> Record:
        changed: Record = dict(record) if keeps else {}
        if keeps:
            for source in fields.values():
                changed = without(changed, source)
        for target, source in fields.items():
            value = value_at(record, source)
            if value is MISSING:
                if params.missing == "error":
                    raise missing(source, "map")
                if params.missing == "skip":
                    continue
                value = None
            changed = with_value(changed, target, value, "map")
        return changed

    simple = all(len(path) == 1 for pair in fields.items() for path in pair)
    return Made(transform, pure=True, fast=map_fast(fields) if simple and not keeps else None)


def check_targets(fields: Mapping[FieldPath, FieldPath]) -> None:
    """Raise ParamError where one target lies in another."""
    for target in fields:
        for other in fields:
            if other != target and target[: len(other)] == other:
                message = f"{shown_path(target)} lies in {shown_path(other)}, which is set, too"
                raise ParamError("fields", message, "leave out one of them")


def map_fast(fields: Mapping[FieldPath, FieldPath]) -> Fast:
    tests = dict.fromkeys(f"{source[0]!r} in data" for source in fields.values())
    items = (f"{target[0]!r}: data[{source[0]!r}]" for target, source in fields.items())
    return Fast(" and ".join(tests), f"{{{', '.join(items)}}}")


MAP = Builtin(
    "map",
    "transform",
    "Makes a record of fields of another, by dotted paths.",
    MapParams,
    map_,
    (
        Example(
            {"fields": {"id": "order.number", "who.name": "customer"}},
            ({"order": {"number": 7}, "customer": "Ada", "note": "-"},),
        ),
    ),
)


# -- filter --------------------------------------------------------------------------------


class FilterParams(Params):
    include: FieldNames | None = Field(default=None, description="Keep only these.")
    exclude: FieldNames | None = Field(default=None, description="Or: leave out these.")


def filter_(params: FilterParams, _bench: Bench) -> Made:
    if (params.include is None) == (params.exclude is None):
        raise ParamError((), "it needs either include or exclude", "give one of them")
    if params.exclude is not None:
        return leave_out(paths_of(params.exclude, "exclude"))
    return keep(paths_of(params.include or (), "include"))


def keep(paths: tuple[FieldPath, ...]) -> Made:
    def transform(record: Record) -> Record:
        kept: Record = {}
        for path in paths:
            value = value_at(record, path)
            if value is not MISSING:
                kept = with_value(kept, path, value, "filter")
        return kept

    fast = None
    if all(len(path) == 1 for path in paths):
        names = tuple(path[0] for path in paths)
        fast = Fast("True", f"{{name: data[name] for name in {names!r} if name in data}}")
    return Made(transform, pure=True, fast=fast)


def leave_out(paths: tuple[FieldPath, ...]) -> Made:
    def transform(record: Record) -> Record:
        kept: Record = dict(record)
        for path in paths:
            kept = without(kept, path)
        return kept

    fast = None
    if all(len(path) == 1 for path in paths):
        names = tuple(path[0] for path in paths)
        fast = Fast(
            "True", f"{{name: value for name, value in data.items() if name not in {names!r}}}"
        )
    return Made(transform, pure=True, fast=fast)


FILTER = Builtin(
    "filter",
    "transform",
    "Keeps some fields, or leaves some out. What is not there is no fault.",
    FilterParams,
    filter_,
    (Example({"exclude": ["password", "card.number"]}, ({"id": 1, "password": "x"},)),),
)


# -- replace -------------------------------------------------------------------------------


class ReplaceParams(Params):
    fields: FieldNames = Field(description="The values to look at.")
    values: dict[str, Any] = Field(default_factory=dict, description="Text -> what to put there.")
    pairs: tuple[tuple[Any, Any], ...] = Field(
        default=(), description="[old, new] for old values of any kind; null is one."
    )
    otherwise: Literal["keep", "null", "error"] = Field(
        default="keep", description="What becomes of other values."
    )
    missing: Missing = Field(default="skip", description="What to do if a field is not there.")


def replace(params: ReplaceParams, _bench: Bench) -> Made:
    table = {canonical(old): new for old, new in params.values.items()}
    table |= {canonical(old): new for old, new in params.pairs}
    if not table:
        raise ParamError((), "there is nothing to replace", "give  values: {old: new}")
    paths = paths_of(params.fields, "fields")

    def transform(record: Record) -> Record:
        changed: Record = dict(record)
        for path in paths:
            value = value_at(record, path)
            if value is MISSING and params.missing == "skip":
                continue
            if value is MISSING and params.missing == "error":
                raise missing(path, "replace")
            value = None if value is MISSING else new_value(path, value)
            changed = with_value(changed, path, value, "replace")
        return changed

    def new_value(path: FieldPath, value: Any) -> Any:
        key = canonical(value)
        if key in table:
            return fresh(table[key])
        if params.otherwise == "error":
            raise FieldError(path, f"{shown(value, 60)} is none of the values", "replace")
        return None if params.otherwise == "null" else value

    return Made(transform, pure=True)


def fresh(value: Any) -> Any:  # a JSON value
    """Return a value of the config's so that no two records share it."""
    if isinstance(value, dict):
        return {key: fresh(item) for key, item in value.items()}
    return [fresh(item) for item in value] if isinstance(value, list) else value


REPLACE = Builtin(
    "replace",
    "transform",
    "Replaces values by others.",
    ReplaceParams,
    replace,
    (Example({"fields": "size", "values": {"small": "S", "large": "L"}}, ({"size": "large"},)),),
)


# -- flatten, split ------------------------------------------------------------------------


class FlattenParams(Params):
    fields: FieldNames | None = Field(
        default=None, description="The objects to flatten. Default: all at the top."
    )
    separator: str = Field(default=".", min_length=1, description="What joins the names.")
    lists: bool = Field(default=False, description="Whether to flatten lists too, by number.")


def flatten(params: FlattenParams, _bench: Bench) -> Made:
    chosen = None if params.fields is None else frozenset(params.fields)

    def transform(record: Record) -> Record:
        flat: Record = {}
        for name, value in record.items():
            is_chosen = chosen is None or name in chosen
            for flat_name, inside in spread(name, value, params) if is_chosen else [(name, value)]:
                if flat_name in flat:
                    raise FieldError((flat_name,), "two fields get this name", "flatten")
                flat[flat_name] = inside
        return flat

    return Made(transform, pure=True)


def spread(name: str, value: Any, params: FlattenParams) -> Iterator[tuple[str, Any]]:
    """Yield what `value` holds, in order, with joined names. Not by recursion: it may be deep."""
    waiting = [(name, value)]
    while waiting:
        at, inside = waiting.pop()
        below = [(f"{at}{params.separator}{key}", item) for key, item in items_of(inside, params)]
        if below:
            waiting.extend(reversed(below))
        else:
            yield at, inside


def items_of(value: Any, params: FlattenParams) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if params.lists and isinstance(value, list) else []


FLATTEN = Builtin(
    "flatten",
    "transform",
    "Makes fields at the top of what lies in objects.",
    FlattenParams,
    flatten,
    (Example({"separator": "_"}, ({"id": 1, "at": {"x": 3, "y": {"z": 4}}},)),),
    notes="Empty objects and lists stay. Two fields that get one name fail the record.",
)


class SplitParams(Params):
    field: FieldName = Field(description="The text to split.")
    separator: str | None = Field(
        default=None, min_length=1, description="What parts it. Default: white space."
    )
    to: FieldName | None = Field(default=None, description="Where the list goes. Default: there.")
    trim: bool = Field(default=True, description="Whether to trim the parts.")
    drop_empty: bool = Field(default=False, description="Whether to leave out empty parts.")
    max: int | None = Field(default=None, ge=1, description="At most so many parts.")
    missing: Missing = Field(default="skip", description="What to do if the field is not there.")


def split(params: SplitParams, _bench: Bench) -> Made:
    most = -1 if params.max is None else params.max - 1
    source = path_of(params.field, "field")
    target = source if params.to is None else path_of(params.to, "to")

    def change(text: str) -> list[str]:
        parts = text.split(params.separator, most)
        if params.trim:
            parts = [part.strip() for part in parts]
        return [part for part in parts if part] if params.drop_empty else parts

    inline = f"{X}.split({params.separator!r}, {most})"
    if params.trim:
        inline = f"[part.strip() for part in {inline}]"
    return per_field(
        {source: target},
        only_text(change),
        "split",
        params.missing,
        inline=None if params.drop_empty else inline,
        guard=IS_TEXT,
    )


SPLIT = Builtin(
    "split",
    "transform",
    "Makes a list of a text.",
    SplitParams,
    split,
    (Example({"field": "tags", "separator": ","}, ({"tags": "red, green"},)),),
)


# -- chain ---------------------------------------------------------------------------------


class ChainParams(Params):
    steps: tuple[Nested, ...] = Field(
        min_length=1, description="Transforms, each as {name, params}, in this order."
    )


def chain(params: ChainParams, bench: Bench) -> tuple[Made, ...]:
    steps = built(params.steps, lambda each, index: bench.transforms(each, "steps", index))
    return tuple(made for several in steps for made in several)


CHAIN = Builtin(
    "chain",
    "transform",
    "Several transforms in order, under one name.",
    ChainParams,
    chain,
    (
        Example(
            {
                "steps": [
                    {"name": "split", "params": {"field": "tags", "separator": ","}},
                    {"name": "filter", "params": {"include": ["tags"]}},
                ]
            },
            ({"id": 1, "tags": "red, green"},),
        ),
    ),
    notes="It is the same as naming its steps one by one.",
)
