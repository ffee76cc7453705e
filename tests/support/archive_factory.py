"""Small archives of the paper's data sets, in the layouts and formats of the true ones.

Every archive shows the same four classes. A photograph differs from all others, so that its bytes
tell which one it is, wherever a reader found it.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.io import savemat
from support.image_factory import encode, photograph

from hsm.data.catalog import CATALOG, Count, Expected
from hsm.data.sources.source import Split

CARS = ("AM General Hummer SUV 2000", "Acura RL Sedan 2012", "Dodge Ram 2010", "Fisker Karma 2012")
BIRDS = ("001.Albatross", "002.Auklet", "003.Blackbird", "004.Bobolink")
# Images of each class; the last of each is in the second part.
PER_CLASS = (3, 2, 3, 4)

BY_CLASS = {
    "zero_shot": Expected(Count(5, 2), Count(7, 2), by_class=True),
    "predefined": Expected(Count(8, 4), Count(4, 4)),
}
BY_PART = {"zero_shot": Expected(Count(5, 2), Count(7, 2))}
WITH_GALLERY = {"zero_shot": Expected(Count(5, 2), Count(5, 2), gallery=Count(2, 2))}


def replace_expected(name: str, expected: dict[str, Expected], monkeypatch) -> dict[str, Expected]:
    """Lets the catalog expect of data set `name` what the archives here hold."""
    monkeypatch.setitem(CATALOG, name, replace(CATALOG[name], expected=expected))
    return expected


@dataclass(frozen=True)
class Photo:
    """One image: its class, 1 to 4, its place in it, and whether it is the class's last."""

    number: int
    index: int
    is_last: bool

    @property
    def content(self) -> bytes:
        return encode(photograph(36, 48, seed=10 * self.number + self.index), "JPEG", quality=90)

    def write(self, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.content)
        return path


PHOTOS = [
    Photo(number, index, index == count - 1)
    for number, count in enumerate(PER_CLASS, 1)
    for index in range(count)
]
PHOTO_OF = {photo.content: photo for photo in PHOTOS}


def cars_one_file(root: Path) -> Path:
    """`cars_annos.mat` and `car_ims/`."""
    rows = []
    for number, photo in enumerate(PHOTOS, 1):
        path = photo.write(root / f"car_ims/{number:06}.jpg")
        rows.append((f"car_ims/{path.name}", 1, 2, 40, 30, photo.number, int(photo.is_last)))
    fields = ("relative_im_path", "bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "test")
    save_annotations(root / "cars_annos.mat", fields, rows, class_names=CARS)
    return root


def cars_two_files(root: Path, *, devkit: str = "devkit", twice: bool = False) -> Path:
    """The devkit's files in `devkit`, and `cars_train/` and `cars_test/`."""
    for part, is_last in (("train", False), ("test", True)):
        folder = root / f"cars_{part}" / (f"cars_{part}" if twice else "")
        photos = [photo for photo in PHOTOS if photo.is_last == is_last]
        rows = []
        for number, photo in enumerate(photos, 1):
            path = photo.write(folder / f"{number:05}.jpg")
            rows.append((1, 2, 40, 30, photo.number, path.name))
        name = {"train": "cars_train_annos.mat", "test": "cars_test_annos_withlabels.mat"}[part]
        fields = ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "fname")
        save_annotations(root / devkit / name, fields, rows)
    savemat(root / devkit / "cars_meta.mat", {"class_names": cells(CARS)})
    return root


def cars_class_folders(root: Path, *, parts: bool = False, prefix: bool = False) -> Path:
    """A folder a class, perhaps in `train/` and `test/`."""
    for photo in PHOTOS:
        part = ("test" if photo.is_last else "train") if parts else ""
        name = CARS[photo.number - 1]
        name = f"{photo.number:03}.{name.replace(' ', '_')}" if prefix else name
        photo.write(root / part / name / f"{photo.index:05}.jpg")
    return root


def save_annotations(path: Path, fields, rows, **variables) -> None:
    """Writes a struct array of one row, as MATLAB keeps it, and perhaps cells of class names."""
    records = np.zeros((1, len(rows)), [(field, object) for field in fields])
    for index, row in enumerate(rows):
        records[0, index] = tuple(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"annotations": records, **{k: cells(v) for k, v in variables.items()}})


def cells(names) -> np.ndarray:
    """A cell array of one row."""
    values = np.zeros((1, len(names)), object)
    values[0] = names
    return values


def cub200(root: Path) -> Path:
    """CUB_200_2011 as it is unpacked, with the files that TensorFlow Datasets needs as well."""
    lines: dict[str, list[str]] = {
        name: [] for name in ("images", "image_class_labels", "train_test_split", "bounding_boxes")
    }
    for number, photo in enumerate(PHOTOS, 1):
        folder = BIRDS[photo.number - 1]
        name = f"{folder}/{folder[4:]}_{photo.index:04}_{number + 700}.jpg"
        photo.write(root / "images" / name)
        lines["images"].append(f"{number} {name}")
        lines["image_class_labels"].append(f"{number} {photo.number}")
        lines["train_test_split"].append(f"{number} {int(not photo.is_last)}")
        lines["bounding_boxes"].append(f"{number} 1.0 2.0 30.0 20.0")
    lines["classes"] = [f"{number} {name}" for number, name in enumerate(BIRDS, 1)]
    for name, content in lines.items():
        (root / f"{name}.txt").write_text("\n".join(content) + "\n")
    return root


