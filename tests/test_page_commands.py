"""Commands and Python on the pages run where the embedded data suffices, else are parsed."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.driver_process import ENVIRONMENT, run
from support.pages import PAGES, ROOT, blocks, commands

# A word of a command → why it is not run here. The first one that fits counts.
NOT_RUN = {
    "--data_dir=path/to/omniglot": "needs Omniglot",
    "--tune=5": "trains 180 networks; tests/experiments/test_tune.py runs small ones",
    "--backbone=resnet.keras": "needs photographs and a network of KerasHub",
    "--versioned": "tests/experiments/test_export.py runs it",
    "--format=tflite_int8": "tests/experiments/test_export.py runs it",
    "hsm.experiments.serve": "it serves until it is stopped; tests/experiments/test_serve.py",
    "hsm.experiments.search": "tests/experiments/test_search_and_embed.py runs it",
    "hsm.experiments.embed": "tests/experiments/test_search_and_embed.py runs it",
    "venv": "it installs; tools/check.sh installs the wheel",
    ".venv/bin/pip": "it installs; tools/check.sh installs the wheel",
    "tools/check.sh": "it runs these tests",
    "sphinx": "tools/check.sh runs it",
    "--import=my_method": "tests/extend runs it",
    "--import=my_data": "tests/extend runs it",
    "--import=my_backbone": "tests/extend runs it",
    "path/to/photographs": "needs photographs; tests/experiments/test_train.py takes drawn ones",
    "--data_dir=path/to/photographs": "needs photographs and weights",
    "--data_dir=path/to/cars196_half": "needs photographs and weights",
    "--data_dir=path/to/root": "needs the paper's data; test_tables_on_archives.py has small ones",
    "--cars196_dir=path/to/cars196": "needs the paper's data",
    "--inshop_dir=path/to/inshop": "needs the paper's data",
    "--data_dir=/shared/products": "needs the paper's data, and several GPUs",
    "hsm.experiments.caffe_port": "needs photographs; test_figures.py runs it on digits",
    "tools/benchmark.py": "minutes, and other libraries; tests/tools runs single cases",
    "tools/choose_letters_rate.py": "trains twelve networks",
    "tools/fuzz.py": "minutes; tests/fuzz runs a share",
    "tools/kill_test.py": "minutes; tests/tools runs a few kills",
    "tools/growth.py": "minutes; tests/tools runs the smallest sizes",
    "tools/make_letters.py": "tests/tools/test_make_letters.py runs it, where the fonts are",
    "tools/measure_adam_epsilon.py": "tests/tools runs it on few images",
    "tools/measure_resize.py": "needs photographs; tests/tools draws some",
}
# Python that other tests run: what it holds → which.
RUN_ELSEWHERE = {
    "register": "tests/extend",
    'weights="imagenet"': "downloads; tests/training/test_callback.py fits small models",
    "from_preset": "downloads; tests/models/test_keras_hub.py has one of random weights",
    "index.add([": "tests/serving/test_index.py",
    "to_qdrant": "needs a server; tests/serving/test_files.py has one in memory",
}

ALL = [(page, words) for page in PAGES for words in commands(page)]
MODEL = "--model=results/runs/NAME"


def named(case: tuple[Path, list[str]]) -> str:
    page, words = case
    return f"{page.relative_to(ROOT)}: {' '.join(words)}"


def is_run(words: list[str]) -> bool:
    # A command alone has a smoke test of its own in tests/experiments.
    return words[-1] != words[words.index("-m") + 1] if "-m" in words else False


def runnable() -> list[tuple[Path, list[str]]]:
    """With the model of a run, the data are those of the run."""
    with_model = [
        (page, [word for word in words if not (MODEL in words and "photographs" in word)])
        for page, words in ALL
    ]
    return [case for case in with_model if not NOT_RUN.keys() & set(case[1]) and is_run(case[1])]


@functools.cache
def flags_of(module: str) -> str:
    """What a command says of its flags."""
    command = [sys.executable, "-m", module, "--help"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def source_of(tool):
    """Return the text of a tool, and of the files beside it that it imports."""
    text = tool.read_text(encoding="utf-8")
    beside = re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)
    files = [tool.parent / f"{name}.py" for name in beside]
    return text + "".join(path.read_text(encoding="utf-8") for path in files if path.is_file())


@pytest.mark.parametrize("case", ALL, ids=named)
def test_every_command_and_flag_of_a_page_exists(case):
    _, words = case
    flags = [word.removeprefix("--").partition("=") for word in words if word.startswith("--")]
    module = next((word for word in words if word.startswith("hsm.")), None)
    tool = next((word for word in words if word.startswith("tools/")), None)
    for flag, _, value in flags:
        if flag == "flagfile":
            assert (ROOT / value).is_file(), value
        elif module:
            assert re.search(rf"^  --(\[no\])?{flag}\b", flags_of(module), re.MULTILINE), flag
        elif tool:
            assert f'"--{flag}"' in source_of(ROOT / tool), (tool, flag)


def test_every_flag_in_a_sentence_is_one_of_some_command():
    modules = [path.stem for path in (ROOT / "hsm" / "experiments").glob("[a-z]*.py")]
    texts = [flags_of(f"hsm.experiments.{module}") for module in modules]
    texts += [path.read_text(encoding="utf-8") for path in (ROOT / "tools").rglob("*.py")]
    known = set(re.findall(r"--(?:\[no\])?([a-z]\w*)", "\n".join(texts)))
    known |= {"cov", "help", "no-deps"}
    pattern = r"`[^`\n]*?--([a-z][\w-]*)[^`\n]*`"
    unknown = {
        (page.name, flag)
        for page in PAGES
        for flag in re.findall(pattern, page.read_text(encoding="utf-8"))
        if flag not in known
    }
    assert not unknown


def test_every_reason_not_to_run_a_command_is_needed():
    words = {word for _, words in ALL for word in words}
    assert not [reason for reason in NOT_RUN if reason not in words]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the commands start: with a trained run, its exports, a picture, a Keras model."""
    place = tmp_path_factory.mktemp("pages")
    trained = run("table1", "--smoke", "--methods=HBN", cwd=place)
    assert trained.returncode == 0, trained.stderr
    (model,) = (place / "results" / "smoke" / "runs").glob("*-HBN-*")
    (place / "experiments").symlink_to(ROOT / "experiments")
    result = run("export", f"--model={model}", "--saved_model=my_embedding", cwd=place)
    assert result.returncode == 0, result.stderr
    (place / "results" / "saved_model").symlink_to(place / "my_embedding")
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    (place / "photos").mkdir()
    for name in ("picture.jpg", "car.jpg", "bird.jpg", "photos/bird.jpg"):
        Image.fromarray(pixels).save(place / name)
    return place, model


