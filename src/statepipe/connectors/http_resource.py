"""HTTP services as a resource: httpx clients with limits of time, connections, bytes and retries.

Loads httpx, which is an extra: imported only where a config names such a resource.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx
from httpx import URL, AsyncClient, Client, InvalidURL, Limits, Response

from statepipe.errors import ResourceError, ResourceTimeoutError

Given: TypeAlias = Mapping[str, Any]
"""Keyword arguments of a request: `params`, `json`, `data`, `content`, `headers`."""

REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods that do the same when they are done twice. Source: RFC 9110, 9.2.2."""

PASSING = frozenset({429, 502, 503, 504})
"""Statuses that may be others a little later."""

LONGEST_WAIT_S = 30.0
ARGUMENTS = frozenset({"params", "json", "data", "content", "headers"})


class HttpStatusError(ResourceError):
    """The service answered with a status of 400 or above, which `reply` holds."""

    def __init__(self, resource: str, message: str, reply: Reply | None = None) -> None:
        super().__init__(resource, message)
        self.reply = reply

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.resource, self.reason, self.reply)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answered. Names of headers are lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    encoding: str = field(default="utf-8", repr=False)

    @property
    def ok(self) -> bool:
        return self.status < 400

    @property
    def text(self) -> str:
        return self.content.decode(self.encoding, "replace")

    def json(self) -> Any:  # whatever the service sends
        """Return the content as JSON; ValueError if it is none."""
        return json.loads(self.content)


@dataclass(frozen=True, slots=True)
class HttpProvider:
    """Opens clients. `retry_unsafe` repeats what is not idempotent, too.

    `base_url`: all requests go below it, and only they carry `headers` and `auth`.
    """

    name: str
    hide: Callable[[str], str]
    base_url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: tuple[str, str] | None = None
    timeout_s: float = 10.0
    pool_size: int = 10
    retries: int = 2
    backoff_s: float = 0.5
    retry_unsafe: bool = False
    raise_for_status: bool = True
    max_bytes: int = 16 * 2**20

    waits = True
    slow = False

    def open(self) -> OpenHttp:
        return OpenHttp(self)

    def open_in_loop(self) -> LoopHttp:
        return LoopHttp(self)

    def settings(self) -> dict[str, Any]:
        """Return the arguments of either kind of client."""

        limits = Limits(max_connections=self.pool_size, max_keepalive_connections=self.pool_size)
        return {
            "base_url": self.base_url or "",
            "headers": dict(self.headers),
            "auth": self.auth,
            "timeout": self.timeout_s,
            "limits": limits,
            # A proxy or password that the environment names would send records elsewhere unasked.
            "trust_env": False,
        }

    def check(self, path: str, given: Given) -> None:
        """Raise ResourceError for a request that leads elsewhere, or holds something unknown."""

        unknown = sorted(given.keys() - ARGUMENTS)
        if unknown:
            known = ", ".join(sorted(ARGUMENTS))
            raise ResourceError(self.name, f"unknown argument {unknown[0]!r}; known are {known}")
        try:
            url = URL(path)
        except (InvalidURL, TypeError):
            raise ResourceError(self.name, f"{path!r} is no path") from None
        leads_out = url.is_absolute_url or url.host or ".." in url.path.split("/")
        if self.base_url is not None and leads_out:
            raise ResourceError(self.name, f"{path!r} leads out of base_url: give a path below it")
        if self.base_url is None and not url.is_absolute_url:
            raise ResourceError(
                self.name, f"{path!r} is no whole address, and there is no base_url"
            )

    def steps(self, method: str) -> Generator[float, Reply | ResourceError, Reply]:
        """Ask for attempts, each after so many seconds; be sent what each gave; give the reply."""
        attempt, wait_s = 0, 0.0
        while True:
            found = yield wait_s
            attempt += 1
            again = attempt <= self.retries and self._may_repeat(method, found)
            if not again:
                return self._settled(found)
            wait_s = self._wait_s(attempt, found)

    def _may_repeat(self, method: str, found: Reply | ResourceError) -> bool:
        if method not in REPEATABLE and not self.retry_unsafe:
            return False
        return isinstance(found, BrokenError) or (
            isinstance(found, Reply) and found.status in PASSING
        )

    def _wait_s(self, attempt: int, found: Reply | ResourceError) -> float:
        """Return how long to wait: longer each time, and as long as the service says."""
        wait_s = self.backoff_s * 2.0 ** (attempt - 1)
        told = found.headers.get("retry-after", "") if isinstance(found, Reply) else ""
        if told.isascii() and told.isdigit():
            wait_s = max(wait_s, float(told[:9]))
        return min(wait_s, LONGEST_WAIT_S)

    def _settled(self, found: Reply | ResourceError) -> Reply:
        if isinstance(found, BrokenError):
            raise found.error
        if isinstance(found, ResourceError):
            raise found
        if self.raise_for_status and not found.ok:
            raise HttpStatusError(self.name, f"the service answered {found.status}", found)
        return found

    def failure(self, error: Exception) -> ResourceError:
        """Return how a request failed, without what it held: addresses, headers, passwords."""

        if isinstance(error, httpx.PoolTimeout):
            message = f"none of the {self.pool_size} connections was free within {self.timeout_s} s"
            return ResourceTimeoutError(self.name, message)
        text = self.hide(str(error))
        if isinstance(error, httpx.TimeoutException):
            message = f"no answer within {self.timeout_s} s ({type(error).__name__})"
            return BrokenError(ResourceTimeoutError(self.name, message))
        failed = ResourceError(self.name, f"{type(error).__name__}: {text}")
        return BrokenError(failed) if isinstance(error, httpx.TransportError) else failed

    def reply(self, response: Response, content: bytes) -> Reply:
        headers = {key.lower(): value for key, value in response.headers.items()}
        return Reply(response.status_code, headers, content, response.encoding or "utf-8")

    def too_large(self) -> ResourceError:
        return ResourceError(self.name, f"the answer has more than max_bytes, {self.max_bytes}")


