"""An exported folder, read where `hsm` is not installed, gives the evaluation's vectors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support.image_factory import encode, gif, gif_frame, photograph, pillow_rgb, tagged

from hsm.data.pipeline import evaluation_batches
from hsm.data.sources.source import Split
from hsm.evaluation import embed
from hsm.export import SIGNATURES, export_saved_model
from hsm.export.description import embedding_variables, weights_digest
from hsm.models.backbones import build_backbone
from hsm.models.embedding import EmbeddingModel
from hsm.output_folder import MARKER, is_output_folder

# Has neither `hsm` nor Pillow: what files and pixels mean was written down before.
CLIENT = """
import json, sys
sys.modules["hsm"] = sys.modules["PIL"] = None
import numpy as np, tensorflow as tf

directories, files, pixels, output = json.loads(sys.argv[1])
encoded = [open(file, "rb").read() for file in files]
pixels = [*np.load(pixels).values()]
vectors = {}
for name, directory in directories.items():
    signatures = tf.saved_model.load(directory).signatures
    for signature, dtype in (("serving_default", tf.uint8), ("from_floats", tf.float32)):
        serve = signatures[signature]
        single = [serve(images=tf.constant(p[None], dtype))["embedding"] for p in pixels]
        vectors[f"{name}.{signature}"] = np.concatenate(single)
    for signature in ("from_bytes", "from_bytes_lenient"):
        batch = signatures[signature](encoded=tf.constant(encoded))["embedding"]
        vectors[f"{name}.{signature}"] = batch.numpy()
np.savez(output, **vectors)
"""

MODELS = {
    "convnet_bn": ("convnet", 28, "BN", None),
    "convnet_sm_bfloat16": ("convnet", 28, "SM", "mixed_bfloat16"),
    "googlenet_ln": ("googlenet", 224, "LN", None),
}


def make_model(backbone="convnet", size=28, method="BN", dtype=None, embedding_dim=16):
    """A model whose every weight, statistics included, differs from its initial value."""
    body = build_backbone(backbone, size, dtype=dtype)
    model = EmbeddingModel(body, method, num_classes=5, embedding_dim=embedding_dim, seed=0)
    generator = np.random.default_rng(0)
    for weight in model.weights:
        if "moving" in weight.name or weight.name in ("bias", "beta", "offset"):
            weight.assign(weight + generator.uniform(0.1, 0.5, weight.shape))
    return model


def write_images(directory):
    """Photographs larger and smaller than a model's input, and one in every orientation."""
    directory.mkdir()
    generator = np.random.default_rng(1)
    modes = {"wide.jpg": ("RGB", 640, 480), "tall.png": ("RGB", 300, 500)}
    modes |= {"small.png": ("RGB", 21, 17), "fits.png": ("RGB", 32, 32), "grey.jpg": ("L", 90, 80)}
    for name, (mode, width, height) in modes.items():
        coarse = generator.integers(0, 256, (6, 6, 3), np.uint8)
        image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        image.convert(mode).save(directory / name)
    picture = photograph(40, 70)
    for name in ("JPEG", "PNG", "WEBP"):
        for value in range(1, 9):
            path = directory / f"{value}.{name.lower()}"
            path.write_bytes(tagged(picture, name, value))
    return [str(path) for path in sorted(directory.iterdir())]


def evaluation_vectors(model, files):
    """What the evaluation pipeline embeds."""
    split = Split(tuple(files), np.zeros(len(files), np.int32), ("class",))
    size = model.backbone.input_shape[1]
    batches = evaluation_batches(split, crop=size, batch_size=2)
    return embed(tf.function(model.embed), batches, num_examples=len(files))[0]


# One test, so that parallel workers do not each start a client.
def test_client_without_hsm_gets_the_evaluations_vectors(tmp_path):
    files = write_images(tmp_path / "images")
    models = {name: make_model(*arguments) for name, arguments in MODELS.items()}
    directories = {n: str(export_saved_model(m, tmp_path / n)) for n, m in models.items()}
    pixels = [pillow_rgb(Path(file).read_bytes()) for file in files]
    np.savez(tmp_path / "pixels.npz", *pixels)
    paths = [str(tmp_path / name) for name in ("pixels.npz", "vectors.npz")]
    arguments = json.dumps([directories, files, *paths])
    subprocess.run([sys.executable, "-I", "-c", CLIENT, arguments], cwd=tmp_path, check=True)
    vectors = np.load(tmp_path / "vectors.npz")
    for name, model in models.items():
        expected = evaluation_vectors(model, files)
        # Vectors that all look alike would agree whatever the preprocessing.
        assert np.ptp(expected, axis=0).max() > 0.01, name
        for signature in SIGNATURES:
            received = vectors[f"{name}.{signature}"]
            assert (received.dtype, received.shape) == (np.float32, (len(files), 16))
            np.testing.assert_allclose(
                received, expected, rtol=0, atol=1e-5, err_msg=f"{name}.{signature}"
            )
            np.testing.assert_allclose(np.linalg.norm(received, axis=1), 1.0, atol=1e-5)


