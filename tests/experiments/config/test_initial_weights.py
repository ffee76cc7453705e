"""What a backbone starts from: ImageNet's weights from Keras's folder, and `.keras` files."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest
from support.driver_process import ENVIRONMENT, run

from hsm.experiments.config import run_record
from hsm.experiments.config.initial_weights import RANDOM, InitialWeights
from hsm.experiments.reporting import table_notes
from hsm.experiments.runs import build, diagnostics
from hsm.experiments.runs.runner import Runner
from hsm.experiments.runs.workspace import Workspace

IMAGENET = InitialWeights("imagenet")
SIDE = 28


def save_network(path, width=4):
    """A model that a user may have saved, of random weights."""
    layers = [
        keras.Input((SIDE, SIDE, 3)),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Conv2D(width, 5, strides=4, activation="relu"),
        keras.layers.GlobalAveragePooling2D(),
    ]
    path.parent.mkdir(exist_ok=True)
    keras.Sequential(layers).save(path)
    return path


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def keras_home(tmp_path_factory):
    """A folder of Keras with a file under the name that MobileNet's weights have there."""
    folder = tmp_path_factory.mktemp("keras")
    (folder / "models").mkdir()
    model = keras.applications.MobileNet(include_top=False, weights=None, input_shape=(32, 32, 3))
    model.save(folder / "models" / "mobilenet_1_0_224_tf_no_top.h5")
    return folder, model.get_weights()


@pytest.fixture
def in_keras_home(monkeypatch, keras_home):
    build._imagenet_sha256.cache_clear()
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(keras_home[0]))
    yield keras_home
    build._imagenet_sha256.cache_clear()


@pytest.fixture
def imagenet_config(quick_config):
    return replace(
        quick_config,
        method="pretrained",
        backbone="keras:MobileNet",
        weights="imagenet",
        image_size=32,
    )


