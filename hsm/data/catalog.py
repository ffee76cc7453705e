"""Facts about the data sets that can be named on the command line. Needs no TensorFlow."""

from __future__ import annotations

from hsm.data.dataset_info import (
    ALL,
    CLASSIFICATION,
    MAX_PIXELS,
    QUERY_GALLERY,
    SPLITS,
    ZERO_SHOT,
    Archive,
    Count,
    DatasetInfo,
    Expected,
    LoadOptions,
)
from hsm.former_names import former_names

__all__ = [
    "ALL",
    "CATALOG",
    "CLASSIFICATION",
    "INSTALLED",
    "MAX_PIXELS",
    "QUERY_GALLERY",
    "SPLITS",
    "ZERO_SHOT",
    "Archive",
    "Count",
    "DatasetInfo",
    "Expected",
    "LoadOptions",
    "dataset_info",
    "register_dataset",
]

# The data sets that come with what is installed, and lie in no folder of their own.
INSTALLED = ("digits", "letters")

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
