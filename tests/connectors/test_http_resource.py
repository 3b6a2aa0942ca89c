"""HTTP services: what is sent, what is repeated, what is refused. Against a real server."""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from statepipe.connectors.http_resource import HttpProvider, HttpStatusError, Reply
from statepipe.errors import ResourceError, ResourceTimeoutError
from tests.connectors.services import Answer, Asked, serving

Do = Callable[..., Any]


def ok(request: Asked, number: int) -> Answer:
    return Answer(body=json.dumps({"n": number}).encode())


def answers(*given: Answer) -> Callable[[Asked, int], Answer]:
    """Give one answer after the other, the last of them for good."""
    return lambda request, number: given[min(number, len(given) - 1)]


def provider(url: str | None, **options: Any) -> HttpProvider:
    return HttpProvider("api", lambda text: text, url, **{"backoff_s": 0.0} | options)


@pytest.fixture(params=["blocking", "async"])
def ask(request: pytest.FixtureRequest) -> Do:
    """Send one request through either kind of client."""

    async def in_loop(service: HttpProvider, method: str, *given: Any, **named: Any) -> Any:
        looped = service.open_in_loop()
        try:
            await looped.ready()
            return await inspect.getattr_static(type(looped.handle()), method)(
                looped.handle(), *given, **named
            )
        finally:
            await looped.close()

    def blocking(service: HttpProvider, method: str, *given: Any, **named: Any) -> Any:
        opened = service.open()
        try:
            handle = opened.handle(awaits=False)
            return inspect.getattr_static(type(handle), method)(handle, *given, **named)
        finally:
            opened.close()

    if request.param == "blocking":
        return blocking
    return lambda *given, **named: asyncio.run(in_loop(*given, **named))


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_each_method_is_sent_as_such_below_the_base_url(ask: Do, method: str) -> None:
    with serving(ok) as service:
        reply = ask(provider(f"{service.url}/v1"), method, "items", params={"id": 7})

    assert [(one.method, one.path) for one in service.asked] == [(method.upper(), "/v1/items?id=7")]
    assert (reply.status, reply.ok, reply.json(), reply.text) == (200, True, {"n": 0}, '{"n": 0}')


def test_headers_a_body_and_basic_authentication_are_sent(ask: Do) -> None:
    with serving(ok) as service:
        api = provider(service.url, headers={"X-Key": "k"}, auth=("ann", "pw"))
        ask(api, "post", "/items", json={"a": 1}, headers={"X-Own": "o"})

    [asked] = service.asked
    assert json.loads(asked.body) == {"a": 1}
    assert (asked.headers["x-key"], asked.headers["x-own"]) == ("k", "o")
    assert asked.headers["authorization"] == "Basic YW5uOnB3"


@pytest.mark.parametrize("bad", [Answer(503), Answer(429), Answer(502), Answer(drop=True)])
def test_what_may_pass_is_tried_again(ask: Do, bad: Answer) -> None:
    with serving(answers(bad, bad, Answer())) as service:
        reply = ask(provider(service.url, retries=2), "get", "/x")

    assert reply.status == 200
    assert len(service.asked) == 3


def test_after_the_retries_the_last_answer_counts(ask: Do) -> None:
    message = "resource 'api': the service answered 503"
    busy = serving(answers(Answer(503, b"busy")))
    with busy as service, pytest.raises(HttpStatusError, match=message) as caught:
        ask(provider(service.url, retries=1), "get", "/x")

    assert caught.value.reply is not None and caught.value.reply.text == "busy"
    assert len(service.asked) == 2


@pytest.mark.parametrize(("unsafe", "times"), [(False, 1), (True, 3)])
def test_what_is_not_idempotent_is_repeated_only_if_told(ask: Do, unsafe: bool, times: int) -> None:
    with serving(answers(Answer(503))) as service, pytest.raises(HttpStatusError):
        ask(provider(service.url, retry_unsafe=unsafe), "post", "/x")

    assert len(service.asked) == times


def test_an_answer_that_will_not_pass_is_not_asked_for_again(ask: Do) -> None:
    with serving(answers(Answer(404))) as service, pytest.raises(HttpStatusError, match="404"):
        ask(provider(service.url), "get", "/x")

    assert len(service.asked) == 1


def test_statuses_are_for_the_function_to_judge_if_it_wants_to(ask: Do) -> None:
    with serving(answers(Answer(404))) as service:
        reply = ask(provider(service.url, raise_for_status=False), "get", "/x")

    assert (reply.status, reply.ok) == (404, False)


