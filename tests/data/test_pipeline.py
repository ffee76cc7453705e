"""What batches hold: every image once, the same pixels whatever the threads and restarts."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from support.batches import in_numpy, shuffled_batches
from support.image_factory import photograph, pillow_rgb, tagged

from hsm.data import images, pipeline
from hsm.data.sampling import BatchOrder, Share
from hsm.data.sources.source import Split
from hsm.data.thumbnails import thumbnails


def array_split(pixels: np.ndarray) -> Split:
    return Split(
        pixels, np.arange(len(pixels), dtype=np.int32), tuple(map(str, range(len(pixels))))
    )


def random_split(count: int = 21, side: int = 32) -> Split:
    return array_split(np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8))


def file_split(folder) -> Split:
    paths = tuple(str(path) for path in sorted(folder.glob("*/*")))
    return Split(paths, np.arange(len(paths), dtype=np.int32), paths)


def epoch_of(split, *, epoch=1, start_step=0, seed=3, batch_size=4, flip=True):
    batches = shuffled_batches(
        split,
        crop=28,
        batch_size=batch_size,
        seed=seed,
        epoch=epoch,
        flip=flip,
        start_step=start_step,
    )
    return in_numpy(batches)


def assert_same_batches(batches, expected):
    assert len(batches) == len(expected)
    for (pixels, labels), (expected_pixels, expected_labels) in zip(batches, expected, strict=True):
        np.testing.assert_array_equal(labels, expected_labels)
        np.testing.assert_array_equal(pixels, expected_pixels)


@pytest.mark.parametrize(
    ("count", "batch_size", "sizes"),
    [
        (20, 4, [4, 4, 4, 4, 4]),
        (21, 4, [4, 4, 4, 4, 5]),
        (22, 4, [4, 4, 4, 4, 4, 2]),
        (3, 4, [3]),
        (5, 4, [5]),
        (1, 4, [1]),
        (3, 1, [1, 1, 1]),
    ],
)
def test_training_shows_every_image_once_and_merges_a_last_batch_of_one(
    count, batch_size, sizes, numbered
):
    batches = epoch_of(array_split(numbered(count)), batch_size=batch_size)
    assert [len(labels) for _, labels in batches] == sizes
    assert sorted(np.concatenate([labels for _, labels in batches])) == list(range(count))
    for pixels, labels in batches:
        assert pixels.shape == (len(labels), 28, 28, 3)
        assert pixels.dtype == np.uint8
        assert labels.dtype == np.int32
        np.testing.assert_array_equal(pixels[:, 0, 0, 0], labels)


@pytest.mark.parametrize("count", [20, 21, 22])
def test_training_from_any_step_continues_the_same_epoch(count):
    split = random_split(count)
    whole = epoch_of(split)
    for start_step in range(len(whole) + 1):
        assert_same_batches(epoch_of(split, start_step=start_step), whole[start_step:])


def test_training_refuses_to_start_after_the_epoch():
    with pytest.raises(ValueError, match=r"start_step to be 0 to 5.*Received: start_step=6"):
        epoch_of(random_split(21), start_step=6)


def test_training_repeats_an_epoch_exactly_and_no_other():
    split = random_split()
    first = epoch_of(split)
    assert_same_batches(epoch_of(split), first)
    for other in (epoch_of(split, epoch=2), epoch_of(split, seed=4)):
        assert [labels.tolist() for _, labels in other] != [labels.tolist() for _, labels in first]


def test_crops_and_flips_change_with_epoch_and_seed_and_not_with_the_order():
    split = random_split(40)

    def crops(**arguments):
        batches = epoch_of(split, **arguments)
        order = np.argsort(np.concatenate([labels for _, labels in batches]))
        return np.concatenate([pixels for pixels, _ in batches])[order]

    reference = crops()
    np.testing.assert_array_equal(crops(batch_size=7), reference)
    for other in (crops(epoch=2), crops(seed=4)):
        same = (other == reference).all(axis=(1, 2, 3))
        # One crop in 50 is the same by chance: 25 places, two sides.
        assert same.mean() < 0.2


def test_half_of_the_crops_are_flipped():
    ramp = np.broadcast_to(np.arange(32, dtype=np.uint8)[:, None], (400, 32, 32, 3))
    pixels = np.concatenate([pixels for pixels, _ in epoch_of(array_split(ramp.copy()))])
    assert 0.4 < (pixels[:, 0, 0, 0] > pixels[:, 0, -1, 0]).mean() < 0.6
    pixels = np.concatenate([pixels for pixels, _ in epoch_of(array_split(ramp), flip=False)])
    assert (pixels[:, 0, 0, 0] < pixels[:, 0, -1, 0]).all()


def test_files_and_arrays_of_the_same_pixels_give_the_same_crops(make_folder):
    files = file_split(make_folder({"rose": 3, "tulip": 4}, side=50))
    pixels = np.stack([np.asarray(Image.open(path)) for path in files.images])
    arrays = Split(pixels, files.labels, files.class_names)
    assert_same_batches(epoch_of(files), epoch_of(arrays))
    evaluated = [list(pipeline.evaluation_batches(s, crop=28)) for s in (files, arrays)]
    assert_same_batches(*evaluated)


def test_a_training_crop_is_a_crop_of_the_resized_image(make_folder):
    split = file_split(make_folder({"rose": 5}, side=50))
    for pixels, labels in epoch_of(split):
        for crop, label in zip(pixels, labels, strict=True):
            image = tf.constant(np.asarray(Image.open(split.images[label])))
            resized = images.resize(image, 32).numpy()
            crops = (
                resized[top : top + 28, left : left + 28, ::side]
                if side == 1
                else resized[top : top + 28, left : left + 28][:, ::-1]
                for top in range(5)
                for left in range(5)
                for side in (1, -1)
            )
            assert any(np.array_equal(crop, candidate) for candidate in crops)


def test_evaluation_shows_the_centre_of_every_image_once_and_in_order():
    split = random_split(21)
    batches = in_numpy(pipeline.evaluation_batches(split, crop=28, batch_size=4))
    assert [len(labels) for _, labels in batches] == [4, 4, 4, 4, 4, 1]
    np.testing.assert_array_equal(np.concatenate([labels for _, labels in batches]), split.labels)
    expected = split.images[:, 2:30, 2:30]
    np.testing.assert_array_equal(np.concatenate([pixels for pixels, _ in batches]), expected)


def test_arrays_are_resized_in_parts_as_in_one(monkeypatch):
    split = random_split(21, side=8)
    whole = images.resize(tf.constant(split.images), 32)[:, 2:30, 2:30]
    monkeypatch.setattr(pipeline, "_RESIZED_AT_ONCE", 4)
    batches = pipeline.evaluation_batches(split, crop=28)
    np.testing.assert_array_equal(next(iter(batches))[0], whole)


def test_file_names_need_not_be_text(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/rose\xe9.png")
    Image.new("RGB", (32, 32), (1, 2, 3)).save(path)
    split = Split((path, path), np.arange(2, dtype=np.int32), ("a", "b"))
    pixels, _ = next(iter(pipeline.evaluation_batches(split, crop=28)))
    assert pixels[0, 0, 0].numpy().tolist() == [1, 2, 3]


PROGRAM = textwrap.dedent("""
    import hashlib, sys
    import numpy as np
    import tensorflow as tf
    from hsm.data.sources.source import Split
    from support.batches import in_numpy, shuffled_batches

    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    paths = tuple(sys.argv[1:])
    split = Split(paths, np.arange(len(paths), dtype=np.int32), paths)
    for pixels, labels in shuffled_batches(
        split, crop=28, batch_size=4, seed=3, epoch=1, flip=True
    ):
        print(hashlib.sha256(pixels.numpy().tobytes() + labels.numpy().tobytes()).hexdigest())
