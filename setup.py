"""Metadata of the distribution `hsm-embedding`, which holds the import package `hsm`."""

from __future__ import annotations

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent


def read_version() -> str:
    """Read `__version__` from the text of `hsm/__init__.py`: importing it may need TensorFlow."""
    text = (ROOT / "hsm" / "__init__.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "([^"]+)"$', text, flags=re.MULTILINE)
    if match is None:
        raise ValueError('hsm/__init__.py must hold a line like __version__ = "1.2.3".')
    return match.group(1)


def read_readme() -> str:
    """Read the README; a link into the repository, which no package index can follow, is its path.

    "[Results](docs/results/index.md)" becomes "Results (docs/results/index.md)"; a picture goes.
    """
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = re.sub(r"<img [^>]*>\n*", "", text)
    return re.sub(r"\[([^\]]+)\]\((?![a-z]+:)([^)#\s]+)[^)\s]*\)", r"\1 (\2)", text)


PLOTS = ["matplotlib>=3.9"]
DOCS = ["myst-parser>=5", "pydata-sphinx-theme>=0.17", "sphinx>=8.2,<10"]
FAISS = ["faiss-cpu>=1.8"]
PARQUET = ["pyarrow>=16"]
QDRANT = ["qdrant-client>=1.12"]
SERVE = [
    "fastapi>=0.115",
    "prometheus-client>=0.20",
    "python-multipart>=0.0.13",
    "uvicorn>=0.30",
    # They come with FastAPI, but hsm imports them itself.
    "pydantic>=2.9",
    "starlette>=0.40",
]
FORMATS = ["ai-edge-litert", "onnxruntime", "openvino", "tf2onnx>=1.17"]
TF_SERVING = ["tensorflow-serving-api>=2.20"]
KERAS_HUB = ["keras-hub"]

setup(
    name="hsm-embedding",
    version=read_version(),
    description="Heated-Up Softmax Embedding: metric learning with a classifier, in Keras 3",
    long_description=read_readme(),
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    packages=find_packages(include=["hsm", "hsm.*"]),
    # The letters, and the licences of the fonts that they are drawn with; the search page.
    package_data={"hsm.data": ["letters/*"], "hsm.serving": ["*.html"]},
    # TensorFlow 2.20 is the first with wheels for Python 3.13, and 3.14 has none yet.
    python_requires=">=3.11,<3.14",
    install_requires=[
        "tensorflow>=2.20",
        "tensorflow-datasets>=4.9.7",
        "numpy>=1.26",
        "scikit-learn>=1.5",
        "absl-py>=2.0",
        # They come with those above, but hsm imports them itself.
        "h5py>=3.11",
        "keras>=3.10",
        "protobuf>=5.28",
        "scipy>=1.10",
        "threadpoolctl>=3.5",
        # There is none for Windows, where only the files of that format cannot be read.
        'array_record>=0.5; platform_system != "Windows"',
    ],
    extras_require={
        "plots": PLOTS,
        "docs": DOCS,
        # Of hsm.serving: approximate search, Parquet files, a server of vectors, and the service.
        "faiss": FAISS,
        "parquet": PARQUET,
        "qdrant": QDRANT,
        "serve": SERVE,
        "test": [
            *PLOTS,
            *DOCS,
            *FAISS,
            *PARQUET,
            *QDRANT,
            *SERVE,
            *FORMATS,
            *TF_SERVING,
            *KERAS_HUB,
            "build",
            # TensorFlow Datasets needs these two to build a data set and to check a builder, and
            # does not bring them.
            "dill",
            "importlib_resources",
            # The client of the service's tests.
            "httpx",
            "hypothesis",
            # The schemas of Kubernetes, for the manifest of a guide.
            "kubernetes-validate",
            "markdown-it-py",
            "mypy",
            # The oracle for GoogLeNet: its 5.x reads Caffe files no more.
            "opencv-python-headless>=4,<5",
            "pillow",
            "pytest",
            "pytest-cov",
            "pytest-xdist",
            "pyyaml",
            "ruff",
            # The oracle for Inception V1.
            "tf-slim>=1.1",
            "tf_keras",
        ],
        "gpu": ["tensorflow[and-cuda]>=2.20"],
        # What tools/benchmark.py times hsm against.
        "bench": [*FORMATS, "faiss-cpu", "jax", "pytorch-metric-learning", "torch"],
        # The protos of TensorFlow Serving, for the file of warm-up requests.
        "tf-serving": TF_SERVING,
        # What converts an export to other formats, and runs it there.
        "formats": FORMATS,
        # Networks to save as a backbone's .keras file.
        "keras-hub": KERAS_HUB,
        # To read its weights; its own package is not needed.
        "torchvision": ["torch"],
    },
    classifiers=[
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
