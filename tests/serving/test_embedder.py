"""Whatever is embedded, in whatever form the model is: the evaluation's vectors."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support.image_factory import encode, photograph, pillow_rgb
from support.served_model import small_model

from hsm.data.pipeline import evaluation_batches
from hsm.data.sources import load_source
from hsm.data.sources.source import Split
from hsm.evaluation import embed
from hsm.metrics import recall_at_k
from hsm.serving import Embedder, UnreadableImages


def evaluations(model, images):
    """What the evaluation embeds of images, and in which it resizes and crops as it does."""
    split = Split(images, np.zeros(len(images), np.int32), ("class",))
    return embed(
        tf.function(model.embed), evaluation_batches(split, crop=28), num_examples=len(images)
    )[0]


def files_of(photos):
    return sorted(path for path in photos.rglob("*") if path.is_file())


def test_every_kind_of_image_in_any_mix_gives_the_evaluations_vectors(embedder, model, photos):
    files = files_of(photos)
    expected = evaluations(model, tuple(map(str, files)))
    assert np.ptp(expected, axis=0).max() > 0.01
    pixels = [pillow_rgb(file.read_bytes()) for file in files]
    mixed = [files[0], str(files[1]), files[2].read_bytes(), *pixels[3:6], files[6], pixels[7]]
    for images in (photos, files, mixed, iter(mixed), tf.constant([f.read_bytes() for f in files])):
        vectors = embedder.embed(images)
        assert (vectors.dtype, vectors.shape) == (np.float32, (8, 16))
        np.testing.assert_allclose(vectors, expected, rtol=0, atol=2e-5)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_one_image_and_a_batch_of_them(embedder):
    batch = np.random.default_rng(0).integers(0, 256, (9, 40, 31, 3), np.uint8)
    vectors = embedder.embed(batch)
    assert vectors.shape == (9, 16)
    np.testing.assert_allclose(embedder.embed(batch[3]), vectors[3:4], atol=1e-6)
    assert embedder.embed([]).shape == (0, 16)


def test_recall_is_that_of_the_evaluation(embedder, model):
    test = load_source("letters", limit=200).test
    expected = recall_at_k(evaluations(model, test.images), test.labels, (1,))
    assert recall_at_k(embedder.embed(test.images), test.labels, (1,)) == expected


def test_unreadable_images_are_named_and_the_others_kept(embedder, photos):
    files = files_of(photos)
    contents = [file.read_bytes() for file in files]
    broken = photos / "jay" / "broken.jpg"
    broken.write_bytes(contents[0][:200])
    images = [broken, *contents[:5], b"", broken, *contents[5:]]
    found = embedder.embed_named(images, on_bad_image="skip")
    np.testing.assert_allclose(found.vectors, embedder.embed(contents), atol=1e-6)
    assert found.places.tolist() == [1, 2, 3, 4, 5, 8, 9, 10]
    assert found.names[:2] == ("image 1", "image 2")
    assert [(s.name, s.place) for s in found.skipped] == [
        (str(broken), 0),
        ("image 6", 6),
        (str(broken), 7),
    ]
    assert "cannot be decoded" in found.skipped[0].reason
    assert found.skipped[1].reason == "empty file"
    with pytest.raises(UnreadableImages, match=r"3 of 11.*broken\.jpg: cannot.*on_bad_image") as e:
        embedder.embed(images)
    np.testing.assert_array_equal(e.value.embeddings.vectors, found.vectors)
    with pytest.warns(UserWarning, match=r"3 images skipped.*image 6: empty file"):
        vectors = embedder.embed(images, on_bad_image="skip")
    np.testing.assert_array_equal(vectors, found.vectors)


def test_nothing_but_unreadable_images(embedder):
    found = embedder.embed_named([b"no image", b""], on_bad_image="skip")
    assert found.vectors.shape == (0, 16)
    assert [s.place for s in found.skipped] == [0, 1]


def test_a_file_that_vanished_is_skipped(embedder, photos, monkeypatch):
    gone = files_of(photos)[0]
    from hsm.serving import embedder as module

    listed = module.items
    monkeypatch.setattr(module, "items", lambda images: (listed(images), gone.unlink())[0])
    found = embedder.embed_named(photos, on_bad_image="skip")
    assert len(found) == 7
    assert str(found.skipped[0]) == f"{gone}: cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((8, 8, 3), np.float32), r"floats \(float32\).*astype\(np.uint8\)"),
        ([np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8, 3))], r"place 1: .*Received: floats"),
        (np.zeros((8, 8), np.uint8), r"uint8 \[8, 8\].*np.repeat"),
        (np.zeros((8, 8, 4), np.uint8), r"image\[..., :3\]"),
        (np.zeros((8, 8, 3), np.int64), r"int64 \[8, 8, 3\]"),
        (np.zeros((0, 8, 3), np.uint8), "without pixels"),
        ([Image.new("RGB", (3, 3))], r"place 0: .*Received: Image.*convert\(\"RGB\"\)"),
        (7, "Received: int"),
    ],
)
def test_what_is_no_image_is_refused_in_words(embedder, images, words):
    with pytest.raises(ValueError, match=words):
        embedder.embed(images)


def test_missing_paths_and_empty_folders_are_named(embedder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.jpg, which is missing"):
        embedder.embed(tmp_path / "nowhere.jpg")
    with pytest.raises(FileNotFoundError, match="expected pictures in the folder"):
        embedder.embed(tmp_path)


def test_several_threads_embed_at_once(embedder, photos):
    files = files_of(photos)
    expected = [embedder.embed([file])[0] for file in files]
    with ThreadPoolExecutor(6) as pool:
        orders = [np.random.default_rng(seed).permutation(8) for seed in range(24)]
        found = pool.map(lambda order: embedder.embed([files[i] for i in order]), orders)
        for order, vectors in zip(orders, found, strict=True):
            np.testing.assert_allclose(vectors, np.stack(expected)[order], atol=1e-6)


def test_a_batch_is_decoded_while_the_network_works_on_another(embedder, photos, monkeypatch):
    from hsm.serving import embedder as module

    decoded, overlapped, decode = [threading.Event() for _ in range(3)], [], module.decode

    def recorded(*arguments):
        next(event for event in decoded if not event.is_set()).set()
        return decode(*arguments)

    def slow(self, pixels, names):
        if not overlapped:
            overlapped.append(decoded[1].wait(10))
        return np.zeros((len(pixels), 16), np.float32)

    monkeypatch.setattr(module, "decode", recorded)
    monkeypatch.setattr(module.Embedder, "_finite", slow)
    embedder.embed(photos)
    assert overlapped == [True]


def test_one_digest_and_the_same_vectors_of_every_form(embedder, exported, model, photos, tmp_path):
    model.save(tmp_path / "model.keras")
    expected = embedder.embed(photos)
    for other in (Embedder(tmp_path / "model.keras"), Embedder.of_model(model)):
        assert other.digest == embedder.digest
        np.testing.assert_allclose(other.embed(photos), expected, atol=1e-5)
    assert Embedder.of_model(small_model(seed=1)).digest != embedder.digest
    card = json.loads((exported / "model_card.json").read_text(encoding="utf-8"))
    assert card["model"]["digest"] == embedder.digest


def test_any_keras_model_gives_unit_vectors(photos, tmp_path):
    inputs = keras.Input((20, 20, 3))
    features = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(7, 3)(inputs))
    keras.Model(inputs, features).save(tmp_path / "own.keras")
    embedder = Embedder(tmp_path / "own.keras")
    vectors = embedder.embed(photos)
    assert vectors.shape == (8, embedder.embedding_dim) == (8, 7)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    keras.Model(inputs, keras.layers.Conv2D(7, 3)(inputs)).save(tmp_path / "map.keras")
    with pytest.raises(ValueError, match=r"map\.keras: expected an hsm.models.EmbeddingModel"):
        Embedder(tmp_path / "map.keras")


def test_weights_that_are_not_finite_are_refused(photos):
    model = small_model()
    model.bottleneck.kernel.assign(np.full_like(model.bottleneck.kernel, np.nan))
    with pytest.raises(ValueError, match=r"NaN or infinity for .*0\.jpeg"):
        Embedder.of_model(model).embed(photos)


def test_larger_images_than_asked_for_are_not_read(exported, photos):
    small = Embedder(exported, max_pixels=50 * 60)
    found = small.embed_named(photos, on_bad_image="skip")
    assert 0 < len(found) < 8
    assert "3000" in found.skipped[0].reason


def test_arguments_are_checked(exported, embedder):
    with pytest.raises(ValueError, match="batch_size to be a whole number"):
        Embedder(exported, batch_size=0)
    with pytest.raises(ValueError, match='expected on_bad_image to be "raise" or "skip"'):
        embedder.embed([], on_bad_image="error")


CLIENT = """
import sys
sys.modules["hsm.training"] = sys.modules["hsm.experiments"] = None
import hsm
print(hsm.serving.Embedder(sys.argv[1]).embed(sys.argv[2]).shape)
"""


def test_neither_training_nor_experiments_are_needed(exported, photos):
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", CLIENT, str(exported), str(photos)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "(8, 16)", done.stderr


def test_a_picture_of_more_pixels_than_allowed_is_not_read(exported):
    picture = encode(photograph(40, 50), "JPEG")
    assert len(Embedder(exported, max_pixels=2000).embed([picture])) == 1
    with pytest.raises(UnreadableImages, match="at most `max_pixels=1999` pixels"):
        Embedder(exported, max_pixels=1999).embed([picture])
