"""Facts about the data sets that can be named on the command line. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hsm.former_names import former_names

# How a data set is divided: unseen classes are tested; these as queries against a gallery; new
# images of the training classes; or all classes train but a few that are held out to be tested, and
# where none is held out the training images are tested.
ZERO_SHOT, QUERY_GALLERY, CLASSIFICATION = "zero_shot", "query_gallery", "classification"
ALL = "all"
SPLITS = (ZERO_SHOT, QUERY_GALLERY, CLASSIFICATION, ALL)

# The data sets that come with what is installed, and lie in no folder of their own.
INSTALLED = ("digits", "letters")

# Of an image at most. A file of a few kilobytes can announce gigabytes; cameras have 12 to 60
# million.
MAX_PIXELS = 100_000_000


@dataclass(frozen=True)
class Count:
    """How much of a data set one part holds."""

    images: int
    classes: int

    def __str__(self) -> str:
        return f"{self.images:,} images of {self.classes:,} classes"


@dataclass(frozen=True)
class Expected:
    """What the parts of one split must hold.

    Attributes:
        train: what trains.
        test: what is tested; the queries where there is a gallery.
        gallery: what the queries are looked up in, where these are not the test images themselves.
        by_class: the first `train.classes` classes train and the others are tested; else the parts
            are those that the archive itself names.
    """

    train: Count
    test: Count
    gallery: Count | None = None
    by_class: bool = False


@dataclass(frozen=True)
class Archive:
    """A file as it is distributed.

    Attributes:
        file: its name.
        checksum: algorithm and hexadecimal digest, "sha256:…" or "md5:…".
    """

    file: str
    checksum: str


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    """What a data set is asked for; see `hsm.data.sources.load_source`.

    Attributes:
        data_dir: where the data lies; None if nothing was said.
        split: how it is divided, one of `SPLITS`.
        validation_classes: of the split "all", how many classes are held out; below 1 the share of
            all, 0 for none.
        train_classes: a text file with the training classes, one a line; None for the usual ones.
        folder_layout: how a folder of photographs is laid out.
        on_bad_image: "error" or "skip".
        singletons: "error" or "exclude".
        limit: about how many images of each part to keep, evenly over classes; None keeps all.
        max_pixels: an image file with more counts as one that cannot be decoded.
    """

    data_dir: str | None = None
    split: str = ZERO_SHOT
    validation_classes: float = 0.0
    train_classes: str | None = None
    folder_layout: str = "classes"
    on_bad_image: Literal["error", "skip"] = "error"
    singletons: Literal["error", "exclude"] = "error"
    limit: int | None = None
    max_pixels: int = MAX_PIXELS


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a data set before any of it is read.

    Attributes:
        summary: what it shows and how its classes are split, in one sentence.
        obtain: what it consists of on disk and where that comes from.
        licence: who may use it, or where that is written.
        load: `LoadOptions` → `hsm.data.sources.ImageSource`; or "module:function", which is
            imported when it is first called.
        divides: `load` divides the data as `LoadOptions.split` asks; else it gives the zero-shot
            division, of which the others are made.
        recipe: the data set whose recipes it is trained with, where it has none of its own.
        expected: by split, what an archive must hold: "zero_shot" tests unseen classes,
            "predefined" new images of the training classes. Empty where nothing is prescribed.
        addresses: where it has been documented to be available, one place a line, and which
            addresses are dead.
        archives: the files at these addresses whose checksums are published.
        folders: what a folder with it is usually called, in lower case, the likeliest first.
    """

    summary: str
    obtain: str
    licence: str
    load: str | Callable[[LoadOptions], Any] = ""
    divides: bool = False
    recipe: str = "image_folder"
    expected: Mapping[str, Expected] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    archives: tuple[Archive, ...] = ()
    folders: tuple[str, ...] = ()