@pytest.mark.filterwarnings("ignore:`input_shape` is undefined or non-square")
def test_imagenet_weights_are_those_of_keras_and_known_by_their_values(
    in_keras_home, imagenet_config
):
    folder, expected = in_keras_home
    (file,) = folder.glob("models/*.h5")
    for initial_weights in (IMAGENET, InitialWeights(str(file))):
        backbone = build.build_initial_backbone(imagenet_config, initial_weights)
        for ours, theirs in zip(backbone.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    found = build.weights_sha256(imagenet_config, IMAGENET)
    digest = hashlib.sha256()
    for array in expected:
        digest.update(f"{array.shape} {array.dtype}".encode() + array.tobytes())
    assert found == digest.hexdigest()
    for same in (replace(imagenet_config, precision="mixed_bfloat16", seed=3), imagenet_config):
        build._imagenet_sha256.cache_clear()
        keras.utils.set_random_seed(7)
        assert build.weights_sha256(same, IMAGENET) == found


@pytest.mark.parametrize(
    ("initial_weights", "arguments"),
    [
        (RANDOM, ("googlenet", None)),
        (InitialWeights("a/b.h5"), ("googlenet", "a/b.h5")),
        (IMAGENET, ("googlenet", "imagenet")),
    ],
)
def test_what_the_backbone_is_built_with(initial_weights, arguments):
    assert initial_weights.arguments("googlenet") == arguments


def test_a_keras_file_is_network_and_weights():
    initial_weights = InitialWeights("a/b.keras")
    assert initial_weights.arguments("b.keras") == ("a/b.keras", None)
    assert str(initial_weights.file) == "a/b.keras"
    assert IMAGENET.file is RANDOM.file is None


@pytest.fixture(scope="module")
def from_file(tmp_path_factory, few_digits, quick_config):
    """BN on a network of a `.keras` file, run once for this module; then the file is gone."""
    path = save_network(tmp_path_factory.mktemp("mine") / "net.keras")
    workspace = Workspace(tmp_path_factory.mktemp("results"))
    config = replace(quick_config, backbone="net.keras")
    runner = Runner(few_digits, workspace, InitialWeights(str(path)), report=lambda line: None)
    record = runner.run(config)
    kept = tmp_path_factory.mktemp("kept") / "net.keras"
    shutil.move(path, kept)
    return workspace, config, record, kept


def test_the_record_names_the_file_and_its_content_and_not_its_folder(from_file):
    workspace, _, record, kept = from_file
    assert record.config.backbone == "net.keras"
    assert record.provenance.weights_sha256 == sha256(kept)
    assert str(kept.parent.parent) not in str(record)
    for card in workspace.output_dir.glob("runs/*/model.json"):
        assert str(kept.parent.parent) not in card.read_text()
    assert "net.keras from its own weights" in table_notes.settings_notes([record])[0]


def test_the_run_is_loaded_without_the_file_that_it_started_from(from_file, few_digits):
    workspace, config, _, kept = from_file
    model, loaded = build.load_model(workspace.run_dir(config))
    assert loaded == config
    assert model.backbone.output_shape == (None, 4)
    initial = keras.saving.load_model(kept).get_weights()
    assert not np.array_equal(model.backbone.get_weights()[0], initial[0])
    assert diagnostics.exist(workspace.records_dir / config.name)


def test_another_file_of_the_same_name_is_refused(from_file, few_digits, tmp_path):
    workspace, config, _, kept = from_file
    other = InitialWeights(str(save_network(tmp_path / "other" / "net.keras")))
    runner = Runner(few_digits, workspace, other, report=lambda line: None)
    with pytest.raises(ValueError, match="started from. Received: others of the same name"):
        runner.run(config)
    # A state without a record, and the shared state of a run that has neither.
    record = workspace.records_dir / f"{config.name}.json"
    hidden = record.rename(tmp_path / "record.json")
    try:
        for method in ("BN", "HBN"):
            with pytest.raises(ValueError, match="to be of the images and first weights given now"):
                runner.run(replace(config, method=method))
    finally:
        hidden.rename(record)
    assert sha256(workspace.run_dir(config) / "net.keras") == sha256(kept)


def test_the_pretrained_feature_of_a_keras_file(from_file, few_digits, tmp_path):
    _, config, _, kept = from_file
    runner = Runner(
        few_digits, Workspace(tmp_path), InitialWeights(str(kept)), report=lambda line: None
    )
    record = runner.run(replace(config, method="pretrained"))
    assert record.provenance.weights_sha256 == sha256(kept)
    with pytest.raises(ValueError, match="expected a backbone that starts from a file"):
        replace(runner, initial_weights=RANDOM, workspace=Workspace(tmp_path / "none")).run(
            replace(config, method="pretrained")
        )


def records_in(folder):
    return run_record.read_all(folder / "smoke/records")


def test_table1_and_export_with_a_keras_file(tmp_path):
    path = save_network(tmp_path / "mine" / "net.keras")
    result = run(
        "table1",
        "--smoke",
        "--methods=pretrained,BN",
        f"--backbone={path}",
        f"--output_dir={tmp_path / 'out'}",
    )
    assert (result.returncode, result.stderr) == (0, "")
    expected = sha256(path)
    for record in records_in(tmp_path / "out"):
        assert record.config.backbone == "net.keras"
        assert record.provenance.weights_sha256 == expected
    path.unlink()
    (folder,) = (tmp_path / "out" / "smoke" / "runs").iterdir()
    exported = run("export", f"--model={folder}", cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr


IMAGENET_FLAGS = (
    "--smoke",
    "--methods=pretrained",
    "--backbone=keras:MobileNet",
    "--weights=imagenet",
    "--image_size=32",
)


def test_table1_with_imagenet_weights(tmp_path, monkeypatch, keras_home):
    monkeypatch.setitem(ENVIRONMENT, "KERAS_HOME", str(keras_home[0]))
    result = run("table1", *IMAGENET_FLAGS, f"--output_dir={tmp_path}")
    assert result.returncode == 0, result.stderr
    (record,) = records_in(tmp_path)
    assert record.config.weights == "imagenet"
    assert len(record.provenance.weights_sha256) == 64
    assert str(keras_home[0]) not in str(record)


def test_imagenet_weights_that_cannot_be_fetched_get_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(ENVIRONMENT, "KERAS_HOME", str(tmp_path / "keras"))
    # Nothing listens there, so that no network is reached wherever the test runs.
    monkeypatch.setitem(ENVIRONMENT, "https_proxy", "http://127.0.0.1:9")
    result = run("table1", *IMAGENET_FLAGS, f"--output_dir={tmp_path}")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert (
        "error: expected the ImageNet weights of keras:MobileNet in Keras's folder" in result.stderr
    )
    assert "mobilenet_1_0_224_tf_no_top.h5: None -- [Errno 111]" in result.stderr
    assert "images" not in result.stdout
    assert "or pass its path as --weights." in result.stderr


def test_an_unreadable_keras_file_gets_a_sentence_before_data_are_read(tmp_path):
    path = save_network(tmp_path / "net.keras")
    path.write_bytes(path.read_bytes()[:-100])
    result = run("table1", f"--backbone={path}", "--dataset=image_folder", "--data_dir=gone")
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {path}: expected a model that Keras saved as .keras")
    assert len(result.stderr.splitlines()) == 1