@pytest.fixture(scope="module")
def model():
    return make_model()


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    return export_saved_model(model, tmp_path_factory.mktemp("root") / "deep" / "down" / "model")


def test_folder_says_what_its_vectors_are(exported):
    description = json.loads((exported / "hsm_embedding.json").read_text(encoding="utf-8"))
    assert len(description.pop("digest")) == 64
    assert description == {
        "method": "BN",
        "backbone": "convnet",
        "embedding_dim": 16,
        "image_size": 28,
        "resize_size": 32,
        "max_pixels": 100_000_000,
        "signatures": ["serving_default", "from_floats", "from_bytes", "from_bytes_lenient"],
        "tensorflow": tf.__version__,
    }
    assert [path.name for path in exported.parent.iterdir()] == ["model"]
    assert is_output_folder(exported)
    assert (exported / MARKER).exists()


def test_a_card_lies_beside_it_without_scores_that_nobody_measured(exported):
    card = json.loads((exported / "model_card.json").read_text(encoding="utf-8"))
    description = json.loads((exported / "hsm_embedding.json").read_text(encoding="utf-8"))
    assert card["model"] == {**description, "about": None}
    assert card["scores"] == {}
    assert "None: no record" in (exported / "model_card.md").read_text(encoding="utf-8")
    assert not (exported / "record.json").exists()


def digest(model):
    return weights_digest(embedding_variables(model), 28)


def test_the_digest_follows_from_the_weights_that_embed():
    model, other = make_model(), make_model()
    other.set_weights(model.get_weights())
    other.classifier.kernel.assign(other.classifier.kernel + 1.0)
    assert digest(model) == digest(other)
    other.bottleneck.kernel.assign(other.bottleneck.kernel + 1e-3)
    assert digest(model) != digest(other)


def test_a_digest_stays_what_indexes_have_noted():
    found = weights_digest([np.float32([[1, 2]]), np.int32([3])], 28)
    assert found == "3c7b3aa8e6b7b12c82a7ab010ef50a562888997c2d7e2abf7db0884057329e4b"


def test_of_an_animation_the_first_frame_is_embedded(exported):
    """What is larger behind it would be an error if it were unpacked."""
    first, second = (gif_frame(np.zeros(shape, np.uint8)) for shape in ((20, 30), (40, 50)))
    embed = tf.saved_model.load(str(exported)).signatures["from_bytes"]
    vectors = [
        embed(encoded=tf.constant([gif((30, 20), *frames)]))["embedding"]
        for frames in ([first], [first, second])
    ]
    np.testing.assert_array_equal(*vectors)


def test_batches_of_any_number_of_images(exported):
    signatures = tf.saved_model.load(str(exported)).signatures
    images = np.random.default_rng(2).integers(0, 256, (3, 45, 33, 3), np.uint8)
    serve = signatures["serving_default"]
    together = serve(images=tf.constant(images))["embedding"].numpy()
    one_by_one = [serve(images=tf.constant(image[None]))["embedding"][0] for image in images]
    np.testing.assert_allclose(together, one_by_one, atol=1e-5)
    assert serve(images=tf.zeros([0, 9, 8, 3], tf.uint8))["embedding"].shape == (0, 16)
    assert signatures["from_bytes"](encoded=tf.zeros([0], tf.string))["embedding"].shape == (0, 16)


def test_broken_bytes_are_an_error(exported):
    serve = tf.saved_model.load(str(exported)).signatures["from_bytes"]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"expected a file of format JPEG"):
        serve(encoded=tf.constant([b"no image"]))


def test_what_is_decoded_wrongly_is_an_error(exported):
    serve = tf.saved_model.load(str(exported)).signatures["from_bytes"]
    good = photograph()
    for bad, words in (
        (encode(good.quantize(9), "BMP"), "expected a BMP of 24 or 32 bits"),
        (encode(good.quantize(9), "GIF", transparency=3), "expected a GIF whose first frame"),
        (encode(good, "WEBP", save_all=True, append_images=[good.rotate(9)]), "of a single pictu"),
        (encode(good, "TIFF"), "expected a file of format JPEG, PNG, GIF, BMP or WebP"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=words):
            serve(encoded=tf.constant([bad]))


def test_of_several_files_the_bad_ones_are_named_by_their_places(exported):
    serve = tf.saved_model.load(str(exported)).signatures["from_bytes"]
    good = encode(photograph(), "PNG")
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"counted from 0:.*\[1 3\]"):
        serve(encoded=tf.constant([good, b"no image", good, good[:60]]))


