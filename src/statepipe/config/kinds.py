"""Kinds of values that a config holds: texts, numbers, truth, modes, secrets."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, SecretStr
from pydantic_core import PydanticCustomError

from statepipe.record import DataHandlingMode


def _known_mode(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _whole_number(value: object) -> object:
    if isinstance(value, bool | float):
        raise PydanticCustomError("int_type", "Input should be a whole number")
    return value


def _truth_value(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise PydanticCustomError("bool_type", "Input should be true or false")
    return value


def _number(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticCustomError("float_type", "Input should be a number")
    return value


def _shown_secret(_: SecretStr) -> str:
    return HIDDEN


HIDDEN = "**********"

Text = Annotated[str, Field(min_length=1, strict=True)]  # bytes are no text
# The text of a whole number or of true/false is taken too, as ${VAR} gives text.
Integer = Annotated[int, BeforeValidator(_whole_number)]
Count = Annotated[int, Field(ge=1), BeforeValidator(_whole_number)]
Size = Annotated[int, Field(ge=0), BeforeValidator(_whole_number)]
Wait = Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(_number)]
Limit = Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(_number)]
Rate = Annotated[float, Field(ge=1, allow_inf_nan=False), BeforeValidator(_number)]
Truth = Annotated[bool, BeforeValidator(_truth_value)]
Secret = Annotated[SecretStr, Field(min_length=1), PlainSerializer(_shown_secret, return_type=str)]
"""Never shown: not in errors, not in `fsm.config`, not in digests of the config."""
Mode = Annotated[DataHandlingMode, BeforeValidator(_known_mode)]


class Model(BaseModel):
    # Built at first use, not at import: a third of the time that this module takes to load.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
