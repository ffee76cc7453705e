"""A connection ends whose client keeps it without asking for something."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from urllib.parse import urlsplit

import pytest
from support.served import running, skip_without_extra

skip_without_extra()
SECONDS = 0.5
HALF = b"GET /answer HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
WHOLE = HALF + b"no\r\n\r\n"
LARGE = 64 * 2**20


async def in_chunks(send):
    """An answer as a file's: the next part when there is room for it."""
    headers = [(b"content-length", b"%d" % LARGE)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for left in range(LARGE // 2**16 - 1, -1, -1):
        await send({"type": "http.response.body", "body": bytes(2**16), "more_body": left > 0})


async def app(scope, receive, send):
    """Answers with the path; /large with more than is buffered, /slow after a while."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/chunks":
        return await in_chunks(send)
    if scope["path"] == "/slow":
        await asyncio.sleep(3 * SECONDS)
    body = bytes(LARGE) if scope["path"] == "/large" else scope["path"].encode()
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def place():
    from hsm.serving.service_connection import timed_protocol

    with running(app, http=timed_protocol(SECONDS), lifespan="off") as address:
        yield urlsplit(address).hostname, urlsplit(address).port


def parts(client):
    """What comes until the other side ends the connection."""
    client.settimeout(10)
    with contextlib.suppress(ConnectionError):
        while part := client.recv(2**20):
            yield part


def answered(client, body):
    """Whether an answer with that body came, which may come in parts."""
    received = b""
    return any((received := received + part).endswith(body) for part in parts(client))


def seconds_to_end(client):
    begin = time.monotonic()
    list(parts(client))
    return time.monotonic() - begin


def drip(client):
    """Send a header byte by byte, for a while or until nobody listens."""
    for _ in range(100):
        client.sendall(b"x")
        time.sleep(SECONDS / 5)


@pytest.mark.parametrize("sent", [b"", HALF], ids=["nothing", "half a header"])
def test_a_header_that_never_ends_ends_the_connection(place, sent):
    with socket.create_connection(place) as client:
        client.sendall(sent)
        assert SECONDS / 2 < seconds_to_end(client) < 4


def test_a_header_that_drips_ends_it_too(place):
    with socket.create_connection(place) as client:
        client.sendall(HALF)
        begin = time.monotonic()
        with pytest.raises(ConnectionError):
            drip(client)
        assert time.monotonic() - begin < 5


def test_so_does_one_behind_an_answered_request(place):
    with socket.create_connection(place) as client:
        client.sendall(WHOLE + HALF)
        assert answered(client, b"/answer")
        assert SECONDS / 2 < seconds_to_end(client) < 4


def test_a_request_under_way_is_not_ended(place):
    with socket.create_connection(place) as client:
        client.sendall(WHOLE.replace(b"/answer", b"/slow"))
        assert answered(client, b"/slow")


def test_a_client_that_does_not_read_is_cut_off(place):
    with socket.create_connection(place) as client:
        client.sendall(WHOLE.replace(b"/answer", b"/large"))
        time.sleep(4 * SECONDS)
        assert sum(map(len, parts(client))) < LARGE


def test_so_is_one_that_reads_in_drips(place):
    """It reads enough for the server to go on writing, each time within the seconds."""
    with socket.create_connection(place) as client:
        client.sendall(WHOLE.replace(b"/answer", b"/chunks"))
        begin, received = time.monotonic(), 0
        with contextlib.suppress(ConnectionError):
            while part := client.recv(2**18):
                received += len(part)
                time.sleep(SECONDS / 10)
        assert time.monotonic() - begin > 8 * SECONDS
        assert received < LARGE


def test_what_it_read_whole_does_not_count_against_the_next_answers(place):
    """The connection is in use for longer than a whole answer may take."""
    with socket.create_connection(place) as client:
        client.sendall(WHOLE.replace(b"/answer", b"/chunks"))
        time.sleep(SECONDS / 2)  # what is buffered is full
        begin, left = time.monotonic(), LARGE
        while left > 0:
            left -= len(client.recv(min(left, 2**20)).rpartition(b"\r\n\r\n")[2])
        while time.monotonic() - begin < 12 * SECONDS:
            client.sendall(WHOLE)
            assert answered(client, b"/answer")
            time.sleep(SECONDS / 2)
