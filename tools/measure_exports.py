"""Measures a network in every format that it is exported to, and writes a record of it.

    python tools/measure_exports.py --run=results/runs/NAME --json=experiments/exports/NAME.json
    python tools/measure_exports.py --weights=bvlc_googlenet.caffemodel --data_dir=photos \
        --json=experiments/exports/NAME.json

Size, speed, and R@1 on all test images with its interval, beside the SavedModel's. The second form
takes GoogLeNet's own feature, without a run. `tools/render_results.py` makes the table.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
from exports import measure

from hsm import records
from hsm.data import pipeline
from hsm.data.sources import ImageSource, load_source
from hsm.experiments.runs.build import load_model
from hsm.experiments.runs.exporting import calibration_images
from hsm.experiments.runs.workspace import read_run_file
from hsm.export import FORMATS, export_format, export_saved_model
from hsm.models import EmbeddingModel, build_backbone

_LIBRARIES = ("tensorflow", "ai-edge-litert", "onnxruntime", "openvino")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a line a format, and write the record; return the exit status."""
    options = _parse(arguments)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    model, network, source, side = _subject(options)
    batches = pipeline.evaluation_batches(source.test, crop=side)
    tested = measure.Tested(
        np.concatenate([np.asarray(pixels) for pixels, _ in batches]), source.test.labels
    )
    calibration = calibration_images(source.train, crop=side, count=options.calibration_images)
    content = {
        "network": network,
        "data": {"name": source.name, "images_sha256": source.checksum()},
        "test": {"images": len(tested.labels), "classes": source.test.num_classes},
        "calibration_images": len(calibration),
        "turns": measure.TURNS,
        "formats": _formats(model, tested, calibration),
        "libraries": {name: importlib.metadata.version(name) for name in _LIBRARIES},
        "machine": records.provenance(
            started=started, finished=datetime.now(UTC).isoformat(timespec="seconds")
        ).to_json(),
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


def _formats(
    model: EmbeddingModel, tested: measure.Tested, calibration: np.ndarray
) -> dict[str, Any]:
    """Return what is measured of every format, by its name; the SavedModel is the first."""
    embeds, rows, reference = {}, {}, None
    with tempfile.TemporaryDirectory() as scratch:
        for name in (measure.SAVED_MODEL, *FORMATS):
            folder = Path(scratch) / name
            if name == measure.SAVED_MODEL:
                export_saved_model(model, folder)
            else:
                export_format(model, folder, name, calibration=calibration)
            embeds[name] = measure.load(folder, name)
            vectors = measure.vectors(embeds[name], tested)
            reference = vectors if reference is None else reference
            rows[name] = {
                "bytes": measure.size(folder),
                **measure.scores(vectors, reference, tested),
            }
            print(name, rows[name], flush=True)
        for name, seconds in measure.speeds(embeds, tested).items():
            rows[name]["seconds"] = seconds
    return rows


def _subject(options: argparse.Namespace) -> tuple[EmbeddingModel, str, ImageSource, int]:
    """Return the network, what it is in words, its data, and the side of its images."""
    if options.run:
        config, class_names = read_run_file(options.run)
        model, _ = load_model(options.run)
        source = load_source(config.dataset, data_dir=options.data_dir, split=config.split)
        if source.train.class_names != class_names:
            raise SystemExit(f"{options.run} was trained on other classes than {source.name}'s")
        words = f"{config.method} with {config.backbone}, {model.embedding_dim} numbers an image"
        return model, f"{words}, of the run {config.name}", source, config.image_size
    source = load_source("image_folder", data_dir=options.data_dir)
    model = _feature(build_backbone("googlenet", 224, weights=str(options.weights)))
    words = f"GoogLeNet's feature of {model.embedding_dim} numbers, before any training"
    return model, f"{words} ({options.weights.name})", source, 224


def _feature(backbone: Any) -> EmbeddingModel:
    """Return the backbone's own feature at unit length, as an embedding that can be exported."""
    width = backbone.output_shape[-1]
    model = EmbeddingModel(backbone, "SM", num_classes=2, embedding_dim=width)
    model.bottleneck.kernel.assign(np.eye(width, dtype=np.float32))
    return model


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--run", type=Path, help="folder of a trained run")
    what.add_argument("--weights", type=Path, help="GoogLeNet's weights, for its own feature")
    parser.add_argument("--data_dir", help="folder of the data, where it lies in one")
    parser.add_argument("--calibration_images", type=int, default=256)
    parser.add_argument("--json", type=Path, required=True, help="the record to write")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
