"""The routes of TensorFlow Serving's REST API."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from hsm.serving import service_predict
from hsm.serving.service_engine import Engine
from hsm.serving.service_limits import Refusal
from hsm.serving.service_requests import beside

_PREDICT_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "signature_name": {
                            "enum": list(service_predict.SIGNATURES),
                            "default": "serving_default",
                        },
                        "instances": {"type": "array", "items": {}},
                        "inputs": {},
                    },
                },
                "example": {"signature_name": "from_bytes", "instances": [{"b64": "…"}]},
            }
        },
    }
}


def model_routes(engine: Engine) -> APIRouter:
    """Return routes for the one model of a service, by its name, with and without its version."""
    router = APIRouter(prefix="/v1/models", tags=["model"])
    place, versioned = "/{name}", "/{name}/versions/{version}"

    def status(name: str, version: str | None = None) -> dict[str, Any]:
        """Report whether the model is served."""
        _check_served(engine, name, version)
        return service_predict.status(engine.served.version)

    async def predict(request: Request, name: str, version: str | None = None) -> JSONResponse:
        """Embed images: pixels as nested lists, or files as {"b64": "…"}."""
        _check_served(engine, name, version)
        body = await request.body()
        call = await beside(len(body), lambda: service_predict.parse(body))
        outcomes = await engine.embed(call.images)
        dimension = engine.served.embedder.embedding_dim
        return JSONResponse(service_predict.answer(call, outcomes, dimension=dimension))

    for path in (place, versioned):
        hidden = path == versioned
        router.get(path, include_in_schema=not hidden)(status)
        router.post(f"{path}:predict", openapi_extra=_PREDICT_BODY, include_in_schema=not hidden)(
            predict
        )
    return router


def _check_served(engine: Engine, name: str, version: str | None) -> None:
    served = engine.served
    if name != served.name or version not in (None, served.version):
        asked = name if version is None else f"{name}, version {version}"
        raise Refusal(
            404,
            f"Servable not found: {asked}. Served is {served.name}, version {served.version}",
        )
