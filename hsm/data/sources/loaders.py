"""The loaders of the catalog's data sets, all of one shape: options in, a divided source out."""

from __future__ import annotations

import functools

from hsm.data.catalog import ALL, CLASSIFICATION, LoadOptions, dataset_info
from hsm.data.sources import benchmark, protocols
from hsm.data.sources import digits as digits_file
from hsm.data.sources import image_folder as folder_files
from hsm.data.sources import letters as letters_file
from hsm.data.sources import mnist as mnist_file
from hsm.data.sources import omniglot as omniglot_files
from hsm.data.sources.division import SPLIT, Division
from hsm.data.sources.source import ImageSource


def digits(options: LoadOptions) -> ImageSource:
    """Load scikit-learn's digits."""
    return _divided(digits_file.load(limit=options.limit), options)


def letters(options: LoadOptions) -> ImageSource:
    """Load the letters of this package."""
    return _divided(letters_file.load(limit=options.limit), options)


def omniglot(options: LoadOptions) -> ImageSource:
    """Load Omniglot's drawings."""
    source = omniglot_files.load(_folder("omniglot", options), limit=options.limit)
    return _divided(source, options)


def mnist(options: LoadOptions) -> ImageSource:
    """Load MNIST, whose own parts are those of the classification."""
    predefined = options.split == CLASSIFICATION
    source = mnist_file.load(options.data_dir, predefined=predefined, limit=options.limit)
    return source if predefined else _divided(source, options)


def image_folder(options: LoadOptions) -> ImageSource:
    """Load a folder of photographs; its parts, if it has some, are the classification's."""
    predefined = options.split == CLASSIFICATION and options.folder_layout == SPLIT
    source = folder_files.load(
        _folder("image_folder", options),
        division=Division(
            options.folder_layout,
            options.train_classes,
            predefined,
            options.validation_classes if options.split == ALL else None,
        ),
        on_bad_image=options.on_bad_image,
        singletons=options.singletons,
        limit=options.limit,
        max_pixels=options.max_pixels,
    )
    return source if predefined or options.split == ALL else _divided(source, options)


def _benchmark(name: str, options: LoadOptions) -> ImageSource:
    predefined = options.split == CLASSIFICATION and "predefined" in dataset_info(name).expected
    source = benchmark.load(
        name,
        options.data_dir,
        split="predefined" if predefined else "zero_shot",
        on_bad_image=options.on_bad_image,
        limit=options.limit,
        max_pixels=options.max_pixels,
    )
    return source if predefined else _divided(source, options)


def _divided(source: ImageSource, options: LoadOptions) -> ImageSource:
    return protocols.divided(source, options.split, options.validation_classes)


def _folder(name: str, options: LoadOptions) -> str:
    if not options.data_dir:
        raise ValueError(
            f"expected `data_dir`, a folder that holds {dataset_info(name).obtain}, for the data "
            f"set {name}. Received: data_dir={options.data_dir}"
        )
    return options.data_dir


cars196 = functools.partial(_benchmark, "cars196")
cub200 = functools.partial(_benchmark, "cub200")
products = functools.partial(_benchmark, "products")
inshop = functools.partial(_benchmark, "inshop")
