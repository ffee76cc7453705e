"""Images of concurrent requests go through the network together."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from hsm.serving.service_batcher import Batcher
from hsm.serving.service_limits import Limits, Refusal


def embed_numbers(images):
    """A vector an image, its number; an image without one is refused."""
    return [
        np.float32([int(image)]) if image.isdigit() else Refusal(422, f"no number: {image!r}")
        for image in images
    ]


def serve(embed, limits, work):
    """What `work(batcher)` returns while the batcher runs; and the sizes of its batches."""
    sizes = []

    async def main():
        batcher = Batcher(embed, limits, on_batch=sizes.append)
        running = asyncio.create_task(batcher.run())
        try:
            return await work(batcher)
        finally:
            running.cancel()

    return asyncio.run(main()), sizes


async def in_the_network(batcher, image):
    """A task that waits for the vector of an image which has left the queue."""
    task = asyncio.create_task(batcher.embed([image]))
    await asyncio.sleep(0)
    while len(batcher):
        await asyncio.sleep(0.001)
    return task


def test_concurrent_requests_share_batches_and_get_their_own_vectors():
    async def work(batcher):
        calls = [batcher.embed([b"%d" % i, b"%d" % (100 + i)]) for i in range(8)]
        return await asyncio.gather(*calls)

    found, sizes = serve(embed_numbers, Limits(max_batch=8, max_wait=1.0), work)
    assert [[int(v[0]) for v in pair] for pair in found] == [[i, 100 + i] for i in range(8)]
    assert sizes == [8, 8]


def test_a_batch_that_does_not_fill_goes_after_its_wait():
    async def work(batcher):
        return await asyncio.wait_for(batcher.embed([b"7"]), 2.0)

    found, sizes = serve(embed_numbers, Limits(max_batch=8, max_wait=0.01), work)
    assert int(found[0][0]) == 7
    assert sizes == [1]


def test_a_bad_image_fails_alone():
    async def work(batcher):
        return await asyncio.gather(*(batcher.embed([image]) for image in (b"1", b"x", b"3")))

    (one, bad, three), sizes = serve(embed_numbers, Limits(max_wait=0.05), work)
    assert sizes == [3]
    assert [int(one[0][0]), int(three[0][0])] == [1, 3]
    assert bad[0].status == 422
    assert "no number" in bad[0].sentence


def test_an_error_reaches_all_who_wait_and_the_next_batch_is_served():
    def embed(images):
        if b"0" in images:
            raise MemoryError("no room")
        return embed_numbers(images)

    async def work(batcher):
        first = await asyncio.gather(
            batcher.embed([b"0"]), batcher.embed([b"1"]), return_exceptions=True
        )
        return first, await batcher.embed([b"2"])

    (first, second), _ = serve(embed, Limits(max_wait=0.05), work)
    assert [type(error) for error in first] == [MemoryError] * 2
    assert int(second[0][0]) == 2


def test_a_full_queue_refuses_with_the_time_to_come_again():
    is_free = threading.Event()

    def embed(images):
        is_free.wait(10)
        return embed_numbers(images)

    async def work(batcher):
        first = await in_the_network(batcher, b"0")
        fills = asyncio.create_task(batcher.embed([b"1", b"2"]))
        await asyncio.sleep(0)
        with pytest.raises(Refusal, match="2 images wait, and there is room for 2") as full:
            await batcher.embed([b"3"])
        with pytest.raises(Refusal, match="at most 2 images a request") as large:
            await batcher.embed([b"1"] * 3)
        is_free.set()
        await asyncio.gather(first, fills)
        return full.value, large.value

    (full, large), _ = serve(embed, Limits(max_queue=2, max_wait=0), work)
    assert (full.status, full.headers) == (429, {"Retry-After": "1"})
    assert (large.status, large.headers) == (422, {})


def test_an_image_that_nobody_waits_for_is_not_embedded():
    is_free, seen = threading.Event(), []

    def embed(images):
        is_free.wait(10)
        seen.extend(images)
        return embed_numbers(images)

    async def work(batcher):
        first = await in_the_network(batcher, b"0")
        given_up = asyncio.create_task(batcher.embed([b"1"]))
        kept = asyncio.create_task(batcher.embed([b"2"]))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.sleep(0)
        is_free.set()
        await asyncio.gather(first, kept)

    serve(embed, Limits(max_wait=0), work)
    assert seen == [b"0", b"2"]


@pytest.mark.parametrize("name", ["max_batch", "max_queue", "max_body", "max_pixels", "timeout"])
def test_a_limit_is_above_zero(name):
    with pytest.raises(ValueError, match=f"expected {name} above 0. Received: {name}=0"):
        Limits(**{name: 0})
