"""Serve an exported model: embeddings by TensorFlow Serving's REST API, and a search by photograph.

    POST /v1/models/NAME:predict    images to vectors; GET /v1/models/NAME says that it is there
    POST /search                    an image, or the id of an item, to its neighbours
    POST /items, DELETE /items/ID   change what is searched; what was answered is on the disk
    GET  /                          the page: drop a photograph, see what is like it
    GET  /healthz, /readyz, /metrics, /openapi.json

Without --index only the model is served. Images of concurrent requests are embedded together. What
is too large or too much is refused with a sentence: 413, 422, 429, 503. SIGTERM and Ctrl-C end the
service after the last answer. It needs pip install "hsm-embedding[serve]".
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from hsm.experiments.cli import data_flags, index_flag, serving_flags  # noqa: F401 - --max_pixels
from hsm.experiments.cli.app import load_tensorflow, run
from hsm.experiments.cli.command import command

if TYPE_CHECKING:
    from hsm.serving.service_engine import Served
    from hsm.serving.service_limits import Limits

FLAGS = flags.FLAGS
_TOKEN = "HSM_SERVE_TOKEN"
_MAX_PIXELS = 50_000_000

flags.DEFINE_string("name", "embedding", "What the model is called in addresses.")
flags.DEFINE_string(
    "host",
    "127.0.0.1",
    "Address to listen at. The default is reached by this machine alone; another one needs a "
    "token, and something before it that speaks TLS.",
)
flags.DEFINE_integer(
    "port", 8501, "Port to listen at; 0 takes a free one.", lower_bound=0, upper_bound=65535
)
flags.DEFINE_string(
    "token_file",
    None,
    "File with the token that requests must bear: Authorization: Bearer TOKEN. Default: the "
    f"variable {_TOKEN} of the environment; without either none is asked for.",
)
flags.DEFINE_integer("max_batch", 32, "Images that are embedded together, at most.", lower_bound=1)
flags.DEFINE_float(
    "max_wait_ms", 2.0, "Milliseconds that an image waits for others to join it.", lower_bound=0
)
flags.DEFINE_integer(
    "max_queue",
    256,
    "Images that wait for the network, and requests that are under way, at most: more are answered "
    "429.",
    lower_bound=1,
)
flags.DEFINE_float(
    "max_body_mib", 16.0, "Size of a request at most: a larger one is answered 413.", lower_bound=0
)
flags.DEFINE_float(
    "timeout_s",
    30.0,
    "Seconds until a request is answered 503, or 408 if it came too slowly; and until a connection "
    "ends that asks for nothing, or does not read its answer.",
)


@command(
    uses=["model", index_flag, "max_pixels"],
    defaults={"model": serving_flags.DEFAULT_MODEL, "max_pixels": _MAX_PIXELS},
    texts={
        "model": "What to serve: the SavedModel that train or export wrote, a .keras file, or the "
        "folder of a run that was exported.",
        "index": "The file of what is searched, as the command search writes it. Default: none.",
        "max_pixels": "Pixels of an image at most, height times width: a larger one is answered "
        "422. What the export allows counts, too.",
    },
)
def main() -> None:
    """Run the driver on the flags."""
    serving_flags.check_model()
    if FLAGS.index is not None and not Path(FLAGS.index).expanduser().exists():
        raise FileNotFoundError(
            f"expected --index to be an index. Received: --index={FLAGS.index}, which does not "
            "exist. Build it of photographs: python -m hsm.experiments.search --add=FOLDER "
            f"--index={FLAGS.index}."
        )
    _check_extra()
    token = _token()
    # Before the model is loaded, which takes seconds.
    from hsm.serving.service_access import checked_access

    checked_access(FLAGS.host, token)
    limits = _limits()
    load_tensorflow()
    from hsm.serving.service_run import Place, run_service

    with contextlib.ExitStack() as stack:
        served = _served(limits, stack)
        run_service(served, Place(FLAGS.host, FLAGS.port, token), limits)


def _check_extra() -> None:
    try:
        import fastapi  # noqa: F401
        import prometheus_client  # noqa: F401
        import python_multipart  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f'serving needs more than is installed ({error}): pip install "hsm-embedding[serve]"'
        ) from error


def _token() -> str | None:
    if FLAGS.token_file is None:
        return os.environ.get(_TOKEN) or None
    return Path(FLAGS.token_file).read_text(encoding="utf-8").strip()


def _limits() -> Limits:
    from hsm.serving.service_limits import Limits

    return Limits(
        max_batch=FLAGS.max_batch,
        max_wait=FLAGS.max_wait_ms / 1000,
        max_queue=FLAGS.max_queue,
        max_body=int(FLAGS.max_body_mib * 2**20),
        max_pixels=FLAGS.max_pixels,
        timeout=FLAGS.timeout_s,
    )


def _served(limits: Limits, stack: contextlib.ExitStack) -> Served:
    """Return model and index; the stack closes the index."""
    from hsm.serving import Embedder, Index
    from hsm.serving.model_folder import find_model
    from hsm.serving.service_engine import Served

    embedder = Embedder(
        FLAGS.model,
        batch_size=limits.max_batch,
        show_progress=False,
        max_pixels=limits.max_pixels,
    )
    index = None
    if FLAGS.index is not None:
        index = stack.enter_context(Index.open(FLAGS.index, embedder, must_exist=True))
    # That of the highest version, where there are several.
    folder = find_model(FLAGS.model).path.resolve().name
    version = folder if folder.isdecimal() else "1"
    return Served(embedder, index, FLAGS.name, version)


if __name__ == "__main__":
    run(main, module="hsm.experiments.serve", doc=__doc__ or "")
