"""JSON Schemas of states, as functions that validate a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from statepipe.errors import ConfigError, Place, Problem
from statepipe.functions.function import Function
from statepipe.record import Record

SHOWN = 240  # characters of a message, which holds the value whole

Verdict: TypeAlias = bool | tuple[bool, str]


def schema_function(schema: Mapping[str, Any], label: str, place: Place) -> Function:
    """Return a function that tells whether a record fits `schema`, compiled once.

    It gives True, or False and a reason that names the first field at fault and the rule.
    Raises ConfigError if the schema is invalid, refers to another document, or the extra
    `schema` is not installed.
    """
    try:
        import jsonschema_rs  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        advice = "install it: pip install 'statepipe[schema]'"
        message = f"{label} needs the package jsonschema-rs"
        raise ConfigError([Problem(place, message, advice)]) from error

    try:
        validator = jsonschema_rs.validator_for(dict(schema), retriever=_refuse)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise ConfigError(
            [Problem(place, f"{label} is not valid: {_first_line(error)}")]
        ) from error

    def check(record: Record) -> Verdict:
        try:
            for error in validator.iter_errors(record):
                return False, _reason(error.message, error.instance_path, error.schema_path)
        except ValueError as error:  # a set, a key that is no text, a lone surrogate
            return False, f"the record cannot be checked: {error}"
        return True

    return Function(label, check, "record", is_async=False, place=place)


def _refuse(uri: str) -> Any:
    raise ValueError(f"{uri} stands in another document, which is not yet supported")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _reason(message: str, instance_path: list[str | int], schema_path: list[str | int]) -> str:
    if len(message) > SHOWN:  # it begins with the value and ends with what is wrong
        message = f"{message[: SHOWN // 2]}...{message[-SHOWN // 2 :]}"
    rules = [part for part in schema_path if isinstance(part, str)]
    text = f"{message} (rule {rules[-1]!r})" if rules else message
    field = ".".join(map(str, instance_path))
    return f"field {field!r}: {text}" if field else text