def test_waits_are_doubled_as_the_service_says_and_bounded() -> None:
    steps = provider("http://h", retries=9, backoff_s=8.0).steps("GET")

    assert next(steps) == 0.0
    assert steps.send(reply(503)) == 8.0
    assert steps.send(reply(429, {"retry-after": "20"})) == 20.0
    assert steps.send(reply(503, {"retry-after": "x"})) == 30.0
    assert steps.send(reply(503)) == 30.0


def reply(status: int, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, headers or {}, b"")


def test_an_answer_that_does_not_come_is_a_timeout_and_names_the_resource(ask: Do) -> None:
    never = threading.Event()
    with serving(answers(Answer(wait=never))) as service:
        with pytest.raises(ResourceTimeoutError, match=r"resource 'api': no answer within 0\.05 s"):
            ask(provider(service.url, timeout_s=0.05, retries=1), "get", "/x")
        never.set()

    assert len(service.asked) == 2


def test_a_connection_that_is_not_free_is_a_timeout() -> None:
    never = threading.Event()

    async def two_at_a_time(url: str) -> list[Any]:
        looped = provider(url, pool_size=1, timeout_s=0.3, retries=0).open_in_loop()
        try:
            calls = (looped.handle().get("/x") for _ in range(2))
            return await asyncio.gather(*calls, return_exceptions=True)
        finally:
            await looped.close()

    with serving(answers(Answer(wait=never))) as service:
        found = asyncio.run(two_at_a_time(service.url))
        never.set()

    assert [type(one) for one in found] == [ResourceTimeoutError] * 2
    assert any("none of the 1 connections was free within 0.3 s" in str(one) for one in found)
    assert len(service.asked) == 1


def test_an_answer_beyond_the_limit_is_refused(ask: Do) -> None:
    with serving(answers(Answer(body=b"x" * 101))) as service:
        with pytest.raises(ResourceError, match="more than max_bytes, 100"):
            ask(provider(service.url, max_bytes=100), "get", "/x")
        assert ask(provider(service.url, max_bytes=101), "get", "/x").content == b"x" * 101


@pytest.mark.parametrize(
    "path", ["http://127.0.0.1:1/x", "//other/x", "../x", "/a/../../x", "https://h"]
)
def test_no_path_leads_out_of_the_base_url_with_its_credentials(ask: Do, path: str) -> None:
    with serving(ok) as service, pytest.raises(ResourceError, match="leads out of base_url"):
        ask(provider(f"{service.url}/v1", headers={"X-Key": "k"}), "get", path)

    assert service.asked == []


def test_without_a_base_url_whole_addresses_are_given(ask: Do) -> None:
    with serving(ok) as service:
        assert ask(provider(None), "get", f"{service.url}/x").status == 200
        with pytest.raises(ResourceError, match="'/x' is no whole address"):
            ask(provider(None), "get", "/x")


def test_an_unknown_argument_is_refused(ask: Do) -> None:
    with pytest.raises(ResourceError, match="unknown argument 'auth'; known are content, data"):
        ask(provider("http://h"), "get", "/x", auth=("a", "b"))


def test_a_redirect_is_not_followed_to_another_host(ask: Do) -> None:
    away = Answer(302, headers={"Location": "http://127.0.0.1:1/"})
    with serving(answers(away)) as service:
        assert ask(provider(service.url, headers={"X-Key": "k"}), "get", "/x").status == 302


def test_a_cancelled_request_is_given_up_at_once() -> None:
    never, came = threading.Event(), threading.Event()

    def answer(request: Asked, number: int) -> Answer:
        came.set()
        return Answer(wait=never)

    async def cancelled(url: str) -> bool:
        looped = provider(url).open_in_loop()
        task = asyncio.create_task(looped.handle().get("/x"))
        await asyncio.to_thread(came.wait, 20)
        task.cancel()
        await asyncio.wait([task])
        await looped.close()
        return task.cancelled() and not never.is_set()

    with serving(answer) as service:
        assert asyncio.run(cancelled(service.url))
        never.set()


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.TooManyRedirects, httpx.InvalidURL])
def test_what_breaks_below_is_told_without_its_secrets(kind: Any) -> None:
    api = HttpProvider("api", lambda text: text.replace("canary", "***"), "http://canary")
    failed = api.failure(kind("cannot reach http://canary/x"))

    assert str(failed) == f"resource 'api': {kind.__name__}: cannot reach http://***/x"


def test_nothing_of_a_handle_shows_addresses_or_headers() -> None:
    opened = provider("http://canary", headers={"X": "canary"}).open()

    assert repr(opened.handle(awaits=False)) == "<http resource 'api'>"
    opened.close()
