"""The service as a whole: a page, routes, what guards them, and how it begins and ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from hsm.serving.service_access import Access
from hsm.serving.service_engine import Engine, Served
from hsm.serving.service_guard import App, Guard
from hsm.serving.service_items import item_routes
from hsm.serving.service_limits import Limits, Refusal
from hsm.serving.service_metrics import CONTENT_TYPE, Metrics
from hsm.serving.service_models import model_routes
from hsm.serving.service_pictures import picture_routes
from hsm.serving.service_requests import validation_message

_PAGE = Path(__file__).with_name("service_page.html")
# As TensorFlow Serving's, whose addresses begin with it.
_API = "v1"
# The page is one file that speaks to this service only.
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; style-src "
    "'unsafe-inline'; img-src blob: data:; connect-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def make_app(
    served: Served,
    *,
    access: Access | None = None,
    limits: Limits | None = None,
    on_start: Callable[[], Any] = lambda: None,
) -> App:
    """Return the service as an ASGI application.

    Args:
        served: the model, and the index that is searched.
        access: who may come in; None lets in programs of this machine.
        limits: how much it takes on; None for the defaults.
        on_start: called when requests can be answered.
    """
    limits, metrics = limits or Limits(), Metrics()
    engine = Engine(served, limits, metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with engine:
            on_start()
            yield

    # Pages of documentation would load their scripts from elsewhere.
    app = FastAPI(title="hsm", version=_API, lifespan=lifespan, docs_url=None, redoc_url=None)
    _add_health(app, engine)
    _add_errors(app)
    app.include_router(model_routes(engine))
    if served.index is not None:
        app.include_router(item_routes(engine, served.index))
        app.include_router(picture_routes(engine, served.index))
        _add_page(app)
    return Guard(app, access=access or Access(), limits=limits, on_answer=metrics.answered)


def _add_page(app: FastAPI) -> None:
    html = _PAGE.read_text(encoding="utf-8")

    @app.get("/", include_in_schema=False)
    async def page() -> HTMLResponse:
        return HTMLResponse(html, headers=_PAGE_HEADERS)


def _add_health(app: FastAPI, engine: Engine) -> None:
    @app.get("/healthz", tags=["health"])
    async def healthz() -> dict[str, str]:
        """Answer that the process answers."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["health"])
    async def readyz() -> dict[str, str]:
        """Answer that model and index are there to be asked: 503 where they are not."""
        if not engine.is_ready:
            raise Refusal(503, "the service is starting or ending", retry_after=5)
        return {"status": "ready"}

    @app.get("/metrics", tags=["health"], response_class=Response)
    async def metrics() -> Response:
        """Return what Prometheus reads."""
        # The number of items is the index's to say, which may read what others committed.
        return Response(await engine.read(engine.metrics.text), media_type=CONTENT_TYPE)


def _add_errors(app: FastAPI) -> None:
    """Answer every error with {"error": "a sentence"}."""

    def answered(status: int, sentence: str, headers: Any = None) -> JSONResponse:
        return JSONResponse({"error": sentence}, status, headers)

    @app.exception_handler(Refusal)
    async def refused(_: Request, error: Refusal) -> JSONResponse:
        return answered(error.status, error.sentence, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return answered(422, validation_message(error.errors()))

    @app.exception_handler(404)
    @app.exception_handler(405)
    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> JSONResponse:
        asked = f"{request.method} {request.url.path}"
        return answered(error.status_code, f"{asked}: {error.detail}", error.headers)

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, error: ClientDisconnect) -> JSONResponse:
        return answered(400, "the client went away")

    @app.exception_handler(Exception)
    async def failed(_: Request, error: Exception) -> JSONResponse:
        return answered(500, "the service failed; its log says why")
