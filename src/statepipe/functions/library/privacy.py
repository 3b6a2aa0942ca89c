"""Personal data: values replaced by keyed hashes, or masked. Values and keys are never shown."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field, SecretStr

from statepipe.functions.builtin import Bench, Builtin, Example, Made, ParamError, Params
from statepipe.functions.library.fields import FieldNames, Missing, paths_of
from statepipe.functions.library.per_field import as_text, per_field

MIN_KEY = 16


class HashParams(Params):
    fields: FieldNames = Field(description="The values to replace.")
    key: SecretStr | None = Field(
        default=None,
        description=f"The secret, as ${{HASH_KEY}}, of at least {MIN_KEY} characters. The same "
        "key gives the same hash for the same value.",
    )
    keyless: bool = Field(
        default=False, description="Hash without a key: whoever can guess a value can find it."
    )
    algorithm: Literal["sha256", "sha512", "blake2b"] = Field(
        default="sha256", description="What hashes."
    )
    length: int | None = Field(
        default=None, ge=8, le=128, description="Hex digits to keep. Default: all."
    )
    missing: Missing = Field(default="skip", description="What to do if a field is not there.")


def hash_(params: HashParams, _bench: Bench) -> Made:
    digest = digest_of(params)

    def change(value: Any) -> str:
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=repr)
        return digest(text.encode(errors="surrogatepass"))[: params.length]

    fields = {path: path for path in paths_of(params.fields, "fields")}
    return per_field(fields, change, "hash", params.missing)


def digest_of(params: HashParams) -> Callable[[bytes], str]:
    """Return what hashes with the key, or without one where that is said. Raises ParamError."""
    name = params.algorithm
    if params.key is None:
        if not params.keyless:
            message = "there is no key: whoever can guess a value could find it by its hash"
            raise ParamError((), message, "give  key: ${HASH_KEY}  or say  keyless: true")
        return lambda data: hashlib.new(name, data).hexdigest()
    if params.keyless:
        raise ParamError("keyless", "there is a key beside it", "remove one of them")
    key = params.key.get_secret_value().encode(errors="surrogatepass")
    if len(key) < MIN_KEY:
        raise ParamError("key", f"it has fewer than {MIN_KEY} characters", "take a longer one")
    return lambda data: hmac.new(key, data, name).hexdigest()


HASH = Builtin(
    "hash",
    "transform",
    "Replaces values by their keyed hash (HMAC): alike stays alike, and nobody can go back.",
    HashParams,
    hash_,
    (
        Example(
            {"fields": "email", "key": "an example, no secret", "length": 16},
            ({"email": "ada@example.org"},),
        ),
    ),
    notes="Numbers, lists and objects are hashed as their JSON text. Null stays null.",
)


class MaskParams(Params):
    fields: FieldNames = Field(description="The texts or whole numbers to mask.")
    keep_first: int = Field(default=0, ge=0, description="Characters to leave at the front.")
    keep_last: int = Field(default=0, ge=0, description="Characters to leave at the end.")
    by: str = Field(default="*", min_length=1, max_length=1, description="What stands instead.")
    length: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="How many of them. Default: as many as are masked, which tells the length.",
    )
    missing: Missing = Field(default="skip", description="What to do if a field is not there.")


def mask(params: MaskParams, _bench: Bench) -> Made:
    first, last = params.keep_first, params.keep_last

    def change(value: Any) -> str:
        text = as_text(value)
        if len(text) <= first + last:  # else all of it would be left to see
            return params.by * (params.length or len(text))
        hidden = params.by * (params.length or len(text) - first - last)
        return text[:first] + hidden + text[len(text) - last :]

    fields = {path: path for path in paths_of(params.fields, "fields")}
    return per_field(fields, change, "mask", params.missing)


MASK = Builtin(
    "mask",
    "transform",
    "Hides the characters of texts, but for some at the ends.",
    MaskParams,
    mask,
    (Example({"fields": "card", "keep_last": 4}, ({"card": "4111111111111111"},)),),
    notes="A text no longer than what would be left to see is masked whole. The result is text.",
)
