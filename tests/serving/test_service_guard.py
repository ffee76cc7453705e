"""Who is let in, and what is refused before a route sees it."""

from __future__ import annotations

import asyncio
import json

import pytest
from support.served import TOKEN

from hsm.serving.service_access import Access, checked_access, is_loopback
from hsm.serving.service_guard import Guard
from hsm.serving.service_limits import Limits, Refusal


def asked(guard, *, path="/search", headers=None, parts=(b"",)):
    """Status, headers and body of the answer to a request whose body comes in parts."""
    headers = {"host": "127.0.0.1:8501", **(headers or {})}
    scope = {
        "type": "http",
        "path": path,
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
    }
    coming = list(parts)
    sent = []

    async def receive():
        body = coming.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(coming)}

    async def send(message):
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    named = {k.decode(): v.decode() for k, v in sent[0].get("headers", [])}
    return sent[0]["status"], named, sent[1]["body"].decode()


async def read_all(scope, receive, send):
    """A service that says how long the body was."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % size})


def guard(app=read_all, *, token=None, noted=lambda *_: None, **limits):
    return Guard(app, access=Access(token), limits=Limits(**limits), on_answer=noted)


def test_a_request_is_passed_on_and_counted():
    seen = []
    assert asked(guard(noted=lambda *answer: seen.append(answer)), parts=(b"ab", b"c"))[2] == "3"
    ((route, status, seconds),) = seen
    assert (route, status) == ("other", 200)
    assert 0 <= seconds < 10


def test_a_body_that_says_that_it_is_too_large_is_not_read():
    status, _, body = asked(guard(max_body=9), headers={"content-length": "10"}, parts=())
    assert status == 413
    assert "at most 9 bytes" in json.loads(body)["error"]


def test_a_body_that_does_not_say_so_is_refused_where_it_is_too_large():
    with pytest.raises(Refusal, match="at most 9 bytes") as error:
        asked(guard(max_body=9), parts=(b"12345",) * 2)
    assert error.value.status == 413


def test_too_many_requests_at_once_are_told_to_come_again():
    full = guard(max_queue=2)
    full.under_way = 2
    status, headers, body = asked(full)
    assert (status, headers["retry-after"]) == (429, "1")
    assert "2 requests are under way" in json.loads(body)["error"]
    assert asked(full, path="/healthz")[0] == 200
    full.under_way = 1
    assert asked(full)[0] == 200
    assert full.under_way == 1


@pytest.mark.parametrize("sent", [None, "", TOKEN, f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer "])
def test_a_token_is_required(sent):
    headers = {} if sent is None else {"authorization": sent}
    status, answered, body = asked(guard(token=TOKEN), headers=headers)
    assert (status, answered["www-authenticate"]) == (401, "Bearer")
    assert TOKEN not in body


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
def test_a_token_lets_in_under_any_name_and_the_page_needs_none(scheme):
    locked = guard(token=TOKEN)
    right = {"authorization": f"{scheme} {TOKEN}", "host": "example.org", "origin": "https://a.org"}
    assert asked(locked, headers=right)[0] == 200
    for path in ("/", "/healthz", "/readyz"):
        assert asked(locked, path=path)[0] == 200
    for path in ("/metrics", "/openapi.json", "/pictures/1"):
        assert asked(locked, path=path)[0] == 401


def test_a_strangers_page_cannot_ask_a_service_without_a_token():
    assert asked(guard(), headers={"origin": "http://127.0.0.1:8501"})[0] == 200
    for headers in (
        {"origin": "https://example.org"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9000"},
        {"host": "example.org:8501", "origin": "http://example.org:8501"},
        {"host": ""},
        {"host": "["},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        assert asked(guard(), headers=headers)[0] == 403, headers
    assert asked(guard(), headers={"host": "[::1]:8501"})[0] == 200
    assert asked(guard(), headers={"host": "localhost"})[0] == 200
    for site in ("same-origin", "none"):
        assert asked(guard(), headers={"sec-fetch-site": site})[0] == 200
    assert asked(guard(), path="/", headers={"sec-fetch-site": "cross-site"})[0] == 200


def test_a_service_that_others_reach_does_not_start_without_a_token():
    for host in ("0.0.0.0", "::", "192.168.1.5", "example.org"):
        with pytest.raises(ValueError, match="`token_file`, or set HSM_SERVE_TOKEN"):
            checked_access(host, None)
        assert checked_access(host, TOKEN).token == TOKEN
    assert checked_access("127.0.0.1", None).token is None
    with pytest.raises(ValueError, match="at least 16 characters. Received: 3"):
        checked_access("0.0.0.0", "abc")


def test_loopback_is_known():
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.8.8.8", "::1")))
    assert not any(map(is_loopback, ("", "0.0.0.0", "::", "localhost.example.org", "10.0.0.1")))


def test_a_body_that_comes_too_slowly_is_refused():
    async def main():
        async def receive():
            await asyncio.sleep(60)

        scope = {"type": "http", "path": "/search", "headers": [(b"host", b"localhost")]}
        await guard(timeout=0.05)(scope, receive, None)

    with pytest.raises(Refusal, match="within 0.05 seconds. Received 0 bytes") as error:
        asyncio.run(main())
    assert error.value.status == 408
