"""Which cases there are, who takes part in each, and what a round of it counts."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from benchmarks.settings import Round, Settings

HSM = "hsm"
# oneDNN's variable for the newest instructions that it may take.
HELD = "ONEDNN_MAX_CPU_ISA"


@dataclass(frozen=True)
class Case:
    """One thing to time.

    Attributes:
        title: what it is, in words.
        unit: what a round's amount counts, for "… a second"; "" times whole rounds.
        sides: who takes part → "module:function" in this package, from settings to a round.
        needs: who takes part → the package that must be installed.
        passes: forward passes that its arithmetic is worth, 3 for an update; 0 has no limit.
        rounds: at most so many, for what takes minutes.
        per_core: whether a second of one core counts, in place of one of wall time.
        has_memory: whether the memory of the process that takes part says something.
        share_a_process: whether all sides are in one process, for differences that are smaller than
            those between two processes.
        float32_only: who computes in float32 alone.
        not_held: who has no switch to older instructions, and would use the newest.
        variables: who takes part → environment variables of its process.
        longer: how many times as many steps a round has, for what is ready when a round begins, and
            is not ready at its end, to count little.
    """

    title: str
    unit: str
    sides: Mapping[str, str]
    needs: Mapping[str, str]
    passes: int = 0
    rounds: int = 100
    per_core: bool = False
    has_memory: bool = True
    share_a_process: bool = False
    longer: int = 1
    float32_only: Collection[str] = ()
    not_held: Collection[str] = ()
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def depends_on_precision(self) -> bool:
        """Whether a network runs in it."""
        return any(side.startswith("networks:") for side in self.sides.values())


_MEMORY = "one batch in memory"
_OFF = "oneDNN off"
_NO_ONE_DNN = {"TF_ENABLE_ONEDNN_OPTS": "0"}


def _with_data(what: str, side: str) -> Case:
    title = f"training step with data: {what}, cropped and flipped"
    sides = {HSM: f"networks:{side}", _MEMORY: "networks:train_hsm"}
    return Case(title, "images", sides, {}, has_memory=False, share_a_process=True, longer=3)


def _feed(what: str, side: str) -> Case:
    title = f"input pipeline alone, a core: {what}"
    return Case(title, "images", {HSM: f"photographs:{side}"}, {}, per_core=True)


CASES: dict[str, Case] = {
    "train": Case(
        "training step, one batch in memory",
        "images",
        {
            HSM: "networks:train_hsm",
            "PyTorch": "networks:train_torch",
            "torch.compile": "rivals:train_torch_compiled",
            "GEMM": "networks:gemm",
        },
        {"PyTorch": "torch", "torch.compile": "torch"},
        passes=3,
    ),
    "train_jax": Case(
        "training step, one batch in memory; JAX takes one step a turn",
        "images",
        {HSM: "networks:train_hsm", "JAX": "rivals:train_jax"},
        {"JAX": "jax"},
        rounds=3,
    ),
    "train_head": Case(
        "training step of a small network, whose classifier has as many classes as are asked for",
        "images",
        {HSM: "heads:train_head"},
        {},
        longer=4,
    ),
    "train_one_dnn": Case(
        "training step, one batch in memory, by oneDNN and by TensorFlow's own kernels",
        "images",
        {HSM: "networks:train_hsm", _OFF: "networks:train_hsm"},
        {},
        float32_only=(_OFF,),
        variables={_OFF: _NO_ONE_DNN},
    ),
    "embed": Case(
        "embedding, one batch in memory",
        "images",
        {
            HSM: "networks:embed_hsm",
            "PyTorch": "networks:embed_torch",
            "torch.compile": "rivals:embed_torch_compiled",
            "ONNX Runtime": "rivals:embed_onnx",
            "OpenVINO": "rivals:embed_openvino",
            "OpenVINO, asynchronous": "rivals:embed_openvino_async",
            "GEMM": "networks:gemm",
        },
        {
            "PyTorch": "torch",
            "torch.compile": "torch",
            "ONNX Runtime": "onnxruntime",
            "OpenVINO": "openvino",
            "OpenVINO, asynchronous": "openvino",
        },
        passes=1,
        float32_only=("ONNX Runtime",),
        not_held=("ONNX Runtime", "OpenVINO", "OpenVINO, asynchronous"),
    ),
    "embed_files": Case(
        "embedding a data set: 256x256 JPEGs; PyTorch has one batch in memory",
        "images",
        {HSM: "networks:embed_jpegs", "PyTorch": "networks:embed_torch", "GEMM": "networks:gemm"},
        {"PyTorch": "torch"},
        passes=1,
    ),
    "pipeline": _with_data("256x256 JPEGs", "train_jpegs"),
    "pipeline_shards": _with_data("a prepared copy", "train_shards"),
    "pipeline_originals": _with_data("1200x900 JPEGs of 520 kB", "train_originals"),
    "feed": _feed("256x256 JPEGs", "feed_jpegs"),
    "feed_shards": _feed("a prepared copy", "feed_shards"),
    "feed_originals": _feed("1200x900 JPEGs of 520 kB", "feed_originals"),
    "devices": Case(
        "training step, small network on 28x28 images",
        "images",
        {
            HSM: "devices:on_one",
            "on 2 logical devices": "devices:on_two",
            "on 4 logical devices": "devices:on_four",
        },
        {},
        longer=60,
    ),
    "seam": Case(
        "the same, beside a loop that knows of no devices",
        "images",
        {HSM: "devices:on_one", "that loop": "devices:bare"},
        {},
        has_memory=False,
        share_a_process=True,
        longer=60,
    ),
    "recall": Case(
        "Recall@1, 10, 100 of all vectors",
        "",
        {
            HSM: "vectors:recall_hsm",
            "FAISS": "vectors:recall_faiss",
            "pytorch-metric-learning": "vectors:recall_pml",
        },
        {"FAISS": "faiss", "pytorch-metric-learning": "pytorch_metric_learning"},
    ),
    "nmi": Case(
        "k-means with as many clusters as classes, and NMI",
        "",
        {
            HSM: "vectors:nmi_hsm",
            "FAISS, random starts": "vectors:nmi_faiss",
            "scikit-learn": "vectors:nmi_sklearn",
        },
        {"FAISS, random starts": "faiss"},
        rounds=1,
    ),
    "help": Case("table1 --help", "", {HSM: "startup:help_hsm"}, {}, has_memory=False),
    "startup": Case(
        "table1 --dry_run with GoogLeNet: start, look at 784 images, time three training steps",
        "",
        {HSM: "startup:first_steps_hsm"},
        {},
    ),
}


def build(case: str, side: str, settings: Settings) -> Round:
    """Prepare one side of a case."""
    module, function = CASES[case].sides[side].split(":")
    longer = replace(settings, steps=settings.steps * CASES[case].longer)
    return getattr(importlib.import_module(f"benchmarks.{module}"), function)(longer)


def missing(case: str, side: str, settings: Settings) -> str | None:
    """Return what a side lacks on this machine: a package, a precision or a switch. Or None."""
    chosen = CASES[case]
    package = chosen.needs.get(side)
    if package and importlib.util.find_spec(package) is None:
        return package
    if settings.precision != "float32" and side in chosen.float32_only:
        return settings.precision
    if os.environ.get(HELD) and side in chosen.not_held:
        return f"a switch to {os.environ[HELD]}"
    return None
