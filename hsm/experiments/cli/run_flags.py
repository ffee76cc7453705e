"""The flags that every driver shares, and the configurations that follow from them.

Those on data sets are in `hsm.experiments.cli.data_flags`, those that override a recipe in
`hsm.experiments.cli.hyperparameter_flags`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from absl import flags

from hsm.data.catalog import ZERO_SHOT, dataset_info
from hsm.experiments.cli import limit_flag  # noqa: F401 - defines --limit
from hsm.experiments.cli.data_flags import check_choices, check_output, datasets
from hsm.experiments.cli.hyperparameter_flags import given, whole_numbers
from hsm.experiments.config import METHODS, RunConfig
from hsm.experiments.config.compared_recipes import recipe_of
from hsm.experiments.config.initial_weights import InitialWeights
from hsm.experiments.config.recipes import RECIPES, changed
from hsm.experiments.config.variants import VARIANTS, method_of, vary
from hsm.models.backbone_specs import IMAGENET, is_keras_file

flags.DEFINE_list(
    "methods",
    list(METHODS.trained),
    "Methods to train. pretrained, too, is possible: the backbone's own feature, not fine-tuned.",
)
flags.DEFINE_list(
    "variants",
    [],
    f"Further rows, some of: {', '.join(f'{n} ({text})' for n, text in VARIANTS.items())}. "
    "Default: none.",
)
flags.DEFINE_string(
    "weights",
    None,
    "File of pretrained weights. For googlenet: Caffe's .caffemodel; for inception_v1: slim's "
    ".ckpt, or the .index of a checkpoint in parts; for torchvision_googlenet: a .pth; for each of "
    "them a .weights.h5 too, such as hsm.experiments.convert_weights makes of the .caffemodel; for "
    "keras: networks an .h5 without the top, or imagenet, which Keras looks for in its folder and "
    "fetches if need be. Default: random weights, or the .keras file's.",
)
flags.DEFINE_list(
    "seeds",
    ["0"],
    "Seeds; several give mean and standard deviation. A seed decides every number for one kind of "
    "processor, one number of --threads and one version of the packages; others round otherwise, "
    "and training makes other scores of it.",
)
flags.DEFINE_string(
    "output_dir",
    "results",
    "Folder of records, checkpoints and tables. What is finished there is not run again, "
    "what was cut off is resumed.",
)
flags.DEFINE_bool(
    "tensorboard",
    False,
    "Write curves, histograms and the final test embeddings for TensorBoard to the folder "
    "tensorboard in --output_dir; of a finished run, what is still known of it.",
)
flags.DEFINE_bool(
    "smoke",
    False,
    "Try everything out: a few images, at most 16 dimensions, one epoch before and one after the "
    "switch, unless other flags say otherwise; results go to the folder smoke in --output_dir.",
)
flags.DEFINE_bool(
    "dry_run", False, "Read the data, print counts, plan and an estimate of the time; stop."
)
flags.DEFINE_bool(
    "verbose", False, "Print every setting, and a line for every epoch and every scoring."
)

FLAGS = flags.FLAGS

SMOKE = {"epochs": 1, "heated_epochs": 1, "gradual_every": 1, "eval_every": 1, "limit": 64}
# Well below SMOKE's limit: a spectral loss needs more images than dimensions.
_SMOKE_DIMENSIONS = 16


def configs(
    dataset: str,
    name: str,
    split: str = ZERO_SHOT,
    *,
    recipes: Mapping[str, Mapping[str, Mapping[str, Any]]] = RECIPES,
) -> list[RunConfig]:
    """Return the runs that the flags ask for, by seed, a method before the one that heats it up.

    Args:
        dataset: the value of --dataset, which selects the recipe.
        name: what the data set is called in the records: for a folder its base name.
        split: how it is divided, one of `hsm.data.catalog.SPLITS`.
        recipes: what the flags override, by profile and data set.

    Raises:
        ValueError: if a flag's value breaks a rule, naming the flag.
    """
    values = FLAGS
    check_choices("methods", values.methods, METHODS)
    if values.variants:
        check_choices("variants", values.variants, tuple(VARIANTS))
    methods = [method for method in METHODS if method in values.methods]
    variants = [variant for variant in VARIANTS if variant in values.variants]
    settings = {
        method: settings_for(dataset, recipes[values.profile], SMOKE, method=method)
        for method in dict.fromkeys([*methods, *map(method_of, variants)])
    }
    configs = []
    for seed in dict.fromkeys(whole_numbers("seeds")):
        bases = {
            method: RunConfig(dataset=name, split=split, method=method, seed=seed, **chosen)
            for method, chosen in settings.items()
        }
        configs += [bases[method] for method in methods]
        configs += [vary(bases[method_of(variant)], variant) for variant in variants]
    # Other flags may already have made a method what a variant would make of it.
    return list(dict.fromkeys(configs))


def settings_for(
    dataset: str,
    recipes: Mapping[str, Mapping[str, Any]],
    smoke: Mapping[str, Any],
    *,
    method: str,
) -> dict[str, Any]:
    """Return the hyper-parameters of a data set's recipe, as the flags change them.

    Args:
        dataset: selects the recipe.
        recipes: by data set.
        smoke: what --smoke changes before the flags do.
        method: what is trained; some have a recipe of their own.

    Raises:
        ValueError: if a flag's value breaks a rule, naming the flag.
    """
    of_data = recipes.get(dataset) or recipes[dataset_info(dataset).recipe]
    recipe = recipe_of(method, dataset, of_data)
    few = {"embedding_dim": min(recipe["embedding_dim"], _SMOKE_DIMENSIONS), **smoke}
    settings = changed(recipe, {**(few if FLAGS.smoke else {}), **given(recipe)})
    settings["limit"] = limit()
    settings["weights"] = Path(FLAGS.weights).name if FLAGS.weights else None
    if is_keras_file(settings["backbone"]):
        settings["backbone"] = Path(settings["backbone"]).name
    return settings


def check(configs: Callable[..., object], split: str) -> None:
    """Raise the errors of `configs`, which is called as the one here, before any data is read."""
    if output_dir().exists() and not output_dir().is_dir():
        raise ValueError(
            f"expected --output_dir to be a folder. Received: --output_dir={output_dir()}, which "
            "is a file"
        )
    for dataset in datasets():
        configs(dataset, dataset, split)
    check_output(output_dir())


def initial_weights() -> InitialWeights:
    """Return what the backbone starts from: --weights, or --backbone if it is a `.keras` file.

    Raises:
        FileNotFoundError: if there is no such file.
    """
    flag = "backbone" if is_keras_file(FLAGS.backbone or "") else "weights"
    value = FLAGS[flag].value
    if value in (None, "", IMAGENET):
        return InitialWeights(value or None)
    path = Path(value).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"expected --{flag} to name a file. Received: --{flag}={value}")
    return InitialWeights(str(path))


def output_dir() -> Path:
    """Return the value of --output_dir; with --smoke a folder in it, to overwrite no tables."""
    folder = Path(FLAGS.output_dir).expanduser()
    return folder / "smoke" if FLAGS.smoke else folder


def limit() -> int | None:
    """Return about how many images of each part to keep: --limit, a few with --smoke, or None."""
    return FLAGS.limit or (SMOKE["limit"] if FLAGS.smoke else None)
