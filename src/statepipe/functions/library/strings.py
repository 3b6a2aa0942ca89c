"""Normalizing texts: case, white space, and the spellings of names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from statepipe.functions.builtin import Bench, Builtin, Example, Made, Params
from statepipe.functions.expressions import X
from statepipe.functions.library.fields import FieldNames, Missing, paths_of
from statepipe.functions.library.per_field import IS_TEXT, only_text, per_field

WORDS = re.compile(r"[^\W\d_]+|\d+")
HUMP = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

StepName = Literal["trim", "spaces", "lower", "upper", "title", "snake", "camel", "pascal", "nfc"]


def words_of(text: str) -> list[str]:
    """Return the words of a name in any spelling: `userID-2` is user, ID, 2."""
    return [word for part in WORDS.findall(text) for word in HUMP.split(part)]


def snake(text: str) -> str:
    return "_".join(word.lower() for word in words_of(text))


def pascal(text: str) -> str:
    return "".join(word[:1].upper() + word[1:].lower() for word in words_of(text))


def camel(text: str) -> str:
    name = pascal(text)
    return name[:1].lower() + name[1:]


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


STEPS: Mapping[str, Callable[[str], str]] = {
    "trim": str.strip,
    "spaces": lambda text: " ".join(text.split()),
    "lower": str.lower,
    "upper": str.upper,
    "title": str.title,
    "snake": snake,
    "camel": camel,
    "pascal": pascal,
    "nfc": nfc,
}
INLINE = {
    "trim": f"{X}.strip()",
    "spaces": f"' '.join({X}.split())",
    "lower": f"{X}.lower()",
    "upper": f"{X}.upper()",
    "title": f"{X}.title()",
}

Steps = Annotated[
    tuple[StepName, ...],
    Field(min_length=1),
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(STEPS)},
                {"type": "array", "items": {"enum": list(STEPS)}, "minItems": 1},
            ]
        }
    ),
]


class NormalizeParams(Params):
    fields: FieldNames = Field(description="The texts to change.")
    steps: Steps = Field(
        description="What to do, in this order. `spaces` makes one space of each run of white "
        "space and trims; `nfc` composes Unicode characters."
    )
    missing: Missing = Field(default="skip", description="What to do if a field is not there.")


def normalize(params: NormalizeParams, _bench: Bench) -> Made:
    paths = paths_of(params.fields, "fields")
    steps = [STEPS[name] for name in params.steps]

    def change(text: str) -> str:
        for step in steps:
            text = step(text)
        return text

    inline: str | None = X
    for name in params.steps:
        inline = INLINE[name].replace(X, inline) if inline and name in INLINE else None
    return per_field(
        {path: path for path in paths},
        only_text(change),
        "normalize",
        params.missing,
        inline=inline,
        guard=IS_TEXT,
    )


NORMALIZE = Builtin(
    "normalize",
    "transform",
    "Gives texts one spelling.",
    NormalizeParams,
    normalize,
    (Example({"fields": ["name"], "steps": ["spaces", "title"]}, ({"name": " ada   LOVELACE "},)),),
    notes="Null stays null; a value that is no text fails the record.",
)
