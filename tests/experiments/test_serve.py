"""The command serve, from an exported model to answers, and to its end."""

from __future__ import annotations

import concurrent.futures
import contextlib
import gc
import re
import signal
import socket
import subprocess

import numpy as np
import pytest
from support.driver_process import ENVIRONMENT, ROOT, command, run
from support.image_factory import encode, photograph
from support.served import TOKEN, b64, skip_without_extra

skip_without_extra()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    from support.served_model import small_model

    from hsm.export import export_saved_model

    return export_saved_model(small_model(), tmp_path_factory.mktemp("serve") / "export" / "3")


@pytest.fixture(scope="module")
def embedder(model):
    from hsm.serving import Embedder

    return Embedder(model)


@pytest.fixture(scope="module")
def pictures():
    return [encode(photograph(40, 50, seed=seed), "PNG") for seed in range(6)]


@pytest.fixture
def index(embedder, pictures, tmp_path):
    from hsm.serving import Index

    path = tmp_path / "birds.index"
    with Index.open(path, embedder) as opened:
        labels = ["jay", "jay", "wren", "wren", "wren", "jay"]
        opened.add([f"bird {i}" for i in range(6)], embedder.embed(pictures), labels)
    return path


@contextlib.contextmanager
def serving(*flags, variables=None):
    """A client of the command, and its process, which is ended by SIGTERM if it still runs."""
    import httpx

    process = subprocess.Popen(
        command("serve", "--port=0", *flags),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**ENVIRONMENT, **(variables or {})},
    )
    try:
        line = process.stdout.readline()
        found = re.search(r"http://\S+:(\d+)/", line)
        assert found, process.communicate(timeout=60)
        with httpx.Client(base_url=f"http://127.0.0.1:{found[1]}", timeout=60) as client:
            yield client, process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_a_model_and_an_index_are_served(model, embedder, index, pictures):
    vectors = embedder.embed(pictures)
    with serving(f"--model={model}", f"--index={index}", "--name=birds") as (client, _):
        (status,) = client.get("/v1/models/birds").json()["model_version_status"]
        assert (status["version"], status["state"]) == ("3", "AVAILABLE")
        asked = {"signature_name": "from_bytes", "instances": [b64(p) for p in pictures]}
        found = client.post("/v1/models/birds:predict", json=asked).json()["predictions"]
        np.testing.assert_allclose(found, vectors, atol=1e-5)
        asked["instances"][2] = b64(b"broken")
        bad = client.post("/v1/models/birds:predict", json=asked)
        assert (bad.status_code, bad.json()["error"][:9]) == (400, "image 2: ")
        pixels = np.asarray(photograph(40, 50, seed=0)).tolist()
        (vector,) = client.post("/v1/models/birds:predict", json={"instances": [pixels]}).json()[
            "predictions"
        ]
        np.testing.assert_allclose(vector, vectors[0], atol=1e-5)

        near = client.post("/search", files={"image": pictures[3]}, data={"k": "2"}).json()
        assert near["neighbours"][0]["id"] == "bird 3"
        assert near["neighbours"][0]["distance"] == pytest.approx(0, abs=1e-3)
        alike = client.post("/search", json={"id": "bird 3", "label": "jay"}).json()
        assert {each["id"] for each in alike["neighbours"]} == {"bird 0", "bird 1", "bird 5"}
        added = client.post(
            "/items", files={"image": pictures[0]}, data={"id": "new", "label": "x"}
        )
        assert added.json() == {"added": ["new"], "refused": []}
        assert client.delete("/items/bird%202").status_code == 200

    from hsm.serving import Index

    with Index.open(index, embedder) as opened:
        assert len(opened) == 6
        assert opened.search(vectors[:1], 2)[0][1].id == "new"


def test_a_picture_beyond_the_limit_is_refused(model, index, pictures):
    flags = ("--max_pixels=1999", "--max_body_mib=0.1")
    with serving(f"--model={model}", f"--index={index}", *flags) as (client, _):
        large = client.post("/search", json={"image": b64(pictures[0])})
        assert large.status_code == 422
        assert "2,000 (50 x 40)" in large.json()["error"]
        assert client.post("/search", content=b"0" * 200_000).status_code == 413


def test_the_end_loses_no_accepted_write(model, embedder, index, pictures):
    with serving(f"--model={model}", f"--index={index}") as (client, process):

        def add_until_the_end(worker):
            accepted = []
            with contextlib.suppress(OSError, Exception):
                for number in range(10_000):
                    id = f"{worker}/{number}"
                    answer = client.post(
                        "/items", files={"image": pictures[number % 6]}, data={"id": id}
                    )
                    if answer.status_code == 201:
                        accepted.append(id)
                    if worker == 0 and number == 5:
                        process.send_signal(signal.SIGTERM)
            return accepted

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            accepted = set().union(*pool.map(add_until_the_end, range(8)))
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (143, "error: terminated\n")
    assert len(accepted) >= 6

    from hsm.serving import Index

    with Index.open(index, embedder) as opened:
        assert accepted <= set(opened.items().ids)


def test_ctrl_c_ends_it_too(model):
    with serving(f"--model={model}") as (client, process):
        assert client.get("/readyz").status_code == 200
        assert client.post("/search", json={"id": "1"}).status_code == 404
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "error: interrupted\n")


def test_a_token_opens_it_to_others(model, tmp_path):
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    versions = model.parent
    with serving(f"--model={versions}", "--host=0.0.0.0", f"--token_file={file}") as (client, _):
        assert client.get("/v1/models/embedding").status_code == 401
        right = {"Authorization": f"Bearer {TOKEN}"}
        (status,) = client.get("/v1/models/embedding", headers=right).json()["model_version_status"]
        assert status["version"] == "3"


def test_what_cannot_be_served_is_said_at_once(model, index, tmp_path):
    without = run("serve", cwd=tmp_path)
    assert without.returncode == 1
    assert "--model=results/saved_model, which does not exist. Train one" in without.stderr
    open_to_all = run("serve", f"--model={model}", "--host=0.0.0.0")
    assert open_to_all.returncode == 1
    assert "Name a file that holds it as --token_file" in open_to_all.stderr
    short = run("serve", f"--model={model}", variables={"HSM_SERVE_TOKEN": "short"})
    assert (short.returncode, "at least 16 characters" in short.stderr) == (1, True)
    missing = run("serve", f"--model={model}", f"--index={tmp_path / 'no.index'}")
    assert (missing.returncode, "no.index" in missing.stderr) == (1, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        busy = run("serve", f"--model={model}", f"--port={port}")
    assert busy.returncode == 1
    assert f"cannot listen at 127.0.0.1, port {port}" in busy.stderr
    assert "Traceback" not in busy.stderr


def test_without_the_extra_the_command_says_what_to_install(model, tmp_path):
    (tmp_path / "fastapi.py").write_text("raise ImportError('no fastapi')\n")
    path = f"{tmp_path}:{ROOT}"
    result = run("serve", f"--model={model}", variables={"PYTHONPATH": path})
    assert result.returncode == 1
    assert 'pip install "hsm-embedding[serve]"' in result.stderr


def test_an_answer_does_not_wait_for_its_first_part_to_be_confirmed():
    from hsm.serving.service_run import Place, _listen

    with (
        _listen(Place(port=0)) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_what_was_loaded_is_not_looked_through_for_garbage():
    from hsm.serving.service_run import _keep_what_is_loaded

    before = gc.get_freeze_count()
    _keep_what_is_loaded()
    try:
        assert gc.get_freeze_count() > before
        assert len(gc.get_objects()) < 1000
    finally:
        gc.unfreeze()
