"""From a declared resource to its provider, with what that needs installed.

Imported only where a config declares resources: others do not pay for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from statepipe.api.secrets import Secrets, secrets_of
from statepipe.config.resource_config import (
    CacheConfig,
    CustomConfig,
    FilesystemConfig,
    HttpConfig,
    SqlConfig,
)
from statepipe.config.resource_rules import is_in_memory
from statepipe.connectors.cache_resource import CacheProvider
from statepipe.connectors.custom_resource import CustomProvider
from statepipe.connectors.folder_resource import FolderProvider
from statepipe.errors import ConfigError, Problem
from statepipe.graph.model import DeclaredResource, Machine
from statepipe.ports.clock import Clock
from statepipe.ports.providers import Provider
from statepipe.run.resources import Resources

EXTRAS = {"sql": "sqlalchemy", "http": "httpx"}
"""What a provider needs installed, which is an extra of the provider's name."""


def provided(machine: Machine, given: Mapping[str, Any], clock: Clock) -> Resources:
    """Return the resources of a machine that declares some. Raises ConfigError."""
    hide = Secrets(secrets_of(resource.config) for resource in machine.resources)
    problems: list[Problem] = []
    providers: dict[str, Provider] = {}
    for resource in machine.resources:
        if resource.config.name in given:
            continue  # what the program gives goes first, and may be there for want of the other
        try:
            providers[resource.config.name] = provider_of(resource, hide, clock)
        except UnusableError as error:
            problems.append(Problem(resource.place, hide(str(error)), error.advice))
    if problems:
        raise ConfigError(problems)
    return Resources(providers, given, hide if hide else None)


class UnusableError(Exception):
    """A declared resource cannot be used here."""

    def __init__(self, message: str, advice: str | None = None) -> None:
        super().__init__(message)
        self.advice = advice


def provider_of(resource: DeclaredResource, hide: Secrets, clock: Clock) -> Provider:
    """Return the provider of a resource; raises UnusableError."""
    match resource.config:
        case SqlConfig() as sql:
            return sql_provider(sql, resource.path, hide, clock)
        case HttpConfig() as http:
            return http_provider(http, hide)
        case FilesystemConfig() as files:
            assert resource.path is not None
            return FolderProvider(files.name, resource.path, files.writable, files.max_bytes)
        case CacheConfig() as cache:
            return CacheProvider(cache.name, clock, cache.max_entries, cache.ttl_s)
        case CustomConfig() as custom:
            return custom_provider(custom, hide, clock)


def check_extra(extra: str) -> None:
    if find_spec(EXTRAS[extra]) is None:
        message = f"the provider '{extra}' needs a package that is not installed"
        raise UnusableError(message, f"pip install 'statepipe[{extra}]'")


def sql_provider(sql: SqlConfig, path: str | None, hide: Secrets, clock: Clock) -> Provider:
    check_extra("sql")
    from statepipe.connectors.sql_resource import (  # noqa: PLC0415  # loads SQLAlchemy, an extra
        SqlProvider,
        database_at,
        driver_fault,
    )

    given = sql.url.get_secret_value() if sql.url is not None else ""
    in_memory = is_in_memory(given)
    url = database_at(path) if path is not None else given
    if fault := driver_fault(url):
        raise UnusableError(f"the database: {fault}", "as in  postgresql+psycopg://host/name")
    return SqlProvider(
        name=sql.name,
        url=url,
        hide=hide,
        clock=clock,
        pool_size=1 if in_memory else sql.pool_size,
        timeout_s=sql.timeout_s,
        check_after_s=sql.check_after_s,
        max_rows=sql.max_rows,
        lookup=sql.lookup,
    )


def http_provider(http: HttpConfig, hide: Secrets) -> Provider:
    check_extra("http")
    from statepipe.connectors.http_resource import HttpProvider  # noqa: PLC0415  # loads httpx, an extra

    headers = {name: value.get_secret_value() for name, value in http.headers.items()}
    if http.token is not None:
        headers["Authorization"] = f"Bearer {http.token.get_secret_value()}"
    auth = None
    if http.username is not None and http.password is not None:
        auth = (http.username, http.password.get_secret_value())
    return HttpProvider(
        name=http.name,
        hide=hide,
        base_url=http.base_url.get_secret_value() if http.base_url else None,
        headers=headers,
        auth=auth,
        timeout_s=http.timeout_s,
        pool_size=http.pool_size,
        retries=http.retries,
        backoff_s=http.backoff_s,
        retry_unsafe=http.retry_unsafe,
        raise_for_status=http.raise_for_status,
        max_bytes=http.max_bytes,
    )


def custom_provider(custom: CustomConfig, hide: Secrets, clock: Clock) -> Provider:
    secrets = {name: value.get_secret_value() for name, value in custom.secrets.items()}
    return CustomProvider(
        name=custom.name,
        make=imported(custom.module, custom.class_),
        params={**custom.params, **secrets},
        hide=hide,
        clock=clock,
        check_after_s=custom.check_after_s,
    )


def imported(module: str, name: str) -> Callable[..., Any]:
    """Return a class or function of a module; raises UnusableError."""
    try:
        found = vars(import_module(module)).get(name)
    except Exception as error:
        message = f"the module {module!r} cannot be imported: {type(error).__name__}: {error}"
        raise UnusableError(message) from error
    if not callable(found):
        raise UnusableError(f"the module {module!r} has no class or function {name!r}")
    made: Callable[..., Any] = found
    return made