def test_one_bad_file_costs_no_other_its_vector(exported):
    signatures = tf.saved_model.load(str(exported)).signatures
    good = [encode(photograph(40, side), "JPEG") for side in (30, 50)]
    batch = tf.constant([good[0], b"", good[1], good[0][:200]])
    result = signatures["from_bytes_lenient"](encoded=batch)
    assert result["readable"].numpy().tolist() == [True, False, True, False]
    expected = signatures["from_bytes"](encoded=tf.constant(good))["embedding"]
    np.testing.assert_allclose(result["embedding"][::2], expected, atol=1e-6)
    np.testing.assert_array_equal(result["embedding"][1::2], np.zeros((2, 16)))
    none = signatures["from_bytes_lenient"](encoded=tf.zeros([0], tf.string))
    assert (none["embedding"].shape, none["readable"].shape) == ((0, 16), (0,))


def test_floats_are_rounded_and_clipped_to_whole_values(exported):
    signatures = tf.saved_model.load(str(exported)).signatures
    whole = np.random.default_rng(5).integers(0, 256, (2, 40, 50, 3), np.uint8)
    near = whole + np.random.default_rng(6).uniform(-0.49, 0.49, whole.shape)
    near[0, 0, 0], near[1, 0, 0] = np.where(whole[:, 0, 0] > 127, 400.0, -30.0)
    whole[:, 0, 0] = np.where(whole[:, 0, 0] > 127, 255, 0)
    received = signatures["from_floats"](images=tf.constant(near, tf.float32))["embedding"]
    expected = signatures["serving_default"](images=tf.constant(whole))["embedding"]
    np.testing.assert_allclose(received, expected, atol=1e-6)
    assert signatures["from_floats"](images=tf.zeros([0, 9, 8, 3]))["embedding"].shape == (0, 16)


def test_too_many_pixels_are_an_error(model, tmp_path):
    folder = export_saved_model(model, tmp_path / "model", max_pixels=43 * 61)
    assert json.loads((folder / "hsm_embedding.json").read_text())["max_pixels"] == 43 * 61
    serve = tf.saved_model.load(str(folder)).signatures["from_bytes"]
    assert serve(encoded=tf.constant([encode(photograph(43, 61), "JPEG")]))["embedding"].shape[0]
    message = r"at most max_pixels=2623 pixels, received 62 x 43: make the image smaller, or raise"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        serve(encoded=tf.constant([encode(photograph(43, 62), "JPEG")]))
    with pytest.raises(
        ValueError, match="expected `max_pixels` to be 1..2147483647. Received: max_pixel"
    ):
        export_saved_model(model, tmp_path / "other", max_pixels=0)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_classifier_is_left_out(exported):
    saved = tf.train.load_checkpoint(str(exported / "variables" / "variables"))
    shapes = saved.get_variable_to_shape_map().values()
    assert [16, 5] not in shapes
    assert [128, 16] in shapes


def test_overwrite_replaces_a_saved_model_only_on_request(model, tmp_path):
    other = make_model(method="SM", embedding_dim=8)
    export_saved_model(model, tmp_path / "model")
    with pytest.raises(FileExistsError, match=r"pass overwrite=True.*directory='.*model'"):
        export_saved_model(other, tmp_path / "model")
    export_saved_model(other, tmp_path / "model", overwrite=True)
    serve = tf.saved_model.load(str(tmp_path / "model")).signatures["serving_default"]
    assert serve(images=tf.zeros([1, 9, 8, 3], tf.uint8))["embedding"].shape == (1, 8)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_overwrite_leaves_other_folders_alone(model, tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(
        FileExistsError, match=r"which overwrite=True replaces.*without saved_model.pb"
    ):
        export_saved_model(model, tmp_path, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_failed_check_writes_nothing(tmp_path):
    model = make_model()
    model.bottleneck.kernel.assign(np.full(model.bottleneck.kernel.shape, np.nan))
    with pytest.raises(RuntimeError, match="1e-05, .* 'serving_default'. Received: others, by nan"):
        export_saved_model(model, tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_refuses_models_that_it_cannot_serve(tmp_path):
    backbone = build_backbone("convnet", 28)
    with pytest.raises(ValueError, match=r"EmbeddingModel.*Received: model of type Functional"):
        export_saved_model(backbone, tmp_path / "model")
    images = keras.Input((None, None, 3))
    free = keras.Model(images, keras.layers.GlobalAveragePooling2D()(images))
    with pytest.raises(ValueError, match=r"fixed size.*input_shape=\(None, None, 3\)"):
        export_saved_model(EmbeddingModel(free, "LN", num_classes=2), tmp_path / "model")


def test_a_full_disk_is_said_of_the_folder_and_leaves_nothing(tmp_path, monkeypatch):
    def full(module, path, **_):
        Path(path).mkdir()
        raise tf.errors.ResourceExhaustedError(None, None, f"{path}; No space left on device")

    monkeypatch.setattr(tf.saved_model, "save", full)
    with pytest.raises(OSError, match=r"model cannot be written: No space left .*Make room there"):
        export_saved_model(make_model(), tmp_path / "model")
    assert not list(tmp_path.iterdir())
