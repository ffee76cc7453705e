"""What `POST /search` and `POST /items` take: JSON, or the fields of a form with a file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from starlette.datastructures import UploadFile

from hsm.serving.service_limits import MAX_NEIGHBOURS, Refusal
from hsm.serving.service_predict import decoded

_FORM = "multipart/form-data"
_FORMS = (_FORM, "application/x-www-form-urlencoded")
_JSON = "application/json"
# As an address holds it.
_LONGEST = 1000

# Bytes that are understood at once.
_SMALL = 16 * 2**10

_Result = TypeVar("_Result")
_Model = TypeVar("_Model", bound=BaseModel)


def _image(value: Any) -> bytes:
    """Return the bytes of an uploaded file or of {"b64": "…"}."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, dict):
        raise ValueError('must be {"b64": "…"}, or the file of a form')
    try:
        return decoded(value)
    except Refusal as refusal:
        raise ValueError(refusal.sentence) from None


def _object(value: Any) -> Any:
    """Return metadata, which a field of a form holds as JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except RecursionError:
        raise ValueError("is nested too deep") from None


_B64_SCHEMA = {
    "type": "object",
    "properties": {"b64": {"type": "string", "contentEncoding": "base64"}},
    "required": ["b64"],
}
ImageField = Annotated[bytes, BeforeValidator(_image), WithJsonSchema(_B64_SCHEMA)]
# An id or a label.
Name = Annotated[str, Field(min_length=1, max_length=_LONGEST)]


class SearchRequest(BaseModel):
    """What to look for: an image, or an item by its id."""

    model_config = ConfigDict(extra="forbid")

    image: ImageField | None = None
    id: Name | None = None
    k: int = Field(10, ge=1, le=MAX_NEIGHBOURS, description="How many neighbours.")
    label: Name | None = Field(None, description="Only neighbours with this label.")


class NewItem(BaseModel):
    """An image that is to be found from now on."""

    model_config = ConfigDict(extra="forbid")

    id: Name
    image: ImageField
    label: Name | None = None
    metadata: Annotated[dict[str, Any] | None, BeforeValidator(_object)] = None


class ItemsRequest(BaseModel):
    """Items to add."""

    model_config = ConfigDict(extra="forbid")

    items: list[NewItem] = Field(min_length=1)
    replace: bool = Field(False, description="Replace items that have these ids already.")


async def read_search(request: Request) -> SearchRequest:
    """Read a request.

    Raises:
        Refusal: 422 for what is no such request.
    """
    asked = await _read(request, SearchRequest, lambda form: form)
    if (asked.image is None) == (asked.id is None):
        raise Refusal(422, "expected either 'image' or 'id'")
    return asked


async def read_items(request: Request) -> ItemsRequest:
    """Read a request; a form holds a single item.

    Raises:
        Refusal: 422 for what is no such request.
    """

    def as_list(form: dict[str, Any]) -> dict[str, Any]:
        return {"replace": form.pop("replace", False), "items": [form]}

    return await _read(request, ItemsRequest, as_list)


async def beside(size: int, work: Callable[[], _Result]) -> _Result:
    """Do work on a body of `size` bytes; beside the event loop if it would hold that up."""
    return work() if size <= _SMALL else await asyncio.to_thread(work)


async def _read(
    request: Request, model: type[_Model], of_form: Callable[[dict[str, Any]], dict[str, Any]]
) -> _Model:
    """Return the request as `model`: its JSON, or what `of_form` makes of its form."""
    if _is_form(request):
        return _validated(model, of_form(await _form(request)))
    body = await request.body()
    return await beside(len(body), lambda: _validated(model, _json_object(body)))


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith(_FORMS)


async def _form(request: Request) -> dict[str, Any]:
    """Return the fields of a form, files as bytes; a field that was left empty is not there."""
    async with request.form(max_files=1) as form:
        fields: dict[str, Any] = {}
        for name, value in form.multi_items():
            content = await value.read() if isinstance(value, UploadFile) else value
            if content or name == "image":
                fields[name] = content
        return fields


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(422, f"expected JSON or a form. Received neither: {error}") from None
    if not isinstance(content, dict):
        raise Refusal(422, "expected a JSON object")
    return content


def _validated(model: type[_Model], fields: dict[str, Any]) -> _Model:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise Refusal(422, validation_message(error.errors())) from None


def validation_message(errors: Any) -> str:
    """Return Pydantic's errors as a sentence."""
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in errors)


def body_of(model: type[BaseModel], *, form: type[BaseModel] | None = None) -> dict[str, Any]:
    """Return what OpenAPI says of a body: `model` as JSON, `form` (None: the same) as a form."""
    fields = (form or model).model_json_schema()
    file = {"type": "string", "format": "binary"}
    as_form = {**fields, "properties": {**fields["properties"], "image": file}}
    schemas = {_JSON: _without_references(model), _FORM: as_form}
    content = {kind: {"schema": schema} for kind, schema in schemas.items()}
    return {"requestBody": {"required": True, "content": content}}


def _without_references(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's schema; that of an item, which it may hold, stands where it is used."""
    schema = model.model_json_schema()
    if schema.pop("$defs", None):
        schema["properties"]["items"]["items"] = NewItem.model_json_schema()
    return schema
