"""Resources as a config declares them: each provider with its options, defaults and units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field

from statepipe.config.kinds import Count, Limit, Model, Secret, Size, Text, Truth, Wait

_CHECK = "Seconds of idleness after which it is checked before it is used again."
_TIMEOUT = "Seconds to wait for a free connection, and for an answer where that can be limited."
_BYTES = "More than this is refused. 16 MiB unless told."
MAX_BYTES = 16 * 2**20


class SqlConfig(Model):
    """A database, through SQLAlchemy. Needs the extra `sql`, and trust where a file names it."""

    name: Text
    provider: Literal["sql"]
    url: Secret | None = Field(
        default=None, description="As in `postgresql://user:password@host/shop`. Never shown."
    )
    path: Text | None = Field(
        default=None,
        description="In place of `url`: the file of an SQLite database, relative to the folder of "
        "the config file, or to the working folder.",
    )
    pool_size: Count = Field(default=5, description="Connections at a time, in each process.")
    timeout_s: Limit = Field(default=10.0, description=_TIMEOUT)
    check_after_s: Wait = Field(default=60.0, description=_CHECK)
    max_rows: Count = Field(default=10_000, description="A query that gives more is refused.")
    lookup: Text | None = Field(
        default=None, description="The statement of `get(key)`, with `:key` for the key."
    )


class HttpConfig(Model):
    """An HTTP service, through httpx. Needs the extra `http`, and trust where a file names it."""

    name: Text
    provider: Literal["http"]
    base_url: Secret | None = Field(
        default=None, description="All requests go below it. Never shown."
    )
    headers: dict[Text, Secret] = Field(
        default_factory=dict, description="Sent with every request. Never shown."
    )
    token: Secret | None = Field(default=None, description="Sent as `Authorization: Bearer`.")
    username: Text | None = Field(default=None, description="For basic authentication.")
    password: Secret | None = Field(default=None, description="For basic authentication.")
    pool_size: Count = Field(default=10, description="Connections at a time, in each process.")
    timeout_s: Limit = Field(default=10.0, description=_TIMEOUT)
    retries: Size = Field(default=2, description="How often a request that broke is sent again.")
    backoff_s: Wait = Field(
        default=0.5, description="Seconds before the first repetition; doubled for each further."
    )
    retry_unsafe: Truth = Field(
        default=False, description="Whether POST and PATCH are repeated, too."
    )
    raise_for_status: Truth = Field(
        default=True, description="Whether a status of 400 or above is an error."
    )
    max_bytes: Count = Field(default=MAX_BYTES, description=_BYTES)


class FilesystemConfig(Model):
    """A folder, and nothing outside it. In an untrusted file: below its own folder, read only."""

    name: Text
    provider: Literal["filesystem"]
    path: Text = Field(
        description="The folder. Relative to that of the config file, or to the working folder."
    )
    writable: Truth = Field(default=False, description="Whether files may be written.")
    max_bytes: Count = Field(default=MAX_BYTES, description=_BYTES)


class CacheConfig(Model):
    """Keys and values in memory; each process has its own."""

    name: Text
    provider: Literal["cache"]
    max_entries: Count = Field(
        default=10_000, description="Full, it forgets what was not asked for the longest."
    )
    ttl_s: Limit | None = Field(default=None, description="Seconds that an entry is kept.")


class CustomConfig(Model):
    """A class of your own. Needs trust where a file names it."""

    name: Text
    provider: Literal["custom"]
    module: Text = Field(description="Dotted name of the module, as in an import.")
    class_: Text = Field(alias="class", description="The class, or a function that makes it.")
    params: dict[str, Any] = Field(default_factory=dict, description="Keyword arguments of it.")
    secrets: dict[str, Secret] = Field(
        default_factory=dict, description="More keyword arguments, which are never shown."
    )
    check_after_s: Wait = Field(default=60.0, description=_CHECK)


PROVIDERS: Mapping[str, type[Model]] = {
    "cache": CacheConfig,
    "custom": CustomConfig,
    "filesystem": FilesystemConfig,
    "http": HttpConfig,
    "sql": SqlConfig,
}

ResourceConfig: TypeAlias = Annotated[
    SqlConfig | HttpConfig | FilesystemConfig | CacheConfig | CustomConfig,
    Discriminator("provider"),
]


SECRET_KEYS = frozenset(("url", "base_url", "headers", "token", "password", "secrets"))
"""Keys of which no message may show what they hold."""


def options_of(provider: str) -> list[str]:
    """Return the keys of a resource of `provider`, as written."""
    fields = PROVIDERS[provider].model_fields
    return [field.alias or name for name, field in fields.items()]
