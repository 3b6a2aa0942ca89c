"""Validators of what a record consists of: required, type, dependency, schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from statepipe.errors import ConfigError, Place
from statepipe.functions.builtin import (
    Bench,
    Builtin,
    Example,
    Fast,
    Made,
    ParamError,
    Params,
    shown_path,
    shown_value,
)
from statepipe.functions.library.fields import (
    MISSING,
    FieldName,
    FieldNames,
    FieldPath,
    kind_of,
    path_of,
    paths_of,
    value_at,
)
from statepipe.functions.library.validators import IfMissing, Verdict, canonical, refusal
from statepipe.functions.schema import schema_function
from statepipe.record import Record

# -- required ------------------------------------------------------------------------------


class RequiredParams(Params):
    fields: FieldNames = Field(description="These must be there.")
    null: bool = Field(default=False, description="Whether null will do.")
    empty: bool = Field(
        default=True, description="Whether empty text, an empty list or an empty object will do."
    )


def required(params: RequiredParams, _bench: Bench) -> Made:
    paths = paths_of(params.fields, "fields")

    def check(record: Record) -> Verdict:
        for path in paths:
            value = value_at(record, path)
            if value is MISSING:
                return refusal(path, "is missing", "required")
            if value is None and not params.null:
                return refusal(path, "is null", "required")
            if not params.empty and value in ("", [], {}):
                return refusal(path, "is empty", "required")
        return True

    fast = None
    if all(len(path) == 1 for path in paths):
        test = "{x!r} in data" if params.null else "data.get({x!r}) is not None"
        if not params.empty:
            test = "data.get({x!r})"  # what counts as false otherwise, as 0, is looked at slowly
        fast = Fast(" and ".join(test.format(x=path[0]) for path in paths))
        fast = fast if params.empty else Fast(f"bool({fast.guard})")
    return Made(check, pure=True, fast=fast)


REQUIRED = Builtin(
    "required",
    "validator",
    "Accepts a record that has these fields.",
    RequiredParams,
    required,
    (Example({"fields": ["id", "name"]}, ({"id": 1},)),),
)


# -- type ----------------------------------------------------------------------------------

TypeName = Literal["string", "integer", "number", "boolean", "array", "object", "null"]
CLASSES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
TypeNames = Annotated[
    tuple[TypeName, ...],
    Field(min_length=1),
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(CLASSES)},
                {"type": "array", "items": {"enum": list(CLASSES)}, "minItems": 1},
            ]
        }
    ),
]


class TypeParams(Params):
    types: dict[FieldName, TypeNames] = Field(
        min_length=1, description="Field -> its type, or a list of those that will do."
    )
    missing: IfMissing = Field(default="skip", description="What to do if a field is not there.")


def type_of(params: TypeParams, _bench: Bench) -> Made:
    wanted = {
        path_of(text, "types"): tuple(kind for name in names for kind in CLASSES[name])
        for text, names in params.types.items()
    }
    words = {path_of(text, "types"): " or ".join(names) for text, names in params.types.items()}

    def check(record: Record) -> Verdict:
        for path, kinds in wanted.items():
            value = value_at(record, path)
            if value is MISSING:
                if params.missing == "error":
                    return refusal(path, "is missing", "type")
            elif value.__class__ not in kinds:
                text = f"{shown_value(value)} is {kind_of(value)}, not {words[path]}"
                return refusal(path, text, "type")
        return True

    return Made(check, pure=True, fast=type_fast(wanted, params.missing))


def type_fast(wanted: Mapping[FieldPath, tuple[type, ...]], if_missing: IfMissing) -> Fast | None:
    tests = []
    for path, kinds in wanted.items():
        names = [kind.__name__ for kind in kinds if kind is not type(None)]
        nullable = len(names) < len(kinds)
        if len(path) > 1 or (nullable and if_missing == "error"):
            return None  # null and missing look alike to `get`
        test = f"data.get({path[0]!r})"
        known = f"{test}.__class__ in ({', '.join(names)},)" if names else "False"
        tests.append(f"({test} is None or {known})" if nullable else known)
    return Fast(" and ".join(tests))


TYPE = Builtin(
    "type",
    "validator",
    "Accepts a record whose fields have these types. true and false are no numbers.",
    TypeParams,
    type_of,
    (Example({"types": {"age": "integer", "name": ["string", "null"]}}, ({"age": "7"},)),),
)


# -- dependency, schema --------------------------------------------------------------------


class DependencyParams(Params):
    field: FieldName = Field(description="If this field is there and not null ...")
    value: Any = Field(default=None, description="... and, where given, has this value ...")
    needs: FieldNames = Field(description="... then these must be there and not null.")


def dependency(params: DependencyParams, _bench: Bench) -> Made:
    trigger, needs = path_of(params.field, "field"), paths_of(params.needs, "needs")
    wanted = None if params.value is None else canonical(params.value)

    def check(record: Record) -> Verdict:
        value = value_at(record, trigger)
        if value is MISSING or value is None:
            return True
        if wanted is not None and canonical(value) != wanted:
            return True
        for path in needs:
            if value_at(record, path) in (MISSING, None):
                because = f"is missing beside {shown_path(trigger)}"
                return refusal(path, because, "dependency")
        return True

    fast = None
    if all(len(path) == 1 for path in (trigger, *needs)):
        there = " and ".join(f"data.get({path[0]!r}) is not None" for path in needs)
        fast = Fast(f"data.get({trigger[0]!r}) is None or ({there})")
    return Made(check, pure=True, fast=fast)


DEPENDENCY = Builtin(
    "dependency",
    "validator",
    "Accepts a record that has what one of its fields makes necessary.",
    DependencyParams,
    dependency,
    (Example({"field": "card", "needs": ["expires"]}, ({"card": "4711"},)),),
)


class SchemaParams(Params):
    schema_: dict[str, Any] | None = Field(
        default=None, alias="schema", description="A JSON Schema."
    )
    file: str | None = Field(default=None, description="Or the path of a JSON file with one.")


def schema(params: SchemaParams, bench: Bench) -> Made:
    if (params.schema_ is None) == (params.file is None):
        raise ParamError((), "it needs a schema or a file with one", "give one of the two")
    given: Any = params.schema_
    if params.file is not None:
        try:
            given = json.loads(bench.text_of(params.file, "file"))
        except ValueError as error:
            raise ParamError("file", f"{params.file!r} holds no JSON: {error}") from error
    if not isinstance(given, dict):
        raise ParamError("file", f"{params.file!r} holds {kind_of(given)}, not a JSON Schema")
    try:
        function = schema_function(given, "the schema", Place())
    except ConfigError as error:
        [problem] = error.problems
        param = "schema" if params.file is None else "file"
        raise ParamError(param, problem.message, problem.advice) from error
    return Made(function.call, pure=True)


SCHEMA = Builtin(
    "schema",
    "validator",
    "Accepts a record that meets a JSON Schema. Compiled once.",
    SchemaParams,
    schema,
    (Example({"schema": {"required": ["id"]}}, ({"name": "x"},)),),
    notes="Needs the extra `schema`: pip install 'statepipe[schema]'.",
)
