"""What must hold between the options of a resource, and between resources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from statepipe.config.model import MachineConfig
from statepipe.config.problems import Problems
from statepipe.config.resource_config import CustomConfig, HttpConfig, ResourceConfig, SqlConfig
from statepipe.config.tree import Node, find

Fault = tuple[str, str, str]
"""A key of the resource, what is wrong there, what to do."""

LIKE_A_SECRET = re.compile(
    r"(?:^|[_-])(?:password|passwd|pwd|secret|token|credentials?|api_?key|access_?key|dsn)$", re.I
)
WITH_PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]+@")
IN_MEMORY = re.compile(r"sqlite(?:\+\w+)?://(?:/?:memory:)?(?:\?.*)?")


def check_resources(model: MachineConfig, tree: Node, problems: Problems) -> None:
    """Add to `problems` the resources whose options do not go together, or names that repeat."""
    seen: set[str] = set()
    for index, resource in enumerate(model.resources):
        at = find(tree, ("resources", index)).at.place.keys
        told = any(problem.place.keys.startswith(f"{at}.") for problem in problems.found)
        faults = [] if told else list(_faults(resource))
        if resource.name in seen:
            message = f"two resources are called '{resource.name}'"
            faults.append(("name", message, "rename one of them"))
        seen.add(resource.name)
        for key, message, advice in faults:
            problems.add(find(tree, ("resources", index, key)).at, message, advice)


def _faults(resource: ResourceConfig) -> Iterator[Fault]:
    match resource:
        case SqlConfig():
            yield from _sql_faults(resource)
        case HttpConfig():
            yield from _http_faults(resource)
        case CustomConfig():
            yield from _custom_faults(resource)


def _sql_faults(sql: SqlConfig) -> Iterator[Fault]:
    if (sql.url is None) == (sql.path is None):
        message = "a database needs either 'url' or 'path'"
        yield "name", message, "give  path: shop.db  for SQLite, or  url: ...  for any other"
    several = "pool_size" in sql.model_fields_set and sql.pool_size > 1
    if several and sql.url is not None and is_in_memory(sql.url.get_secret_value()):
        message = "an SQLite database in memory is there for one connection only"
        yield "pool_size", message, "remove 'pool_size', or give a file"


def is_in_memory(url: str) -> bool:
    """Tell whether `url` means an SQLite database in memory."""
    return IN_MEMORY.fullmatch(url) is not None


def _http_faults(http: HttpConfig) -> Iterator[Fault]:
    if http.base_url is not None:
        yield from _base_url_faults(http.base_url.get_secret_value())
    elif http.headers or http.token or http.username or http.password:
        advice = "add  base_url: https://...  or they would be sent to any address"
        yield "name", "credentials or headers without 'base_url'", advice
    if (http.username is None) != (http.password is None):
        key = "password" if http.username is None else "username"
        yield key, "'username' and 'password' go together", "give both, or neither"
    named = any(name.lower() == "authorization" for name in http.headers)
    ways = [http.token is not None, http.username is not None, named]
    if sum(ways) > 1:
        message = "more than one of 'token', 'username' and the header Authorization"
        yield "provider", message, "keep one of them"
    for key in ("backoff_s", "retry_unsafe"):
        if http.retries == 0 and key in http.model_fields_set:
            yield key, f"'{key}' without retries", "remove it, or give  retries: 1  or more"


def _base_url_faults(text: str) -> Iterator[Fault]:
    try:
        url = urlsplit(text)
        has_user = url.username is not None or url.password is not None
    except ValueError:
        yield "base_url", "'base_url' is no address", "as in  https://api.example.com/v1"
        return
    if url.scheme not in ("http", "https") or not url.hostname:
        yield "base_url", "'base_url' is no address", "as in  https://api.example.com/v1"
    if has_user:
        advice = "give them as  username:  and  password:"
        yield "base_url", "'base_url' holds a user or a password", advice
    if url.query or url.fragment:
        yield "base_url", "'base_url' has a query or a fragment", "give these with the requests"


def _custom_faults(custom: CustomConfig) -> Iterator[Fault]:
    for name, value in custom.params.items():
        is_text = isinstance(value, str)
        if LIKE_A_SECRET.search(name) or (is_text and WITH_PASSWORD.search(value)):
            message = f"the parameter '{name}' looks like a secret, and 'params' may be shown"
            yield "params", message, "put it under 'secrets'"
        if name in custom.secrets:
            yield "params", f"'{name}' stands in both 'params' and 'secrets'", "keep one of them"
