"""Converting types: from the texts of a CSV file to numbers and truth values, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from pydantic import Field

from statepipe.functions.builtin import Bench, Builtin, Example, Made, Params, shown_value
from statepipe.functions.library.fields import FieldName, Missing, kind_of, path_of
from statepipe.functions.library.per_field import WrongValueError, per_field

Target = Literal["string", "integer", "number", "boolean"]
INTEGER = re.compile(r"[+-]?[0-9]+")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
TRUE = frozenset(("true", "yes", "y", "on", "t", "1"))
FALSE = frozenset(("false", "no", "n", "off", "f", "0"))


class ConvertParams(Params):
    types: dict[FieldName, Target] = Field(min_length=1, description="Field -> its new type.")
    strict: bool = Field(
        default=True,
        description="Only what loses nothing and can mean one thing. Else also: white space "
        "around, `42.0` as an integer, `yes`/`no`/`on`/`off`/`1`/`0` in any case as boolean, true "
        "and false as 1 and 0, lists and objects as JSON text.",
    )
    on_error: Literal["error", "null", "keep"] = Field(
        default="error", description="What to do with a value that cannot be converted."
    )
    missing: Missing = Field(default="skip", description="What to do if a field is not there.")


def refused(value: Any, target: Target) -> WrongValueError:
    return WrongValueError(f"{shown_value(value)} is no {target}")


def to_integer(value: Any, strict: bool) -> Any:
    if isinstance(value, bool):
        if strict:
            raise refused(value, "integer")
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        text = value if strict else value.strip()
        if INTEGER.fullmatch(text):
            return parsed(int, text)
        if not strict and NUMBER.fullmatch(text):
            value = parsed(float, text)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise refused(value, "integer")


def to_number(value: Any, strict: bool) -> Any:
    if isinstance(value, bool):
        return to_integer(value, strict)
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        text = value if strict else value.strip()
        if INTEGER.fullmatch(text):
            return parsed(int, text)
        if NUMBER.fullmatch(text):
            return parsed(float, text)
    raise refused(value, "number")


def parsed(read: Callable[[str], Any], text: str) -> Any:
    """Return the number that a text holds. Raises WrongValueError if it is too long or too big."""
    try:
        number = read(text)
    except ValueError as error:
        raise WrongValueError("the number has too many digits") from error
    if number - number != 0:
        raise WrongValueError(f"{shown_value(text)} is more than a number can be")
    return number


def to_string(value: Any, strict: bool) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict) and strict:
        raise refused(value, "string")
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise WrongValueError(f"{kind_of(value)} cannot be written as text") from error


def to_boolean(value: Any, strict: bool) -> Any:
    if isinstance(value, bool):
        return value
    if strict:
        if value in ("true", "false"):
            return value == "true"
        raise refused(value, "boolean")
    if isinstance(value, str | int):
        word = str(value).strip().lower()
        if word in TRUE or word in FALSE:
            return word in TRUE
    raise refused(value, "boolean")


Conversion: TypeAlias = Callable[[Any, bool], Any]
CONVERSIONS: Mapping[str, Conversion] = {
    "integer": to_integer,
    "number": to_number,
    "string": to_string,
    "boolean": to_boolean,
}


def convert(params: ConvertParams, _bench: Bench) -> Made:
    changes = {
        path_of(name, "types"): change_to(CONVERSIONS[target], params)
        for name, target in params.types.items()
    }
    return per_field({path: path for path in changes}, changes, "convert", params.missing)


def change_to(conversion: Conversion, params: ConvertParams) -> Callable[[Any], Any]:
    strict, on_error = params.strict, params.on_error

    def change(value: Any) -> Any:
        try:
            return conversion(value, strict)
        except WrongValueError:
            if on_error == "error":
                raise
            return value if on_error == "keep" else None

    return change


CONVERT = Builtin(
    "convert",
    "transform",
    "Gives fields the type they should have.",
    ConvertParams,
    convert,
    (
        Example(
            {"types": {"n": "integer", "price": "number", "paid": "boolean"}},
            ({"n": "3", "price": "9.90", "paid": "true"},),
        ),
    ),
    notes="Null stays null. The result is never NaN or infinite.",
)
