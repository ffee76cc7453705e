"""Clients that each send one request after the other, as fast as they are answered."""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from serving_load.service import Running

_HEADERS = {"Content-Type": "application/json"}
# As a browser cuts off an upload.
BROKEN = b"\x89PNG\r\n\x1a\n and no more"


@dataclass
class Answers:
    """What came of some requests.

    Attributes:
        seconds: of each that was answered 200.
        codes: how many were answered how.
        wall: seconds from the first request to the last answer.
    """

    seconds: list[float] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)
    wall: float = 0.0

    def summary(self) -> dict[str, object]:
        """Return requests, those a second, and median and 99th percentile in milliseconds."""
        median, late = np.percentile(np.asarray(self.seconds) * 1000, [50, 99])
        return {
            "requests": self.codes.total(),
            "codes": {str(code): count for code, count in sorted(self.codes.items())},
            "per_second": self.codes.total() / self.wall,
            "p50_ms": float(median),
            "p99_ms": float(late),
        }


def bodies(pictures: Sequence[bytes], *, broken_every: int | None = None) -> list[bytes]:
    """Request for the ten nearest of each picture; every n-th picture may be a broken one."""
    bodies = []
    for i, picture in enumerate(pictures):
        is_broken = broken_every is not None and i % broken_every == 0
        image = base64.b64encode(BROKEN if is_broken else picture).decode()
        bodies.append(json.dumps({"image": {"b64": image}, "k": 10}).encode())
    return bodies


def load(service: Running, requests: Sequence[bytes], *, count: int, clients: int) -> Answers:
    """Send `count` requests, the given ones over and over, by as many clients at once."""
    answers, numbers = Answers(), itertools.count()
    threads = [
        threading.Thread(target=_client, args=(service, requests, count, numbers, answers))
        for _ in range(clients)
    ]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.wall = time.perf_counter() - begin
    return answers


def _client(
    service: Running,
    requests: Sequence[bytes],
    count: int,
    numbers: itertools.count[int],
    answers: Answers,
) -> None:
    connection = http.client.HTTPConnection(service.host, service.port, timeout=120)
    own = Answers()
    while (number := next(numbers)) < count:
        begin = time.perf_counter()
        connection.request("POST", "/search", requests[number % len(requests)], _HEADERS)
        answer = connection.getresponse()
        answer.read()
        own.codes[answer.status] += 1
        if answer.status == 200:
            own.seconds.append(time.perf_counter() - begin)
    connection.close()
    with _LOCK:
        answers.seconds += own.seconds
        answers.codes += own.codes


_LOCK = threading.Lock()