""")


def test_threads_and_processes_do_not_change_the_pixels(make_folder):
    split = file_split(make_folder({"rose": 7, "tulip": 7}, side=50, suffix=".jpg"))
    command = [sys.executable, "-c", PROGRAM, *split.images]
    tests = str(Path(__file__).resolve().parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, tests])}
    elsewhere = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    here = [
        hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest()
        for pixels, labels in epoch_of(split)
    ]
    assert len(here) == 4
    assert elsewhere.stdout.split() == here


@pytest.mark.parametrize(("count", "sizes"), [(8, [4, 4]), (9, [4, 5]), (10, [4, 4, 2]), (1, [1])])
def test_warming_up_shows_every_centre_once_in_order_in_training_batches(count, sizes):
    split = random_split(count)
    found = in_numpy(pipeline.warm_up_batches(split, crop=28, batch_size=4))
    assert [len(labels) for _, labels in found] == sizes
    np.testing.assert_array_equal(
        np.concatenate([p for p, _ in found]), split.images[:, 2:30, 2:30]
    )
    np.testing.assert_array_equal(np.concatenate([y for _, y in found]), split.labels)


def test_training_crops_follow_the_last_place():
    split = random_split(8)
    options = {"crop": 28, "batch_size": 8, "seed": 3, "epoch": 1, "flip": False}
    with_last, without = (
        in_numpy(shuffled_batches(split, **options, include_last_offset=last))[0][0]
        for last in (True, False)
    )
    assert not np.array_equal(with_last, without)


def test_no_iterator_waits_for_the_tuner_at_its_end(make_folder):
    """TensorFlow's tuner sleeps for up to a minute; whoever deletes an iterator waits for it."""
    split = file_split(make_folder({"rose": 5}))
    made = (
        shuffled_batches(split, crop=28, batch_size=2, seed=0, epoch=0, flip=False),
        shuffled_batches(split, crop=28, batch_size=4, seed=0, epoch=0, flip=False),
        pipeline.warm_up_batches(split, crop=28, batch_size=2),
        pipeline.evaluation_batches(split, crop=28),
    )
    assert [batches.options().autotune.enabled for batches in made] == [False] * 4