class BrokenError(ResourceError):
    """Carries the error of an attempt that another one may mend."""

    def __init__(self, error: ResourceError) -> None:
        super().__init__(error.resource, error.reason)
        self.error = error


class Http:
    """A service, as functions see it."""

    __slots__ = ("_client", "_provider")

    def __init__(self, provider: HttpProvider, client: Client) -> None:
        self._provider = provider
        self._client = client

    def get(self, path: str, /, **given: Any) -> Reply:
        return self.request("GET", path, **given)

    def post(self, path: str, /, **given: Any) -> Reply:
        return self.request("POST", path, **given)

    def put(self, path: str, /, **given: Any) -> Reply:
        return self.request("PUT", path, **given)

    def patch(self, path: str, /, **given: Any) -> Reply:
        return self.request("PATCH", path, **given)

    def delete(self, path: str, /, **given: Any) -> Reply:
        return self.request("DELETE", path, **given)

    def request(self, method: str, path: str, /, **given: Any) -> Reply:
        """Send a request, again where that may help; return the answer.

        Takes `params`, `json`, `data`, `content` and `headers`. Raises ResourceError; a status of
        400 or above is one, unless the config says `raise_for_status: false`.
        """
        self._provider.check(path, given)
        steps = self._provider.steps(method.upper())
        wait_s = next(steps)
        while True:
            if wait_s:
                time.sleep(wait_s)
            found = self._attempt(method, path, given)
            try:
                wait_s = steps.send(found)
            except StopIteration as done:
                reply: Reply = done.value
                return reply

    def _attempt(self, method: str, path: str, given: Given) -> Reply | ResourceError:

        try:
            with self._client.stream(method, path, **given) as response:
                content = bytearray()
                for piece in response.iter_bytes():
                    content += piece
                    if len(content) > self._provider.max_bytes:
                        return self._provider.too_large()
                return self._provider.reply(response, bytes(content))
        except (httpx.HTTPError, InvalidURL, httpx.StreamError) as error:
            return self._provider.failure(error)

    def __repr__(self) -> str:
        return f"<http resource {self._provider.name!r}>"


class AsyncHttp:
    """As `Http`, to be awaited."""

    __slots__ = ("_client", "_provider")

    def __init__(self, provider: HttpProvider, client: AsyncClient) -> None:
        self._provider = provider
        self._client = client

    async def get(self, path: str, /, **given: Any) -> Reply:
        return await self.request("GET", path, **given)

    async def post(self, path: str, /, **given: Any) -> Reply:
        return await self.request("POST", path, **given)

    async def put(self, path: str, /, **given: Any) -> Reply:
        return await self.request("PUT", path, **given)

    async def patch(self, path: str, /, **given: Any) -> Reply:
        return await self.request("PATCH", path, **given)

    async def delete(self, path: str, /, **given: Any) -> Reply:
        return await self.request("DELETE", path, **given)

    async def request(self, method: str, path: str, /, **given: Any) -> Reply:
        """As `Http.request`."""
        self._provider.check(path, given)
        steps = self._provider.steps(method.upper())
        wait_s = next(steps)
        while True:
            if wait_s:
                await asyncio.sleep(wait_s)
            found = await self._attempt(method, path, given)
            try:
                wait_s = steps.send(found)
            except StopIteration as done:
                reply: Reply = done.value
                return reply

    async def _attempt(self, method: str, path: str, given: Given) -> Reply | ResourceError:

        try:
            async with self._client.stream(method, path, **given) as response:
                content = bytearray()
                async for piece in response.aiter_bytes():
                    content += piece
                    if len(content) > self._provider.max_bytes:
                        return self._provider.too_large()
                return self._provider.reply(response, bytes(content))
        except (httpx.HTTPError, InvalidURL, httpx.StreamError) as error:
            return self._provider.failure(error)

    def __repr__(self) -> str:
        return f"<http resource {self._provider.name!r}>"


class OpenHttp:
    """A client for functions that are not async. May be used by several threads."""

    def __init__(self, provider: HttpProvider) -> None:

        self._client = Client(**provider.settings())
        self._http = Http(provider, self._client)

    def handle(self, *, awaits: bool) -> Http:  # async functions have their own
        return self._http

    def close(self) -> None:
        self._client.close()


class LoopHttp:
    """A client for the async functions of one event loop."""

    def __init__(self, provider: HttpProvider) -> None:

        self._client = AsyncClient(**provider.settings())
        self._http = AsyncHttp(provider, self._client)

    async def ready(self) -> None:
        """Nothing to wait for: it connects when it is asked for something."""

    def handle(self) -> AsyncHttp:
        return self._http

    async def close(self) -> None:
        await self._client.aclose()
