"""What TensorFlow Serving's REST API says and hears, for the signatures of an export.

Requests hold `instances`, a list (rows), or `inputs`, a tensor (columns); either may name the one
input. Files are `{"b64": "…"}`. Answers are `predictions` or `outputs`, errors `{"error": "…"}`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsm.serving.service_batcher import Image, Outcome
from hsm.serving.service_limits import Refusal

_B64 = "b64"


@dataclass(frozen=True)
class Signature:
    """One of the functions of an export.

    Attributes:
        input_name: of its one input.
        read: a JSON value of one image → the image.
        is_lenient: whether an image that cannot be read is said to be so, and no error.
    """

    input_name: str
    read: Callable[[Any], Image]
    is_lenient: bool = False


@dataclass(frozen=True)
class Call:
    """A request that was understood: its images, and how it wants them answered."""

    signature: Signature
    images: list[Image]
    is_columns: bool


def decoded(value: Any) -> bytes:
    """Return the bytes of `{"b64": "…"}`; a bare string stands for its UTF-8, as over there.

    Raises:
        Refusal: 400 for anything else, and for what is no base64.
    """
    if isinstance(value, str):
        # What JSON can say and UTF-8 cannot is no file, either.
        return value.encode(errors="replace")
    if not (isinstance(value, Mapping) and set(value) == {_B64} and isinstance(value[_B64], str)):
        raise Refusal(400, f'expected an image as {{"b64": "…"}}. Received: {_shown(value)}')
    try:
        return base64.b64decode(value[_B64], validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal(400, f"expected base64 in {_B64!r}. Received what is none: {error}") from None


def _whole_pixels(value: Any) -> NDArray[np.uint8]:
    pixels = _pixels(value)
    if pixels.dtype.kind not in "iu" or pixels.min(initial=0) < 0 or pixels.max(initial=0) > 255:
        raise Refusal(
            400,
            "expected whole numbers of 0 to 255. Received others. Send fractions to the signature "
            "'from_floats', whose images are 0 to 255, too",
        )
    return pixels.astype(np.uint8)


def _float_pixels(value: Any) -> NDArray[np.uint8]:
    """Round as the export's `from_floats`: half to even, and cut to 0..255."""
    pixels = _pixels(value)
    if pixels.dtype.kind not in "iuf" or not np.isfinite(pixels).all():
        raise Refusal(400, "expected finite numbers of 0 to 255. Received others")
    return np.clip(np.rint(pixels.astype(np.float32)), 0, 255).astype(np.uint8)


def _pixels(value: Any) -> NDArray[Any]:
    """Return an image of a JSON list, any numbers [height, width, 3]."""
    # NumPy gives every number the room of the longest text among them, unless they are objects.
    try:
        pixels = np.asarray(value, dtype=object)
    except ValueError:  # Rows that differ in length.
        pixels = np.empty(0)
    if pixels.ndim != 3 or pixels.shape[-1] != 3 or 0 in pixels.shape:
        raise Refusal(
            400,
            "expected an image of the shape [height, width, 3]. Received the shape "
            f"{list(pixels.shape)}",
        )
    return np.asarray(value) if set(map(type, pixels.flat)) <= {int, float} else pixels


SIGNATURES: Mapping[str, Signature] = {
    "serving_default": Signature("images", _whole_pixels),
    "from_floats": Signature("images", _float_pixels),
    "from_bytes": Signature("encoded", decoded),
    "from_bytes_lenient": Signature("encoded", decoded, is_lenient=True),
}


def parse(body: bytes) -> Call:
    """Read the body of a `:predict` request.

    Raises:
        Refusal: 400 for what is no such request, naming the place of a bad image.
    """
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"expected JSON. Received a body that is none: {error}") from None
    if not isinstance(request, dict) or ("instances" in request) == ("inputs" in request):
        raise Refusal(400, "expected an object with either 'instances' or 'inputs'")
    signature = _signature(request.get("signature_name") or "serving_default")
    is_columns = "inputs" in request
    values = request["inputs" if is_columns else "instances"]
    rows = _column(values, signature) if is_columns else _rows(values, signature)
    return Call(signature, [_read(signature, row, i) for i, row in enumerate(rows)], is_columns)


def _signature(name: Any) -> Signature:
    if not isinstance(name, str) or name not in SIGNATURES:
        raise Refusal(
            400, f"expected signature_name to be one of {', '.join(SIGNATURES)}. Received: {name!r}"
        )
    return SIGNATURES[name]


def _rows(values: Any, signature: Signature) -> list[Any]:
    """Return the images of `instances`: bare ones, or objects that name the input."""
    if not isinstance(values, list) or not values:
        raise Refusal(
            400, f"expected 'instances' to be a list of images. Received: {_shown(values)}"
        )
    name = signature.input_name
    return [row[name] if isinstance(row, dict) and set(row) == {name} else row for row in values]


def _column(value: Any, signature: Signature) -> list[Any]:
    """Return the images of `inputs`: a list of them, or an object that names the input."""
    if isinstance(value, dict) and set(value) == {signature.input_name}:
        value = value[signature.input_name]
    if not isinstance(value, list):
        raise Refusal(
            400,
            f"expected 'inputs' to be a list of images, or {{{signature.input_name!r}: […]}}. "
            f"Received: {_shown(value)}",
        )
    return value


def _read(signature: Signature, value: Any, place: int) -> Image:
    try:
        return signature.read(value)
    except Refusal as refusal:
        raise Refusal(refusal.status, f"image {place}: {refusal.sentence}") from None


def answer(call: Call, outcomes: Sequence[Outcome], *, dimension: int) -> dict[str, Any]:
    """Return what is sent back.

    Args:
        call: the request.
        outcomes: of its images.
        dimension: numbers of a vector.

    Raises:
        Refusal: 400, naming every image that could not be embedded, unless the call is lenient.
    """
    bad = {i: o.sentence for i, o in enumerate(outcomes) if isinstance(o, Refusal)}
    if bad and not call.signature.is_lenient:
        raise Refusal(400, "; ".join(f"image {i}: {sentence}" for i, sentence in bad.items()))
    vectors = [None if isinstance(o, Refusal) else o.tolist() for o in outcomes]
    if not call.signature.is_lenient:
        return {"outputs" if call.is_columns else "predictions": vectors}
    # Two outputs: vectors, zero where there is none, and whether there is one.
    filled = [vector or [0.0] * dimension for vector in vectors]
    readable = [vector is not None for vector in vectors]
    if call.is_columns:
        return {"outputs": {"embedding": filled, "readable": readable}}
    pairs = zip(filled, readable, strict=True)
    return {"predictions": [{"embedding": v, "readable": r} for v, r in pairs]}


def status(version: str) -> dict[str, Any]:
    """Return what `GET /v1/models/NAME` says of a model that is served."""
    fine = {"error_code": "OK", "error_message": ""}
    return {"model_version_status": [{"version": version, "state": "AVAILABLE", "status": fine}]}


def _shown(value: Any) -> str:
    """Return the beginning of what was received."""
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
