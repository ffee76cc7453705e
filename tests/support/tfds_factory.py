"""What the real builders of TensorFlow Datasets make of small archives, without a download."""

from __future__ import annotations

from unittest import mock

import tensorflow_datasets as tfds
from support import archive_factory as archive

from hsm.data import tfds_inshop


def prepare_cars(root, **options):
    archive.cars_two_files(root)
    annotations = root / "devkit" / "cars_test_annos_withlabels.mat"
    found = {"train": root, "test": root, "extra": root, "test_annos": annotations}
    prepare(tfds.builder("cars196", **options), {k: str(v) for k, v in found.items()})


def prepare_birds(root, **options):
    archive.cub200(root / "CUB_200_2011")
    packed = archive.packed(root / "CUB_200_2011")
    masks = archive.cub200_segmentations(root / "segmentations")
    builder = tfds.builder("caltech_birds2011", **options)
    prepare(builder, [str(root), str(masks)], downloaded=[str(packed)])


def prepare_articles(root, **options):
    archive.products(root / "Stanford_Online_Products")
    prepare(tfds.builder("stanford_online_products", **options), str(root))


def prepare_clothes(root, **options):
    archive.inshop(root)
    config = tfds.download.DownloadConfig(manual_dir=str(root))
    tfds_inshop.InshopRetrieval(**options).download_and_prepare(download_config=config)


PREPARE = {
    "cars196": prepare_cars,
    "cub200": prepare_birds,
    "products": prepare_articles,
    "inshop": prepare_clothes,
}


def prepare(builder, extracted, downloaded=None) -> None:
    """Runs the builder on files that are already unpacked, instead of downloading them."""
    manager = tfds.download.DownloadManager
    config = tfds.download.DownloadConfig(try_download_gcs=False)
    with (
        mock.patch.object(manager, "download_and_extract", return_value=extracted),
        mock.patch.object(manager, "download", return_value=downloaded),
    ):
        builder.download_and_prepare(download_config=config)