def test_batches_of_files_wait_on_the_gpu_and_are_the_same(make_folder):
    """A second processor of TensorFlow's stands in for the GPU."""
    paths = file_split(make_folder({"rose": 9})).images
    program = f"""
        import numpy as np
        import tensorflow as tf
        from hsm.data import pipeline
        from hsm.data.sources.source import Split

        cpu = tf.config.list_physical_devices("CPU")[0]
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, two)
        split = Split({paths!r}, np.arange(9, dtype=np.int32), tuple("abcdefghi"))
        expected = list(pipeline.evaluation_batches(split, crop=28, batch_size=4))
        stand_in = tf.config.list_logical_devices("CPU")[1]
        tf.config.list_logical_devices = lambda kind: [stand_in] if kind == "GPU" else []
        actual = list(pipeline.evaluation_batches(split, crop=28, batch_size=4))
        assert len(actual) == len(expected) == 3
        for (images, labels), (expected_images, expected_labels) in zip(actual, expected):
            assert images.device.endswith("CPU:1"), images.device
            assert expected_images.device.endswith("CPU:0")
            np.testing.assert_array_equal(images, expected_images)
            np.testing.assert_array_equal(labels, expected_labels)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True)


def test_without_random_places_training_crops_are_central():
    split = random_split(count=8, side=40)
    (images_, labels), *_ = shuffled_batches(
        split, crop=28, batch_size=8, seed=0, epoch=0, flip=False, random=False
    )
    ((central, _),) = pipeline.evaluation_batches(split, crop=28)
    np.testing.assert_array_equal(images_, central[labels])
    flipped, labels = next(
        iter(
            shuffled_batches(split, crop=28, batch_size=8, seed=0, epoch=0, flip=True, random=False)
        )
    )
    mirrored = central[:, :, ::-1]
    is_mirrored = [
        np.array_equal(image, mirrored[label]) for image, label in zip(flipped, labels, strict=True)
    ]
    assert 0 < sum(is_mirrored) < 8


@pytest.fixture
def turned(tmp_path):
    """Paths of one picture, square as in a pipeline, stored in all eight orientations."""
    paths = []
    for value in range(1, 9):
        paths.append(tmp_path / f"{value}.jpg")
        paths[-1].write_bytes(tagged(photograph(40, 50), "JPEG", value))
    return paths


def test_every_batch_shows_pictures_upright(turned):
    upright = [pillow_rgb(path.read_bytes()) for path in turned]
    shown = [images.resize(tf.constant(pixels), 32) for pixels in upright]
    expected = [images.center_crop(image, 28).numpy() for image in shown]
    labels = np.arange(8, dtype=np.int32)
    split = Split(tuple(map(str, turned)), labels, tuple("abcdefgh"))
    ((evaluated, _),) = in_numpy(pipeline.evaluation_batches(split, crop=28))
    np.testing.assert_array_equal(evaluated, expected)
    ((warmed, _),) = in_numpy(pipeline.warm_up_batches(split, crop=28, batch_size=8))
    np.testing.assert_array_equal(warmed, expected)
    np.testing.assert_array_equal(thumbnails(split, range(8), 28), expected)
    pixels = array_split(np.stack(shown))
    assert_same_batches(epoch_of(split), epoch_of(pixels))


# An image whose pixels say where they lie: red is the column, green the row.
PLACES = np.stack([*np.meshgrid(np.arange(32), np.arange(32)), np.zeros((32, 32))], -1).astype(
    np.uint8
)


def draw_places(count: int, *, seed: int = 7, flip: bool = False, last: bool = True) -> np.ndarray:
    """Returns (left, top, mirrored) of `count` crops of 28 pixels out of 32."""
    split = array_split(np.broadcast_to(PLACES, (count, *PLACES.shape)))
    batches = shuffled_batches(
        split, crop=28, batch_size=count, seed=seed, epoch=1, flip=flip, include_last_offset=last
    )
    ((crops, labels),) = batches
    crops = crops[np.argsort(labels)]
    mirrored = crops[:, 0, 0, 0] > crops[:, 0, -1, 0]
    left = np.where(mirrored, crops[:, 0, -1, 0], crops[:, 0, 0, 0])
    for image, x, y, flipped in zip(crops, left, crops[:, 0, 0, 1], mirrored, strict=True):
        expected = PLACES[y : y + 28, x : x + 28]
        np.testing.assert_array_equal(image, expected[:, ::-1] if flipped else expected)
    return np.stack([left, crops[:, 0, 0, 1], mirrored], axis=-1)


def test_random_crops_are_uniform_and_independent():
    left, top, mirrored = draw_places(5000, flip=True).T
    joint, *_ = np.histogram2d(left, top, bins=[range(6), range(6)])
    assert joint.sum() == 5000
    # Chi-squared with 24 degrees of freedom: 51.2 is exceeded once in a thousand times.
    assert ((joint - 200) ** 2 / 200).sum() < 51.2
    assert abs(mirrored.mean() - 0.5) < 0.025
    assert abs(np.corrcoef(mirrored, left)[0, 1]) < 0.05


def test_random_crops_are_mirrored_only_where_asked():
    assert not draw_places(50, flip=False)[:, 2].any()


def test_random_crops_stay_what_they_were():
    # Written down once: no release of NumPy may change what a seed means.
    assert draw_places(4, flip=True).tolist() == [[2, 0, 1], [1, 3, 0], [3, 2, 0], [0, 3, 1]]


def test_random_crops_can_leave_the_greatest_offset_out():
    for last, greatest in ((True, 4), (False, 3)):
        drawn = draw_places(500, last=last)
        for axis in (0, 1):
            assert set(drawn[:, axis]) == set(range(greatest + 1))


def test_an_image_that_comes_again_is_cropped_anew():
    split = array_split(PLACES[None])
    again = BatchOrder(np.zeros(200, np.int64), np.array([200]))
    crops = pipeline.TrainingBatches(split, pipeline.Crop(28))
    ((drawn, _),) = crops(again, seed=0, epoch=0)
    assert len({tuple(place) for place in drawn[:, 0, 0, :2]}) == 25


@pytest.mark.parametrize("kind", ["array", "files"])
@pytest.mark.parametrize("count", [2, 3])
def test_shares_are_the_parts_of_every_batch(make_folder, kind, count):
    folder = make_folder({"rose": 4, "tulip": 5}, side=40)
    split = random_split(9) if kind == "array" else file_split(folder)
    order = BatchOrder(np.arange(len(split))[::-1], np.array([len(split) - 2, 2]))
    crops = pipeline.TrainingBatches(split, pipeline.Crop(28, flip=True))
    whole = in_numpy(crops(order, seed=1, epoch=2))
    parts = [
        in_numpy(crops(order, seed=1, epoch=2, share=Share(index, count))) for index in range(count)
    ]
    joined = [
        tuple(np.concatenate(columns) for columns in zip(*of_batch, strict=True))
        for of_batch in zip(*parts, strict=True)
    ]
    assert_same_batches(joined, whole)


def test_nothing_is_read_of_other_shares(make_folder):
    paths = file_split(make_folder({"rose": 3}, side=40)).images
    missing = (*paths[:1], *(f"{path}.gone" for path in paths[1:]))
    split = Split(missing, np.arange(len(missing), dtype=np.int32), missing)
    batches = pipeline.evaluation_batches(
        split, crop=28, batch_size=len(missing), share=Share(0, len(missing))
    )
    ((pixels, labels),) = in_numpy(batches)
    assert len(pixels) == 1
    assert labels.tolist() == [0]