CATALOG: dict[str, DatasetInfo] = {
    "digits": DatasetInfo(
        load="hsm.data.sources.loaders:digits",
        divides=True,
        summary="1,797 handwritten digits of 8x8 pixels; 0 to 4 train, 5 to 9 are tested",
        obtain="nothing: the digits are part of scikit-learn",
        licence="CC BY 4.0 (UCI, Optical Recognition of Handwritten Digits)",
    ),
    "letters": DatasetInfo(
        load="hsm.data.sources.loaders:letters",
        divides=True,
        summary="7,824 pictures of 28x28 pixels, 489 letters in 16 typefaces each; every second "
        "letter trains, those between them are tested",
        obtain="nothing: the letters are part of this package",
        licence="those of the fonts DejaVu and STIX, in the files beside the pictures",
    ),
    "omniglot": DatasetInfo(
        load="hsm.data.sources.loaders:omniglot",
        divides=True,
        summary="hand-drawn characters of 105x105 pixels, 20 drawings each; one set of alphabets "
        "trains, the characters of another that are not in it are tested",
        obtain="images_background_small1.zip and images_background_small2.zip, or "
        "images_background.zip and images_evaluation.zip, from "
        "https://github.com/brendenlake/omniglot",
        licence="MIT, as its repository says",
        folders=("omniglot",),
    ),
    "mnist": DatasetInfo(
        load="hsm.data.sources.loaders:mnist",
        divides=True,
        summary="70,000 handwritten digits of 28x28 pixels; 0 to 4 of the training part train, 5 "
        "to 9 of the test part are tested",
        obtain="mnist.npz, as keras.datasets.mnist.load_data() or "
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz gives it, or what "
        "TensorFlow Datasets prepared as mnist",
        licence="CC BY-SA 3.0 (Yann LeCun and Corinna Cortes)",
        folders=("mnist",),
    ),
    "image_folder": DatasetInfo(
        load="hsm.data.sources.loaders:image_folder",
        divides=True,
        summary="photographs, one folder a class; the first half of the sorted classes trains, "
        "the rest is tested, or as a file of training classes says",
        obtain="one folder of JPEG, PNG, GIF, BMP or WebP files a class",
        licence="the images' own",
    ),
    "cars196": DatasetInfo(
        load="hsm.data.sources.loaders:cars196",
        divides=True,
        summary="16,185 photographs of cars; classes 1 to 98 train, 99 to 196 are tested",
        obtain="cars_annos.mat and car_ims/; or cars_train/, cars_test/, cars_train_annos.mat and "
        "cars_test_annos_withlabels.mat, the latter two beside them or in devkit/; or one folder "
        "of images a class, with or without train/ and test/",
        licence="none stated; its images belong to their photographers",
        # Section 5.1 of the paper; the predefined split is that of the devkit.
        expected={
            "zero_shot": Expected(Count(8_054, 98), Count(8_131, 98), by_class=True),
            "predefined": Expected(Count(8_144, 196), Count(8_041, 196)),
        },
        addresses=(
            "dead since 2023: everything below ai.stanford.edu/~jkrause/ and imagenet.stanford.edu",
            "http://ftp.cs.stanford.edu/cs/cvgl/CARS196.zip: cars_annos.mat and car_ims/",
            "https://www.kaggle.com/datasets/jessicali9530/stanford-cars-dataset: cars_train/ and "
            "cars_test/; car_devkit.tgz and cars_test_annos_withlabels.mat are linked in "
            "https://github.com/pytorch/vision/issues/7545",
            "https://www.kaggle.com/datasets/cyizhuo/stanford-cars-by-classes-folder: train/ and "
            "test/, one folder a class",
        ),
        archives=(
            Archive("cars_annos.mat", "md5:b407c6086d669747186bd1d764ff9dbc"),
            Archive("car_ims.tgz", "md5:d5c8f0aa497503f355e17dc7886c3f14"),
            Archive(
                "cars_train.tgz",
                "sha256:512b227b30e2f0a8aab9e09485786ab4479582073a144998da74d64b801fd288",
            ),
            Archive(
                "cars_test.tgz",
                "sha256:bffea656d6f425cba3c91c6d83336e4c5f86c6cffd8975b0f375d3a10da8e243",
            ),
            Archive(
                "car_devkit.tgz",
                "sha256:b97deb463af7d58b6bfaa18b2a4de9829f0f79e8ce663dfa9261bf7810e9accd",
            ),
            Archive(
                "cars_test_annos_withlabels.mat",
                "sha256:790f75be8ea34eeded134cc559332baf23e30e91367e9ddca97d26ed9b895f05",
            ),
        ),
        folders=("cars196", "cars_196", "stanford_cars", "stanford-cars-dataset", "cars"),
    ),
    "cub200": DatasetInfo(
        load="hsm.data.sources.loaders:cub200",
        divides=True,
        summary="CUB-200-2011, 11,788 photographs of birds; classes 1 to 100 train, 101 to 200 "
        "are tested",
        obtain="CUB_200_2011 with images.txt, image_class_labels.txt, train_test_split.txt and "
        "images/; or one folder of images a class, numbered as the archive's are, with or without "
        "train/ and test/",
        licence="for non-commercial research and education; its images belong to their "
        "photographers",
        # Section 5.1 of the paper; the predefined split is that of train_test_split.txt.
        expected={
            "zero_shot": Expected(Count(5_864, 100), Count(5_924, 100), by_class=True),
            "predefined": Expected(Count(5_994, 200), Count(5_794, 200)),
        },
        addresses=("https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",),
        archives=(
            Archive(
                "CUB_200_2011.tgz",
                "sha256:0c685df5597a8b24909f6a7c9db6d11e008733779a671760afef78feb49bf081",
            ),
        ),
        folders=("cub_200_2011", "cub-200-2011", "cub200_2011", "cub200", "cub"),
    ),
    "products": DatasetInfo(
        load="hsm.data.sources.loaders:products",
        divides=True,
        summary="Stanford Online Products, 120,053 photographs of 22,634 articles; 11,318 of them "
        "train, the others are tested",
        obtain="Stanford_Online_Products with Ebay_train.txt, Ebay_test.txt and the folders "
        "*_final/",
        licence="as its archive says; its images belong to their photographers",
        # Section 5.1 of the paper.
        expected={"zero_shot": Expected(Count(59_551, 11_318), Count(60_502, 11_316))},
        addresses=(
            "http://ftp.cs.stanford.edu/cs/cvgl/Stanford_Online_Products.zip",
            "its project page: https://cvgl.stanford.edu/projects/lifted_struct/",
        ),
        archives=(
            Archive(
                "Stanford_Online_Products.zip",
                "sha256:b04fa78210e69fab050ce73939550e1cd0f96890bdd98ec9fee732c3b756ef48",
            ),
        ),
        folders=("stanford_online_products", "online_products", "products", "sop"),
    ),
    "inshop": DatasetInfo(
        load="hsm.data.sources.loaders:inshop",
        divides=True,
        summary="In-shop Clothes Retrieval of DeepFashion, 52,712 photographs of 7,982 articles; "
        "3,997 of them train, queries for the others look them up in a gallery",
        obtain="list_eval_partition.txt, directly, in Eval/ or in Anno/, and img/ of img.zip (or "
        "img_highres/), directly or in Img/",
        licence="for non-commercial research and education, as its agreement says",
        # The partition file's own counts; those of the paper's section 5.1 contradict each other.
        expected={
            "zero_shot": Expected(
                Count(25_882, 3_997), Count(14_218, 3_985), gallery=Count(12_612, 3_985)
            )
        },
        addresses=(
            "https://mmlab.ie.cuhk.edu.hk/projects/DeepFashion/InShopRetrieval.html: its Google "
            "Drive holds img.zip and list_eval_partition.txt; take img.zip, 256 pixels high, "
            "not img_highres.zip, which needs a password",
        ),
        folders=("in-shop clothes retrieval benchmark", "in-shop", "inshop", "deepfashion"),
    ),
}


def register_dataset(name: str, info: DatasetInfo) -> None:
    """Make a data set known by its name.

    Raises:
        ValueError: if another one has the name, or it has no loader.
    """
    if CATALOG.get(name, info) != info:
        raise ValueError(
            f"expected a new name. Received: name={name!r}, which is a data set already"
        )
    if not info.load:
        raise ValueError("expected info.load, which reads the data. Received: none")
    CATALOG[name] = info


def dataset_info(name: str) -> DatasetInfo:
    """Return the facts of data set `name`.

    Raises:
        ValueError: for a name that is not in the catalog.
    """
    if name not in CATALOG:
        raise ValueError(
            f"expected the name of a data set, one of {', '.join(CATALOG)}. Received: {name}"
        )
    return CATALOG[name]


__getattr__ = former_names(__name__, {"Facts": "DatasetInfo", "facts": "dataset_info"})
