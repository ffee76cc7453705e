"""The flags that every driver shares, and the configurations that follow from them.

Those that override a recipe are in `hsm.experiments.recipe_flags`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from absl import flags

from hsm.data.catalog import CATALOG
from hsm.experiments.backbone_names import IMAGENET, is_keras_file
from hsm.experiments.config import METHODS, RunConfig
from hsm.experiments.pretrained import Pretrained
from hsm.experiments.recipe_flags import given, whole_numbers
from hsm.experiments.recipes import RECIPES

_TRAINED = [method for method in METHODS if method != "pretrained"]

flags.DEFINE_list(
    "dataset",
    ["digits"],
    "One or several of the following. " + ". ".join(f"{n}: {CATALOG[n].summary}" for n in CATALOG),
)
flags.DEFINE_string(
    "data_dir",
    None,
    "Folder of the data. "
    + ". ".join(f"For {n}: {CATALOG[n].obtain}" for n in CATALOG if n != "digits")
    + ". Default: none; digits needs none.",
)
flags.DEFINE_string(
    "train_classes",
    None,
    "image_folder: text file that names the training classes, one a line; the others are test "
    "classes. "
    "Default: the first half of the sorted classes.",
)
flags.DEFINE_enum(
    "on_bad_image",
    "error",
    ["error", "skip"],
    "What to do about image files that cannot be decoded: stop and name them, or skip and record "
    "them.",
)
flags.DEFINE_enum(
    "singletons",
    "error",
    ["error", "exclude"],
    "What to do about test classes with one image, for which no retrieval can be right.",
)
flags.DEFINE_list(
    "methods",
    _TRAINED,
    "Methods to train. pretrained, too, is possible: the backbone's own feature, not fine-tuned.",
)
flags.DEFINE_string(
    "weights",
    None,
    "File of pretrained weights. For googlenet: Caffe's .caffemodel; for inception_v1: slim's "
    ".ckpt, or the .index of a checkpoint in parts; for torchvision_googlenet: a .pth; for each of "
    "them a .weights.h5 too, such as tools/convert_weights.py makes of the .caffemodel; for keras: "
    "networks an .h5 without the top, or imagenet, which Keras looks for in its folder and fetches "
    "if need be. Default: random weights, or the .keras file's.",
)
flags.DEFINE_list("seeds", ["0"], "Seeds; several give mean and standard deviation.")
flags.DEFINE_string(
    "output_dir",
    "results",
    "Folder of records, checkpoints and tables. What is finished there is not run again, "
    "what was cut off is resumed.",
)
flags.DEFINE_bool(
    "smoke",
    False,
    "Try everything out: a few images, one epoch before and one after the switch, unless other "
    "flags say otherwise; results go to the folder smoke in --output_dir.",
)
flags.DEFINE_bool(
    "dry_run", False, "Read the annotations, print counts, plan and an estimate of the time; stop."
)

FLAGS = flags.FLAGS

_SMOKE = {"epochs": 1, "heated_epochs": 1, "gradual_every": 1, "eval_every": 1, "limit": 64}


def configs(dataset: str, name: str) -> list[RunConfig]:
    """The runs that the flags ask for, seed by seed, every method's trunk before its heated branch.

    Args:
        dataset: the value of --dataset, which selects the recipe.
        name: what the data set is called in the records: for a folder its base name.

    Raises:
        ValueError: if a flag's value breaks a rule, naming the flag.
    """
    values = FLAGS
    _check_choices("methods", values.methods, METHODS)
    recipe = RECIPES[values.profile][dataset]
    settings = {**recipe, **(_SMOKE if values.smoke else {}), **given(recipe)}
    settings["weights"] = Path(values.weights).name if values.weights else None
    if is_keras_file(settings["backbone"]):
        settings["backbone"] = Path(settings["backbone"]).name
    methods = [method for method in METHODS if method in values.methods]
    return [
        RunConfig(dataset=name, method=method, seed=seed, **settings)
        for seed in dict.fromkeys(whole_numbers("seeds"))
        for method in methods
    ]


def datasets() -> list[str]:
    """The values of --dataset.

    Raises:
        ValueError: if one of them is unknown.
    """
    chosen = list(dict.fromkeys(FLAGS.dataset))
    _check_choices("dataset", chosen, tuple(CATALOG))
    if len(chosen) > 1 and FLAGS.data_dir:
        needing = [name for name in chosen if name != "digits"]
        if len(needing) > 1:
            raise ValueError(
                "--data_dir is the folder of one data set; --dataset names several that need one: "
                f"{', '.join(needing)}. Run them one after the other, each into an --output_dir "
                "of its own."
            )
    return chosen


def check() -> None:
    """Raise the errors of `configs` and `output_dir` before any data is read."""
    if output_dir().exists() and not output_dir().is_dir():
        raise ValueError(
            f"--output_dir must be a folder. Received: {output_dir()}, which is a file"
        )
    for dataset in datasets():
        configs(dataset, dataset)


def pretrained() -> Pretrained:
    """What the backbone starts from: --weights, or --backbone if it is a `.keras` file.

    Raises:
        FileNotFoundError: if there is no such file.
    """
    flag = "backbone" if is_keras_file(FLAGS.backbone or "") else "weights"
    value = FLAGS[flag].value
    if value in (None, "", IMAGENET):
        return Pretrained(value or None)
    path = Path(value).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"--{flag} must name a file. Received: {value}")
    return Pretrained(str(path))


def output_dir() -> Path:
    """The value of --output_dir; with --smoke a folder in it, lest tables be overwritten."""
    folder = Path(FLAGS.output_dir).expanduser()
    return folder / "smoke" if FLAGS.smoke else folder


def source_options() -> dict[str, Any]:
    """The keyword arguments of `hsm.data.sources.load_source` that the flags set."""
    return {
        "data_dir": FLAGS.data_dir,
        "train_classes": FLAGS.train_classes,
        "on_bad_image": FLAGS.on_bad_image,
        "singletons": FLAGS.singletons,
        "limit": _SMOKE["limit"] if FLAGS.smoke else None,
    }


def _check_choices(flag: str, chosen: list[str], allowed: tuple[str, ...]) -> None:
    unknown = [value for value in chosen if value not in allowed]
    if unknown or not chosen:
        raise ValueError(
            f"--{flag} takes one or several of {', '.join(allowed)}, separated by commas. "
            f"Received: {','.join(chosen)!r}"
        )