@pytest.mark.slow
@pytest.mark.parametrize("case", runnable(), ids=named)
def test_a_command_runs(case, folder, tmp_path):
    place, model = folder
    _, words = case
    given = [word for word in words[words.index("-m") + 1 :] if not word.startswith("--saved_")]
    given = [f"--model={model}" if word == MODEL else word for word in given]
    if given[0] == "hsm.experiments.export":
        given.append(f"--saved_model={tmp_path / 'exported'}")
    else:
        given.append(f"--output_dir={tmp_path}")
    done = subprocess.run(
        [sys.executable, "-m", *given], cwd=place, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


PYTHON = [
    (page, code)
    for page in PAGES
    for code in blocks(page, "python")
    if not any(words in code for words in RUN_ELSEWHERE)
]


@pytest.mark.slow
# A page may read a file in one line, without closing it.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    ("page", "code"), PYTHON, ids=[page.relative_to(ROOT).as_posix() for page, _ in PYTHON]
)
def test_python_runs(page, code, folder, monkeypatch):
    import keras

    import hsm.layers

    place, _ = folder
    monkeypatch.chdir(place)
    layers = [keras.Input((8,)), hsm.layers.L2Normalize()]
    keras.Sequential(layers).save("my_model.keras")
    rng = np.random.default_rng(0)
    names = {
        "features": rng.normal(size=(196, 128)).astype(np.float32),
        "labels": np.arange(196) % 98,
        "unseen": rng.normal(size=(40, 128)).astype(np.float32),
        "unseen_labels": np.arange(40) % 4,
        "uint8_rgb_images": rng.integers(0, 256, (2, 50, 70, 3), dtype=np.uint8),
    }
    exec(compile(code, str(page), "exec"), names)
