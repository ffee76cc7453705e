"""Requests and answers as TensorFlow Serving's REST API has them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.served import b64

from hsm.serving.service_limits import Refusal
from hsm.serving.service_predict import answer, parse, status

PIXELS = [[[0, 128, 255], [1, 2, 3]]]
FILE = b64(b"a file")
VECTOR = np.float32([0.5, 0.25])


def parsed(**request):
    return parse(json.dumps(request).encode())


@pytest.mark.parametrize("image", [PIXELS, {"images": PIXELS}])
def test_rows_of_pixels(image):
    call = parsed(instances=[image, image])
    assert [i.tolist() for i in call.images] == [PIXELS, PIXELS]
    assert {i.dtype for i in call.images} == {np.dtype(np.uint8)}
    assert answer(call, [VECTOR, VECTOR], dimension=2) == {
        "predictions": [[0.5, 0.25], [0.5, 0.25]]
    }


@pytest.mark.parametrize("inputs", [[PIXELS], {"images": [PIXELS]}])
def test_columns_of_pixels(inputs):
    call = parsed(inputs=inputs)
    assert [i.tolist() for i in call.images] == [PIXELS]
    assert answer(call, [VECTOR], dimension=2) == {"outputs": [[0.5, 0.25]]}


@pytest.mark.parametrize("image", [FILE, {"encoded": FILE}])
def test_rows_of_files(image):
    assert parsed(signature_name="from_bytes", instances=[image]).images == [b"a file"]


@pytest.mark.parametrize("inputs", [[FILE], {"encoded": [FILE]}])
def test_columns_of_files(inputs):
    assert parsed(signature_name="from_bytes", inputs=inputs).images == [b"a file"]


def test_floats_are_rounded_as_the_export_rounds_them():
    call = parsed(signature_name="from_floats", instances=[[[[0.5, 1.5, 300.0]]]])
    assert call.images[0].tolist() == [[[0, 2, 255]]]


def test_a_file_that_cannot_be_read_is_an_error_that_names_its_place():
    call = parsed(signature_name="from_bytes", instances=[FILE, FILE])
    with pytest.raises(Refusal, match="^image 1: empty file$") as error:
        answer(call, [VECTOR, Refusal(422, "empty file")], dimension=2)
    assert error.value.status == 400


def test_the_lenient_signature_says_what_could_be_read():
    outcomes = [VECTOR, Refusal(422, "empty file")]
    rows = parsed(signature_name="from_bytes_lenient", instances=[FILE, FILE])
    assert answer(rows, outcomes, dimension=2) == {
        "predictions": [
            {"embedding": [0.5, 0.25], "readable": True},
            {"embedding": [0.0, 0.0], "readable": False},
        ]
    }
    columns = parsed(signature_name="from_bytes_lenient", inputs=[FILE, FILE])
    assert answer(columns, outcomes, dimension=2) == {
        "outputs": {"embedding": [[0.5, 0.25], [0.0, 0.0]], "readable": [True, False]}
    }


BAD = {
    "no JSON": (b"{", "expected JSON"),
    "too deep": (b"[" * 100_000, "expected JSON"),
    "no object": (b"[]", "either 'instances' or 'inputs'"),
    "neither": (b"{}", "either 'instances' or 'inputs'"),
    "both": (b'{"instances": [1], "inputs": [1]}', "either 'instances' or 'inputs'"),
    "no rows": (b'{"instances": []}', "a list of images. Received: \\[\\]"),
    "no list": (b'{"instances": {"images": 3}}', "a list of images"),
    "no column": (b'{"inputs": {"pixels": []}}', "or {'images': .…"),
    "another signature": (
        b'{"signature_name": "train", "instances": [1]}',
        "one of serving_default, from_floats, from_bytes, from_bytes_lenient. Received: 'train'",
    ),
    "no image": (b'{"instances": [[[1, 2], [3]]]}', "image 0: .*shape \\[2\\]"),
    "no channels": (b'{"instances": [[[1, 2, 3]]]}', "image 0: .*shape \\[1, 3\\]"),
    "fractions": (b'{"instances": [[[[0.5, 0, 1]]]]}', "image 0: .*from_floats"),
    "beyond": (b'{"instances": [[[[256, 0, 1]]]]}', "whole numbers of 0 to 255"),
    "words": (b'{"instances": [[[["a", "b", "c"]]]]}', "whole numbers of 0 to 255"),
    "truths": (b'{"instances": [[[[true, 0, 1]]]]}', "whole numbers of 0 to 255"),
    "no finite": (
        b'{"signature_name": "from_floats", "instances": [[[[NaN, 0, 1]]]]}',
        "finite numbers",
    ),
    "a number as a file": (
        b'{"signature_name": "from_bytes", "instances": [3]}',
        'image 0: expected an image as {"b64": "…"}. Received: 3',
    ),
    "no base64": (
        b'{"signature_name": "from_bytes", "instances": [{"b64": "*"}]}',
        "image 0: expected base64",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_request_is_answered_with_a_sentence(case):
    body, sentence = BAD[case]
    with pytest.raises(Refusal, match=sentence) as error:
        parse(body)
    assert error.value.status == 400


def test_text_among_pixels_takes_no_room():
    words = [[["a" * 10**6, "", ""]] + [["", "", ""]] * 10**5]
    with pytest.raises(Refusal, match="whole numbers of 0 to 255"):
        parsed(instances=[words])


def test_text_that_is_no_unicode_is_no_file():
    body = b'{"signature_name": "from_bytes", "instances": ["\\ud800"]}'
    assert parse(body).images == [b"?"]


def test_the_status_of_a_model():
    (found,) = status("3")["model_version_status"]
    assert (found["version"], found["state"]) == ("3", "AVAILABLE")
    assert found["status"] == {"error_code": "OK", "error_message": ""}
