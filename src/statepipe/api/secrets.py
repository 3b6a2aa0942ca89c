"""Secrets of resources, and how they are struck out of a text."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote, urlsplit

from statepipe.config.kinds import HIDDEN
from statepipe.config.resource_config import CustomConfig, HttpConfig, ResourceConfig, SqlConfig

SHORTEST = 4
"""What is shorter stays: it would be struck out of words and numbers that have nothing to do
with it."""


class Secrets:
    """Strikes secrets out of texts, however they are written."""

    def __init__(self, groups: Iterable[Iterable[str]]) -> None:
        written = {way for group in groups for secret in group for way in ways(secret)}
        # The longest first: one may be part of another.
        self._written = sorted((way for way in written if len(way) >= SHORTEST), key=len)[::-1]

    def __call__(self, text: str) -> str:
        for secret in self._written:
            text = text.replace(secret, HIDDEN)
        return text

    def __bool__(self) -> bool:
        return bool(self._written)

    def __repr__(self) -> str:
        return f"<{len(self._written)} secrets>"


def ways(secret: str) -> Iterator[str]:
    """Yield a secret as it may come back: as it is, in an address, in Python's quotes."""
    yield from (secret, quote(secret), quote(secret, safe=""), unquote(secret), repr(secret)[1:-1])


def secrets_of(config: ResourceConfig) -> Iterator[str]:
    """Yield what no message may show of a resource."""
    match config:
        case SqlConfig(url=url) if url is not None:
            yield from secrets_of_url(url.get_secret_value())
        case HttpConfig() as http:
            yield from secrets_of_http(http)
        case CustomConfig(secrets=secrets):
            yield from (value.get_secret_value() for value in secrets.values())


def secrets_of_url(url: str) -> Iterator[str]:
    yield url
    password = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    yield password
    try:
        yield urlsplit(url).query
    except ValueError:
        return  # no address: what it is has been yielded


def secrets_of_http(http: HttpConfig) -> Iterator[str]:
    if http.base_url is not None:
        yield http.base_url.get_secret_value()
    yield from (value.get_secret_value() for value in http.headers.values())
    if http.token is not None:
        yield http.token.get_secret_value()
    if http.password is not None:
        password = http.password.get_secret_value()
        yield password
        yield b64encode(f"{http.username}:{password}".encode()).decode()
