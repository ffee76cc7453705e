"""Other formats of an exported network: for phones, for ONNX Runtime, for Intel's processors.

These hold the network alone: from pixels of the right size, RGB of 0 to 255, to vectors. Decoding,
resizing and cropping, which a SavedModel does in its graph, are the caller's. Whole files, of any
format, are read back and compared with the network before they get their name.
"""

from __future__ import annotations

import json
import os
import pkgutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from hsm.data import images
from hsm.export.description import describe, embedding_variables, image_size, write_description
from hsm.export.extras import required
from hsm.export.folder import DESCRIPTION, replacing_folder
from hsm.export.model_card import RunFacts
from hsm.models.embedding import EmbeddingModel

# float32 [n, side, side, 3], RGB of 0 to 255 → float32 [n, k] of unit length.
Embed = Callable[[NDArray[np.float32]], NDArray[np.float32]]

INPUT, OUTPUT = "images", "embedding"


@dataclass(frozen=True)
class Network:
    """A network on its way into another format.

    Attributes:
        folder: a SavedModel of it: `INPUT` [n, side, side, 3] → `OUTPUT` [n, k].
        function: the same as a `tf.function`.
        calibration: float32 [m, side, side, 3], from which ranges are taken; None for none.
    """

    folder: Path
    function: Any
    calibration: NDArray[np.float32] | None


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format.

    Attributes:
        file: the name of the file that it is.
        title: what tables call it.
        needs: modules that convert to it and run it.
        convert: "module:function", (`Network`, path of the file to write) → None.
        load: "module:function", (path of the file) → `Embed`.
        least_cosine: between its vectors and the network's, of every image that is compared.
        calibrated: whether it takes ranges from images.
    """

    file: str
    title: str
    needs: tuple[str, ...]
    convert: str
    load: str
    least_cosine: float
    calibrated: bool = False


_TFLITE, _LITERT = "hsm.export.tflite", "ai_edge_litert.interpreter"
FORMATS = {
    "tflite_float16": Format(
        file="embedding.tflite",
        title="TFLite, float16",
        needs=(_LITERT,),
        convert=f"{_TFLITE}:convert_float16",
        load=f"{_TFLITE}:load",
        least_cosine=0.999,
    ),
    "tflite_int8": Format(
        file="embedding.tflite",
        title="TFLite, int8",
        needs=(_LITERT,),
        convert=f"{_TFLITE}:convert_int8",
        load=f"{_TFLITE}:load",
        # What is lost is measured in R@1; far below this the calibration has failed.
        least_cosine=0.8,
        calibrated=True,
    ),
    "onnx": Format(
        file="embedding.onnx",
        title="ONNX, float32",
        needs=("tf2onnx", "onnxruntime"),
        convert="hsm.export.onnx_file:convert",
        load="hsm.export.onnx_file:load",
        least_cosine=0.99999,
    ),
    "openvino": Format(
        file="embedding.xml",
        title="OpenVINO, weights in float16",
        needs=("openvino",),
        convert="hsm.export.openvino_file:convert",
        load="hsm.export.openvino_file:load",
        least_cosine=0.999,
    ),
}


def export_format(
    model: EmbeddingModel,
    directory: str | os.PathLike[str],
    format: str,
    *,
    calibration: NDArray[np.uint8] | None = None,
    overwrite: bool = False,
    run: RunFacts | None = None,
) -> Path:
    """Write the network of `model` in another format, with its description and its model card.

    The file takes `images`, float32 [n, side, side, 3], RGB of 0 to 255, n from 1 on, and gives
    `embedding`, float32 [n, k] of unit length.

    Args:
        model: its backbone takes square images of a fixed size.
        directory: the folder to write.
        format: one of `FORMATS`.
        calibration: uint8 [m, side, side, 3] from the training images, which an int8 format needs;
            as the pipeline of the evaluation makes them.
        overwrite: whether to replace an export that is there already.
        run: what the model card says of the training.

    Returns:
        The folder's path.

    Raises:
        ValueError: for another format, or without calibration where it is needed.
        ImportError: if a library is not installed, with the remedy.
        FileExistsError, OSError: as `hsm.export.export_saved_model`.
        RuntimeError: if the file's vectors are not the network's, or the format cannot hold it.
    """
    chosen = check_format(format, has_calibration=calibration is not None)
    run = run or RunFacts()
    with (
        replacing_folder(Path(directory), overwrite=overwrite) as written,
        tempfile.TemporaryDirectory() as scratch,
    ):
        written.mkdir()
        network = _network(model, Path(scratch), calibration)
        pkgutil.resolve_name(chosen.convert)(network, written / chosen.file)
        cosine = _compare(network, written / chosen.file, chosen)
        facts = {"format": format, "file": chosen.file, "least_cosine_to_the_network": cosine}
        write_description(written, describe(model, run.method, **facts), run)
    return Path(directory)


def check_format(format: str, *, has_calibration: bool) -> Format:
    """Return a format by its name.

    Raises:
        ValueError: for another name, or where calibration is missing.
        ImportError: if a library is not installed, with the remedy.
    """
    if format not in FORMATS:
        raise ValueError(
            f"expected format to be one of {', '.join(FORMATS)}. Received: format={format!r}"
        )
    chosen = FORMATS[format]
    if chosen.calibrated and not has_calibration:
        raise ValueError(
            f"expected calibration, training images of which the format {format} takes its "
            "ranges. Received: none. Pass some hundred."
        )
    for module in chosen.needs:
        required(module, extra="formats", what=f"Files of the format {format}")
    return chosen


def load_format(directory: str | os.PathLike[str]) -> Embed:
    """Return what computes vectors with the file that `export_format` wrote into `directory`.

    Raises:
        ValueError: if there is none.
        ImportError: if its library is not installed, with the remedy.
    """
    path = Path(directory) / DESCRIPTION
    facts = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if facts.get("format") not in FORMATS:
        raise ValueError(
            f"expected a folder of one of the formats {', '.join(FORMATS)}. "
            f"Received: directory={os.fspath(directory)!r}. Write one with export_format."
        )
    chosen = check_format(facts["format"], has_calibration=True)
    embed: Embed = pkgutil.resolve_name(chosen.load)(Path(directory) / chosen.file)
    return embed


def _network(model: EmbeddingModel, folder: Path, calibration: NDArray[np.uint8] | None) -> Network:
    side = image_size(model)
    spec = tf.TensorSpec([None, side, side, images.CHANNELS], tf.float32, name=INPUT)

    @tf.function(input_signature=[spec])
    def embed(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return {OUTPUT: model.embed(pixels)}

    module = tf.Module()
    module.embedding_variables = embedding_variables(model)
    tf.saved_model.save(module, str(folder), signatures=embed)
    ranges = None if calibration is None else np.asarray(calibration, np.float32)
    return Network(folder, embed, ranges)


def _compare(network: Network, file: Path, chosen: Format) -> float:
    """Return the least cosine between the file's vectors and the network's.

    RuntimeError if it is too small.

    The images are those of the calibration if there are any, else coarse noise.
    """
    pixels = _noise(network) if network.calibration is None else network.calibration[:16]
    received = pkgutil.resolve_name(chosen.load)(file)(pixels)
    expected = network.function(tf.constant(pixels))[OUTPUT].numpy()
    cosine = float((expected * received).sum(axis=1).min())
    if not cosine >= chosen.least_cosine:
        raise RuntimeError(
            f"{chosen.title}: expected the network's vectors, with a cosine of at least "
            f"{chosen.least_cosine:g}. Received: {cosine:.4g} on one of {len(pixels)} images. "
            "Nothing was written; try another format, or more calibration images."
        )
    return cosine


def _noise(network: Network) -> NDArray[np.float32]:
    """Return four images of coarse noise, float32, nearer to pictures than noise of pixels."""
    side = network.function.input_signature[0].shape[1]
    coarse = np.random.default_rng(0).integers(0, 256, (4, 7, 7, images.CHANNELS))
    return np.clip(tf.image.resize(coarse, [side, side], "bicubic").numpy(), 0, 255)
