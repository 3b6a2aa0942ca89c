"""Enriching: fields added, as constants or made from other fields by templates."""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

from pydantic import Field

from statepipe.functions.builtin import (
    Bench,
    Builtin,
    Example,
    Fast,
    FieldError,
    Made,
    ParamError,
    Params,
)
from statepipe.functions.expressions import literal
from statepipe.functions.library.fields import (
    MISSING,
    FieldName,
    FieldPath,
    Missing,
    kind_of,
    missing,
    path_of,
    value_at,
    with_value,
)
from statepipe.functions.library.shaping import fresh
from statepipe.record import Record

PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")

Template: TypeAlias = tuple[str | FieldPath, ...]
"""Texts, and the fields between them."""


class EnrichParams(Params):
    values: dict[FieldName, Any] = Field(
        default_factory=dict, description="Field -> what to put there."
    )
    templates: dict[FieldName, str] = Field(
        default_factory=dict,
        description="Field -> a text with fields in it, as in `{first} {name.last}`; `{{` stands "
        "for `{`. They see the record as it was before.",
    )
    only_missing: bool = Field(
        default=False, description="Whether to leave alone what is there and not null."
    )
    missing: Missing = Field(
        default="error", description="What to do if a field of a template is missing or null."
    )


def template_of(text: str, target: str) -> Template:
    """Return a template's parts. Only fields are looked up: no attributes, no formats."""
    parts: list[str | FieldPath] = []
    at = 0
    for piece in PIECE.finditer(text):
        parts.append(text[at : piece.start()])
        at = piece.end()
        if piece[0] in ("{{", "}}"):
            parts.append(piece[0][0])
        elif piece[1]:
            parts.append(path_of(piece[1], "templates"))
        else:
            message = f"the template has a stray {piece[0]!r} at character {piece.start() + 1}"
            raise ParamError(("templates", target), message, "write {field}; {{ stands for {")
    parts.append(text[at:])
    return tuple(part for part in parts if part)


def enrich(params: EnrichParams, _bench: Bench) -> Made:
    constants = {path_of(name, "values"): value for name, value in params.values.items()}
    templates = {
        path_of(name, "templates"): template_of(text, name)
        for name, text in params.templates.items()
    }
    if both := constants.keys() & templates.keys():
        name = ".".join(next(iter(both)))
        raise ParamError(("templates", name), f"{name!r} is among the values, too", "remove one")
    if not constants and not templates:
        raise ParamError((), "there is nothing to add", "give values or templates")

    def transform(record: Record) -> Record:
        changed: Record = dict(record)
        for path, value in constants.items():
            if wanted(record, path):
                changed = with_value(changed, path, fresh(value), "enrich")
        for path, template in templates.items():
            if wanted(record, path):
                text = filled(record, template, params.missing)
                if text is not MISSING:
                    changed = with_value(changed, path, text, "enrich")
        return changed

    def wanted(record: Record, path: FieldPath) -> bool:
        return not params.only_missing or value_at(record, path) in (MISSING, None)

    fast = None if params.only_missing else fast_of(constants, templates)
    return Made(transform, pure=True, fast=fast)


def filled(record: Record, template: Template, if_missing: Missing) -> Any:
    """Return the text; for a field that is not there, what is said of it: MISSING, or null."""
    texts = []
    for part in template:
        value = part if isinstance(part, str) else value_at(record, part)
        if value is MISSING or value is None:
            assert not isinstance(part, str)
            if if_missing == "error":
                raise missing(part, "enrich") if value is MISSING else null_in(part)
            return MISSING if if_missing == "skip" else None
        texts.append(value if isinstance(value, str) else written(value, part))
    return "".join(texts)


def null_in(path: FieldPath) -> FieldError:
    return FieldError(path, "is null, and a template needs it", "enrich")


def written(value: Any, path: str | FieldPath) -> str:
    """Return the JSON text of a number or a truth value. Raises FieldError for the rest."""
    assert not isinstance(path, str)
    if not isinstance(value, bool | int | float):
        raise FieldError(path, f"{kind_of(value)} cannot stand in a template", "enrich")
    try:
        return json.dumps(value)
    except ValueError:
        raise FieldError(path, "the number is too long to be written", "enrich") from None


def fast_of(constants: dict[FieldPath, Any], templates: dict[FieldPath, Template]) -> Fast | None:
    """Return the usual case: all at the top, and texts in the templates."""
    used = [part for template in templates.values() for part in template if isinstance(part, tuple)]
    if any(len(path) > 1 for path in (*constants, *templates, *used)):
        return None
    literals = {path: literal(value) for path, value in constants.items()}
    if None in literals.values():
        return None
    tests = dict.fromkeys(f"data.get({path[0]!r}).__class__ is str" for path in used)
    items = [f"{path[0]!r}: {text}" for path, text in literals.items()]
    for path, template in templates.items():
        pieces = [repr(p) if isinstance(p, str) else f"data[{p[0]!r}]" for p in template]
        items.append(f"{path[0]!r}: {' + '.join(pieces) or repr('')}")
    return Fast(" and ".join(tests) or "True", f"{{**data, {', '.join(items)}}}")


ENRICH = Builtin(
    "enrich",
    "transform",
    "Adds fields: constants, and texts made of other fields.",
    EnrichParams,
    enrich,
    (
        Example(
            {"values": {"source": "web"}, "templates": {"name": "{first} {last}"}},
            ({"first": "Ada", "last": "Lovelace"},),
        ),
    ),
    notes="A template writes numbers, true and false as JSON does; lists and objects fail.",
)