def cub200_segmentations(root: Path) -> Path:
    """The masks of the birds, `segmentations/<class>/<image>.png`."""
    for path in sorted((root.parent / "CUB_200_2011" / "images").glob("*/*.jpg")):
        mask = root / "segmentations" / path.parent.name / f"{path.stem}.png"
        mask.parent.mkdir(parents=True, exist_ok=True)
        mask.write_bytes(encode(photograph(36, 48).convert("L"), "PNG"))
    return root


def packed(folder: Path) -> Path:
    """A .tgz of `folder`, beside it."""
    archive = folder.with_suffix(".tgz")
    with tarfile.open(archive, "w:gz") as file:
        file.add(folder, folder.name)
    return archive


def products(root: Path) -> Path:
    """Stanford_Online_Products: the first two classes train."""
    lists = {"train": ["image_id class_id super_class_id path"]}
    lists["test"] = list(lists["train"])
    for number, photo in enumerate(PHOTOS, 1):
        name = f"bicycle_final/{1110 + photo.number}_{photo.index}.JPG"
        photo.write(root / name)
        part = "train" if photo.number <= 2 else "test"
        lists[part].append(f"{number} {photo.number} 1 {name}")
    for part, lines in lists.items():
        (root / f"Ebay_{part}.txt").write_text("\n".join(lines) + "\n")
    return root


def inshop(root: Path, *, partition: str = "Eval", images: str = "Img") -> Path:
    """In-shop: the first two items train, the last image of the others is their gallery."""
    rows = []
    for photo in PHOTOS:
        item = f"id_{photo.number:08}"
        name = f"img/WOMEN/Dresses/{item}/{photo.index:02}_1_front.jpg"
        photo.write(root / images / name)
        tested = "gallery" if photo.is_last else "query"
        part = "train" if photo.number <= 2 else tested
        rows.append(f"{name}    {item}  {part}  ")
    heading = [str(len(rows)), "image_name item_id evaluation_status"]
    (root / partition).mkdir(parents=True, exist_ok=True)
    text = "\n".join(heading + rows) + "\n"
    (root / partition / "list_eval_partition.txt").write_text(text)
    return root


def annotated_inshop(root: Path) -> Path:
    """`inshop` with the files of landmarks, boxes and attributes: clothes of every type."""
    inshop(root)
    folder = root / "Anno"
    folder.mkdir()
    landmarks, boxes, attributes = [], [], []
    for photo in PHOTOS:
        name = f"img/WOMEN/Dresses/id_{photo.number:08}/{photo.index:02}_1_front.jpg"
        kind = photo.number if photo.number < 4 else 1
        # The states come by turns; the places are distinct.
        found = [
            f"{place % 3} {2 + 4 * place:03} {photo.index + 3 * place:03}"
            for place in range({1: 6, 2: 4, 3: 8}[kind])
        ]
        landmarks.append(f"{name} {kind} {1 + photo.index} {' '.join(found)}")
        boxes.append(f"{name} {kind} 1 {photo.index:03} 002 035 {30 + photo.number:03}")
    for number in range(1, 5):
        values = [str((place + number) % 3 - 1) for place in range(463)]
        attributes.append(f"id_{number:08} {' '.join(values)}")
    for file, columns, rows in (
        ("list_landmarks_inshop.txt", "image_name clothes_type variation_type ...", landmarks),
        ("list_bbox_inshop.txt", "image_name clothes_type pose_type x_1 y_1 x_2 y_2", boxes),
        ("list_attr_items.txt", "item_id attribute_labels", attributes),
    ):
        (folder / file).write_text("\n".join([str(len(rows)), columns, *rows]) + "\n")
    return root


def photos_of(split) -> list[Photo]:
    """What a split shows, image by image; by the bytes, whatever it reads them from."""
    contents = (
        image if isinstance(image, bytes) else Path(image).read_bytes()
        for image in (split.images[index] for index in range(len(split)))
    )
    return [PHOTO_OF[content] for content in contents]


def assert_zero_shot(source, *, gallery: bool = False) -> None:
    """Training shows classes 1 and 2, testing 3 and 4; labels are those of the photographs."""
    train, test = photos_of(source.train), photos_of(source.test)
    assert sorted(map(key, train)) == [key(photo) for photo in PHOTOS if photo.number <= 2]
    assert [photo.number - 1 for photo in train] == source.train.labels.tolist()
    tested = [photo for photo in PHOTOS if photo.number > 2 and not (gallery and photo.is_last)]
    assert sorted(map(key, test)) == [key(photo) for photo in tested]
    assert [photo.number - 3 for photo in test] == source.test.labels.tolist()
    if gallery:
        searched = photos_of(source.gallery)
        assert sorted(map(key, searched)) == [(3, 2), (4, 3)]
        assert [photo.number - 3 for photo in searched] == source.gallery.labels.tolist()
        assert source.gallery.class_names == source.test.class_names
    else:
        assert source.gallery is None


def assert_predefined(source) -> None:
    """All classes train; the last image of each is tested, under the same label."""
    for split, is_last in ((source.train, False), (source.test, True)):
        photos = photos_of(split)
        expected = [key(photo) for photo in PHOTOS if photo.is_last == is_last]
        assert sorted(map(key, photos)) == expected
        assert [photo.number - 1 for photo in photos] == split.labels.tolist()
    assert source.train.class_names == source.test.class_names


def key(photo: Photo) -> tuple[int, int]:
    return photo.number, photo.index


def reordered(split: Split, order: np.ndarray) -> Split:
    return split.subset(order, relabel=False)


def assert_labels(source) -> None:
    """As many images of each class as there are, for images that were encoded again."""
    assert np.bincount(source.train.labels).tolist() == list(PER_CLASS[:2])
    assert np.bincount(source.test.labels).tolist() == list(PER_CLASS[2:])
