"""The record of `tools/measure_exports.py` → the table on a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_TITLES = {
    "saved_model": "SavedModel",
    "tflite_float16": "TFLite, float16",
    "tflite_int8": "TFLite, int8",
    "onnx": "ONNX",
    "openvino": "OpenVINO",
}
_HEAD = (
    "| Format | Size | R@1 | 95 % interval | Difference, 95 % interval | Least cosine | "
    "One image | In batches of 32 |"
)


def markdown(content: Mapping[str, Any]) -> str:
    """Return the table of one network, and what it was measured on."""
    lines = [_HEAD, "|---|---:|---:|---:|---:|---:|---:|---:|", *_rows(content["formats"])]
    return "\n".join([*lines, "", _about(content)])


def _rows(formats: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, row in formats.items():
        recall, off = row["recall"], row["difference"]
        change = "–" if name == "saved_model" else f"{_points(off['value'])} ({_between(off)})"
        yield (
            f"| {_TITLES[name]} | {row['bytes'] / 1e6:.2f} MB | {100 * recall['value']:.2f} | "
            f"{100 * recall['low']:.2f} to {100 * recall['high']:.2f} | {change} | "
            f"{row['cosine']['least']:.4f} | {1000 * row['seconds']['alone']:.2f} ms | "
            f"{1 / row['seconds']['batch']:.0f}/s |"
        )


def _points(share: float) -> str:
    return f"{100 * share:+.2f}".replace("-", "−")


def _between(interval: Mapping[str, float]) -> str:
    return f"{_points(interval['low'])} to {_points(interval['high'])}"


def _about(content: Mapping[str, Any]) -> str:
    machine, tested = content["machine"], content["test"]
    versions = ", ".join(f"{name} {text}" for name, text in content["libraries"].items())
    return (
        f"{content['network']}; {tested['images']:,} test images of {tested['classes']:,} classes, "
        f"{content['calibration_images']:,} training images for int8. Times are the fastest of "
        f"{content['turns']} turns on {machine['hardware']['cpu']}, "
        f"{machine['hardware']['cores']} cores, without decoding and resizing; {versions}; commit "
        f"{machine['commit'][:7]}."
    )
