"""The service's answers, with doubles of model and index; real ones are in test_serve.py."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
import time
import warnings

import pytest
from support.served import TOKEN, FakeIndex, FakeItem, at, b64, served, skip_without_extra

from hsm.serving.service_access import Access
from hsm.serving.service_limits import Limits

skip_without_extra()


@contextlib.contextmanager
def client_of(what=None, **options):
    from hsm.serving.service import make_app

    with warnings.catch_warnings():
        # Of the name under which httpx will be published next.
        warnings.simplefilter("ignore")
        from starlette.testclient import TestClient
    what = what or served()
    app = make_app(what, **options)
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        client.embedder, client.index = what.embedder, what.index
        yield client


@pytest.fixture
def client():
    with client_of() as opened:
        yield opened


@pytest.fixture
def full(client):
    """A client of a service with three items."""
    items = [
        {"id": f"{label}/{degrees}", "image": b64(b"picture %d" % degrees), "label": label}
        for label, degrees in (("low", 0), ("low", 10), ("high", 90))
    ]
    assert client.post("/items", json={"items": items}).status_code == 201
    return client


def names(answer):
    return [near["id"] for near in answer.json()["neighbours"]]


@pytest.mark.parametrize("place", ["/v1/models/angles", "/v1/models/angles/versions/1"])
def test_a_model_is_asked_as_tensorflow_serving_is(client, place):
    assert client.get(place).json()["model_version_status"][0]["state"] == "AVAILABLE"
    asked = {"signature_name": "from_bytes", "instances": [b64(b"picture 0"), b64(b"picture 90")]}
    answer = client.post(f"{place}:predict", json=asked)
    assert answer.status_code == 200
    first, second = answer.json()["predictions"]
    assert first == [1.0, 0.0]
    assert second == pytest.approx([0.0, 1.0], abs=1e-6)
    pixels = client.post(f"{place}:predict", json={"instances": [[[[90, 0, 0]]]]})
    assert pixels.json() == {"predictions": [second]}


def test_a_large_body_is_understood_as_a_small_one_is(client):
    image = [[[90, 0, 0]] * 100] * 100
    answer = client.post("/v1/models/angles:predict", json={"instances": [image]})
    assert answer.json()["predictions"][0] == pytest.approx([0.0, 1.0], abs=1e-6)


@pytest.mark.parametrize("place", ["other", "other:predict", "angles/versions/2:predict"])
def test_a_model_that_is_not_served_is_not_found(client, place):
    ask = client.post if ":" in place else client.get
    answer = ask(f"/v1/models/{place}")
    assert answer.status_code == 404
    assert "Servable not found" in answer.json()["error"]
    assert "Served is angles, version 1" in answer.json()["error"]


def test_one_bad_image_of_a_call_is_named(client):
    asked = {"signature_name": "from_bytes", "instances": [b64(b"picture 0"), b64(b"?")]}
    answer = client.post("/v1/models/angles:predict", json=asked)
    assert answer.status_code == 400
    assert answer.json() == {"error": "image 1: no picture: send another"}


def test_a_bad_request_of_another_does_no_harm():
    with client_of(limits=Limits(max_wait=0.3)) as client:
        contents = [b"picture 0", b"?", b"picture 90", b"picture 45"]
        client.embedder.sizes.clear()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            calls = [
                pool.submit(client.post, "/search", json={"image": b64(content)})
                for content in contents
            ]
            codes = [call.result().status_code for call in calls]
    assert codes == [200, 422, 200, 200]
    assert client.embedder.sizes == [4]


@pytest.mark.parametrize("kind", ["json", "form"])
def test_a_search_by_image(full, kind):
    if kind == "json":
        asked = {"json": {"image": b64(b"picture 8"), "k": 2}}
    else:
        asked = {"files": {"image": ("x.jpg", b"picture 8")}, "data": {"k": "2"}}
    answer = full.post("/search", **asked)
    assert answer.status_code == 200
    assert names(answer) == ["low/10", "low/0"]
    found = answer.json()
    assert (found["threshold"], found["is_like_nothing"]) == (0.5, False)
    first = found["neighbours"][0]
    assert first["distance"] == pytest.approx(0.0349, abs=1e-3)
    assert (first["label"], first["is_within"], first["has_picture"]) == ("low", True, False)


def test_a_large_picture_is_searched_for_as_a_small_one_is(full):
    padded = b"picture 8" + b" " * 100_000
    assert names(full.post("/search", json={"image": b64(padded), "k": 1})) == ["low/10"]


def test_a_search_by_item_leaves_it_out(full):
    assert names(full.post("/search", json={"id": "low/0", "k": 2})) == ["low/10", "high/90"]
    assert names(full.post("/search", data={"id": "low/0", "k": 1})) == ["low/10"]
    missing = full.post("/search", json={"id": "no"})
    assert (missing.status_code, "Received: 'no'" in missing.json()["error"]) == (404, True)


def test_a_search_within_a_label(full):
    assert names(full.post("/search", json={"image": b64(b"picture 0"), "label": "high"})) == [
        "high/90"
    ]
    assert names(full.post("/search", json={"id": "low/0", "label": "no"})) == []


def test_what_is_like_nothing_is_said_to_be(full):
    found = full.post("/search", json={"image": b64(b"picture 180")}).json()
    assert found["is_like_nothing"] is True
    assert not any(near["is_within"] for near in found["neighbours"])


def test_without_a_threshold_nothing_is_said_of_it():
    with client_of(served(threshold=None)) as client:
        client.post("/items", json={"items": [{"id": "1", "image": b64(b"picture 0")}]})
        found = client.post("/search", json={"image": b64(b"picture 0")}).json()
    assert (found["threshold"], found["is_like_nothing"]) == (None, None)
    assert found["neighbours"][0]["is_within"] is None


def test_items_are_added_one_by_one_as_a_form_and_removed(client):
    file = {"image": ("x.jpg", b"picture 5")}
    data = {"id": "a/b c", "label": "x", "metadata": '{"year": 2026}'}
    assert client.post("/items", files=file, data=data).json() == {
        "added": ["a/b c"],
        "refused": [],
    }
    (found,) = client.post("/search", json={"image": b64(b"picture 5")}).json()["neighbours"]
    assert (found["id"], found["label"], found["metadata"]) == ("a/b c", "x", {"year": 2026})
    again = client.post("/items", files=file, data=data)
    assert again.status_code == 409
    assert again.json()["refused"][0]["error"].startswith("this id is taken")
    assert client.post("/items", files=file, data={**data, "replace": "true"}).status_code == 201
    assert client.delete("/items/a/b%20c").json() == {"removed": "a/b c"}
    assert client.delete("/items/a/b%20c").status_code == 404


def test_a_bad_item_fails_alone(client):
    contents = {"1": b"picture 0", "2": b"?", "3": b"picture 9"}
    items = [{"id": id, "image": b64(content)} for id, content in contents.items()]
    answer = client.post("/items", json={"items": [*items, items[0]]})
    assert answer.status_code == 201
    assert answer.json()["added"] == ["1", "3"]
    assert [each["id"] for each in answer.json()["refused"]] == ["2", "1"]
    bad = client.post("/items", json={"items": [items[1]]})
    assert (bad.status_code, bad.json()["added"]) == (422, [])


BAD = {
    "no body": (b"", "expected JSON or a form"),
    "a list": (b"[]", "expected a JSON object"),
    "neither": (b"{}", "either 'image' or 'id'"),
    "both": (b'{"id": "1", "image": {"b64": ""}}', "either 'image' or 'id'"),
    "too many": (b'{"id": "1", "k": 1001}', "k: Input should be less than or equal to 1000"),
    "none": (b'{"id": "1", "k": 0}', "k: Input should be greater than or equal to 1"),
    "another field": (b'{"id": "1", "size": 3}', "size: Extra inputs"),
    "a bare string": (b'{"image": "abc"}', 'must be {"b64": "\N{HORIZONTAL ELLIPSIS}"}'),
    "no base64": (b'{"image": {"b64": "*"}}', "expected base64"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_search_is_answered_with_a_sentence(client, case):
    body, sentence = BAD[case]
    answer = client.post("/search", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert sentence in answer.json()["error"]


def test_too_slow_an_answer_is_given_up_with_the_time_to_come_again():
    with client_of(limits=Limits(timeout=0.1)) as client:
        client.embedder.is_free.clear()
        answer = client.post("/search", json={"image": b64(b"picture 0")})
        client.embedder.is_free.set()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "within 0.1 seconds" in answer.json()["error"]
        assert client.post("/search", json={"image": b64(b"picture 0")}).status_code == 200


def test_a_full_queue_is_answered_429():
    with client_of(limits=Limits(max_queue=2, max_batch=1)) as client:
        client.embedder.is_free.clear()
        asked = {"signature_name": "from_bytes", "instances": [b64(b"picture 0")] * 2}
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            first = pool.submit(client.post, "/v1/models/angles:predict", json=asked)
            time.sleep(0.3)
            answer = client.post("/v1/models/angles:predict", json=asked)
            client.embedder.is_free.set()
            assert first.result().status_code == 200
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


def test_a_body_beyond_the_limit_is_answered_413():
    with client_of(limits=Limits(max_body=100)) as client:
        assert client.post("/search", content=b"x" * 101).status_code == 413
        answer = client.post("/search", content=iter([b"x" * 60] * 2))
    assert answer.status_code == 413
    assert "at most 100 bytes" in answer.json()["error"]


def test_what_the_index_refuses_is_said_and_what_the_disk_refuses_is_not(client, caplog):
    item = {"id": "1", "image": b64(b"picture 0")}
    client.index.error = ValueError("expected a label to be a text that is not empty")
    answer = client.post("/items", json={"items": [item]})
    assert (answer.status_code, answer.json()["error"][:16]) == (422, "expected a label")
    client.index.error = OSError("/secret/place: no space left. Make room there")
    for answer in (client.post("/items", json={"items": [item]}), client.delete("/items/1")):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert "secret" not in answer.text
    assert "Make room there" in caplog.text


def test_text_that_is_no_unicode_is_refused(client):
    for body in ('{"id": "\\ud800"}', '{"id": "1", "label": "\\ud800"}'):
        assert client.post("/search", content=body).status_code == 422


def test_a_form_that_is_none_is_answered_with_a_sentence(client):
    kind = {"content-type": "multipart/form-data; boundary=x"}
    answer = client.post("/search", content=b"no form", headers=kind)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("POST /search: ")


def test_metadata_that_are_nested_too_deep_are_refused(client):
    form = {"id": "1", "metadata": "[" * 100_000}
    answer = client.post("/items", data=form, files={"image": ("x.jpg", b"picture 0")})
    assert answer.status_code == 422
    assert "nested too deep" in answer.json()["error"]


def test_a_failure_of_the_service_is_no_one_elses(client):
    answer = client.post("/search", json={"image": b64(b"broken model")})
    assert answer.status_code == 500
    assert answer.json() == {"error": "the service failed; its log says why"}
    assert client.post("/search", json={"image": b64(b"picture 1")}).status_code == 200


def test_what_is_unknown_has_the_same_shape(client):
    assert client.get("/no").json() == {"error": "GET /no: Not Found"}
    assert client.put("/search").json() == {"error": "PUT /search: Method Not Allowed"}


def of_file(path):
    """An item as an index made of files has it."""
    status = path.stat()
    said = {"bytes": status.st_size, "changed": status.st_mtime_ns, "year": 2026}
    return FakeItem(str(path), at(0), "low", said)


def test_an_item_cannot_be_said_to_be_a_file(client, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"\x89PNG")
    said = of_file(secret).metadata
    for metadata in (said, {"bytes": said["bytes"]}, {"changed": said["changed"]}):
        item = {"id": str(secret), "image": b64(b"picture 0"), "metadata": metadata}
        answer = client.post("/items", json={"items": [item]})
        assert answer.status_code == 422
        assert "expected metadata without bytes and changed" in answer.json()["error"]
    plain = {"id": str(secret), "image": b64(b"picture 0")}
    assert client.post("/items", json={"items": [plain]}).status_code == 201
    assert client.get("/picture", params={"id": str(secret)}).status_code == 404


def test_pictures_are_the_files_of_items_alone(full, tmp_path):
    kept, words, changed = (tmp_path / name for name in ("kept.png", "words.png", "changed.png"))
    for path in (kept, changed):
        path.write_bytes(b"\x89PNG and more")
    words.write_bytes(b"no picture")
    items = full.index.items
    items.update({str(path): of_file(path) for path in (kept, words, changed)})
    items["kept.png"] = FakeItem("kept.png", at(180), None, of_file(kept).metadata)
    changed.write_bytes(b"\x89PNG that is another one")
    answer = full.get("/picture", params={"id": str(kept)})
    assert (answer.status_code, answer.content) == (200, b"\x89PNG and more")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    around = f"{tmp_path}/../{tmp_path.name}/kept.png"
    for id in ("low/0", "kept.png", str(words), str(changed), around, "/etc/passwd", "\0"):
        assert full.get("/picture", params={"id": id}).status_code == 404, id
    for path in ("/picture/../../etc/passwd", "/picture/%2e%2e%2f%2e%2e%2fetc%2fpasswd"):
        assert full.get(path).status_code == 404
    found = full.post("/search", json={"id": str(changed), "k": 4}).json()["neighbours"]
    shown = {near["id"]: (near["has_picture"], near["metadata"]) for near in found}
    assert shown[str(kept)] == (True, {"year": 2026})
    assert shown["low/0"] == (False, {})


def test_a_token_is_asked_for_everywhere_but_where_nothing_is_said():
    with client_of(access=Access(TOKEN)) as client:
        assert client.post("/search", json={"id": "1"}).status_code == 401
        assert client.get("/metrics").status_code == 401
        assert client.get("/healthz").status_code == 200
        right = {"authorization": f"Bearer {TOKEN}"}
        assert client.post("/search", json={"id": "1"}, headers=right).status_code == 404


def test_health_and_metrics(full):
    assert full.get("/healthz").json() == {"status": "ok"}
    assert full.get("/readyz").json() == {"status": "ready"}
    full.post("/search", json={"image": b64(b"?")})
    text = full.get("/metrics").text
    for line in (
        'hsm_requests_total{route="/search",status="422"} 1.0',
        'hsm_images_total{outcome="refused"} 1.0',
        'hsm_request_seconds_count{route="/items"} 1.0',
        "hsm_index_items 3.0",
        "hsm_queue_images 0.0",
        "hsm_batch_images_count",
    ):
        assert line in text, line


def test_the_index_is_not_read_for_metrics_where_requests_are_taken():
    readers = []

    class Noted(FakeIndex):
        def __len__(self):
            readers.append(threading.current_thread().name)
            return 0

    what = served()
    with client_of(type(what)(what.embedder, Noted(), "angles")) as client:
        assert "hsm_index_items 0.0" in client.get("/metrics").text
    assert readers[-1].startswith("search")


def test_a_service_that_embeds_no_more_is_not_ready():
    from hsm.serving.service_engine import Engine
    from hsm.serving.service_metrics import Metrics

    async def readiness():
        engine = Engine(served(), Limits(), Metrics())
        found = [engine.is_ready]
        async with engine:
            found.append(engine.is_ready)
            engine._running.cancel()
            await asyncio.sleep(0.01)
            found.append(engine.is_ready)
        return found

    assert asyncio.run(readiness()) == [False, True, False]


def test_open_api_describes_the_routes(client):
    api = client.get("/openapi.json").json()
    paths = {"/search", "/items", "/items/{id}", "/v1/models/{name}", "/v1/models/{name}:predict"}
    assert paths <= api["paths"].keys()
    body = api["paths"]["/items"]["post"]["requestBody"]["content"]
    assert body["application/json"]["schema"]["properties"]["items"]["items"]["required"] == [
        "id",
        "image",
    ]
    assert body["multipart/form-data"]["schema"]["properties"]["image"]["format"] == "binary"
    assert "$defs" not in str(api)


def test_the_page_asks_no_other_host(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert "connect-src 'self'" in answer.headers["content-security-policy"]
    assert "http://" not in answer.text
    assert "https://" not in answer.text


def test_without_an_index_only_the_model_is_served():
    what = served()
    with client_of(type(what)(what.embedder, None, "angles")) as client:
        client.embedder = what.embedder
        assert client.get("/v1/models/angles").status_code == 200
        assert client.post("/search", json={"id": "1"}).status_code == 404
        assert client.get("/readyz").status_code == 200
