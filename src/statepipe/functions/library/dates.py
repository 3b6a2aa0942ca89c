"""Dates and times: from how a text writes them to ISO 8601, and from there to any other way."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, Field, WithJsonSchema

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
from statepipe.functions.library.fields import FieldNames, FieldPath, Missing, kind_of, paths_of
from statepipe.functions.library.per_field import WrongValueError, per_field
from statepipe.functions.names import close_match

EPOCH = {"epoch": 1.0, "epoch_ms": 1000.0}
SAMPLE = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
FORMAT_HELP = (
    "`iso` (ISO 8601), `epoch` (seconds since 1970), `epoch_ms`, or what Python's strftime takes"
)
Formats = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    Field(min_length=1),
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


def zone_of(name: str | None, param: str) -> tzinfo | None:
    """Return a time zone by its IANA name. Raises ParamError."""
    if name is None:
        return None
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        match = close_match(name, available_timezones())
        advice = f"did you mean {match!r}?" if match else "a name as Europe/Berlin, or UTC"
        raise ParamError(param, f"there is no time zone {name!r}", advice) from error


def check_format(text: str, param: str) -> None:
    """Raise ParamError for a format with a directive that strptime does not know."""
    if text == "iso" or text in EPOCH:
        return
    if "%" not in text:
        raise ParamError(param, f"{text!r} is no format: it has no %", FORMAT_HELP)
    try:
        datetime.strptime(SAMPLE.strftime(text), text)
    except ValueError as error:
        if "bad directive" in str(error) or "stray %" in str(error):
            raise ParamError(param, f"{text!r} is no format: {error}", FORMAT_HELP) from error


def read(value: Any, text: str) -> datetime:
    """Return what `value` says in one format. Raises ValueError."""
    if text in EPOCH:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("not a number")
        return datetime.fromtimestamp(value / EPOCH[text], UTC)
    if not isinstance(value, str):
        raise ValueError("not text")
    return datetime.fromisoformat(value) if text == "iso" else datetime.strptime(value, text)


def instant(value: Any, path: FieldPath, rule: str) -> float:
    """Return seconds since 1970: a number is that already, a text is ISO 8601. FieldError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        moment = read(value, "iso")
    except ValueError:
        text = f"{shown_value(value)} is no time: a number of seconds, or ISO 8601"
        raise FieldError(path, text, rule) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


# -- parse_date ----------------------------------------------------------------------------


class ParseParams(Params):
    fields: FieldNames = Field(description="The dates to read.")
    format: Formats = Field(
        default=("iso",),
        description=f"How they are written: {FORMAT_HELP}. Of several, the first that fits.",
    )
    zone: str | None = Field(
        default=None, description="The time zone of those that name none, as Europe/Berlin."
    )
    utc: bool = Field(default=False, description="Whether to move them to UTC; needs a zone.")
    only_date: bool = Field(default=False, description="Whether to leave out the time.")
    missing: Missing = Field(default="skip", description="What to do if a field is not there.")


def parse_date(params: ParseParams, _bench: Bench) -> Made:
    zone = zone_of(params.zone, "zone")
    for text in params.format:
        check_format(text, "format")

    def change(value: Any) -> str:
        moment = first_reading(value, params.format)
        if zone is not None and moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        if params.utc:
            if moment.tzinfo is None:
                raise WrongValueError(f"{shown_value(value)} has no time zone, nor has `zone`")
            moment = moved(moment, UTC)
        return moment.date().isoformat() if params.only_date else moment.isoformat()

    fields = {path: path for path in paths_of(params.fields, "fields")}
    return per_field(fields, change, "parse_date", params.missing)


def moved(moment: datetime, zone: tzinfo) -> datetime:
    """Return the same moment in another zone; none lies outside the years 1 to 9999."""
    try:
        return moment.astimezone(zone)
    except OverflowError as error:
        raise WrongValueError("there is no such year in that time zone") from error


def first_reading(value: Any, formats: tuple[str, ...]) -> datetime:
    """Return what a value says in the first format that fits. Raises WrongValueError."""
    for text in formats:
        try:
            return read(value, text)
        except (ValueError, OverflowError, OSError):
            continue
    raise WrongValueError(f"{shown_value(value)} is no date as {' or '.join(formats)}")


PARSE_DATE = Builtin(
    "parse_date",
    "transform",
    "Reads dates and times, and writes them as ISO 8601.",
    ParseParams,
    parse_date,
    (
        Example(
            {"fields": "at", "format": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin", "utc": True},
            ({"at": "24.12.2025 18:30"},),
        ),
    ),
)


# -- format_date ---------------------------------------------------------------------------


class FormatParams(Params):
    fields: FieldNames = Field(description="Dates in ISO 8601.")
    format: str = Field(min_length=1, description=f"How to write them: {FORMAT_HELP}.")
    zone: str | None = Field(
        default=None, description="The time zone to write them in; those without one are UTC."
    )
    missing: Missing = Field(default="skip", description="What to do if a field is not there.")


def format_date(params: FormatParams, _bench: Bench) -> Made:
    zone = zone_of(params.zone, "zone")
    check_format(params.format, "format")

    def change(value: Any) -> Any:
        if not isinstance(value, str):
            raise WrongValueError(f"is {kind_of(value)}, not a date in ISO 8601")
        moment = first_reading(value, ("iso",))
        if zone is not None or params.format in EPOCH:
            known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            moment = moved(known, zone or UTC)
        return write(moment)

    def write(moment: datetime) -> Any:
        if params.format == "iso":
            return moment.isoformat()
        if params.format in EPOCH:
            number = moment.timestamp() * EPOCH[params.format]
            return int(number) if number.is_integer() else number
        return moment.strftime(params.format)

    fields = {path: path for path in paths_of(params.fields, "fields")}
    return per_field(fields, change, "format_date", params.missing)


FORMAT_DATE = Builtin(
    "format_date",
    "transform",
    "Writes dates in ISO 8601 in another way.",
    FormatParams,
    format_date,
    (Example({"fields": "on", "format": "%d.%m.%Y"}, ({"on": "2025-12-24"},)),),
)
