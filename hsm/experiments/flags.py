"""The flags that every driver shares, and the configurations that follow from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from absl import flags

from hsm.data.catalog import CATALOG
from hsm.experiments import backbone_names
from hsm.experiments.config import METHODS, OPTIMIZERS, PRECISIONS, PROFILES, RunConfig
from hsm.experiments.recipes import DATASETS, RECIPES

_TRAINED = [method for method in METHODS if method != "pretrained"]
_FROM_RECIPE = "Default: the data set's recipe, which --dry_run prints."

flags.DEFINE_list(
    "dataset",
    ["digits"],
    "One or several of the following. " + ". ".join(f"{n}: {CATALOG[n].summary}" for n in DATASETS),
)
flags.DEFINE_string(
    "data_dir",
    None,
    "Folder of the data. "
    + ". ".join(f"For {n}: {CATALOG[n].obtain}" for n in DATASETS if n != "digits")
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
flags.DEFINE_string("backbone", None, f"{backbone_names.HELP}. {_FROM_RECIPE}")
flags.DEFINE_string(
    "weights",
    None,
    "File of pretrained weights. For googlenet: Caffe's .caffemodel; for inception_v1: slim's "
    ".ckpt, or the .index of a checkpoint in parts; for torchvision_googlenet: a .pth; for each of "
    "them a .weights.h5 too, such as tools/convert_weights.py makes of the .caffemodel; for keras: "
    "networks an .h5 without the top. Default: random weights.",
)
flags.DEFINE_integer(
    "image_size",
    None,
    f"Side of the square crops in pixels; images are resized to 256/224 of it. {_FROM_RECIPE}",
    lower_bound=1,
)
flags.DEFINE_integer(
    "embedding_dim", None, f"Width of the embedding. {_FROM_RECIPE}", lower_bound=1
)
flags.DEFINE_float(
    "alpha", None, f"Reciprocal of the temperature before the switch. {_FROM_RECIPE}"
)
flags.DEFINE_float("heated_alpha", None, f"The same after the switch. {_FROM_RECIPE}")
flags.DEFINE_float("learning_rate", None, f"Learning rate before the switch. {_FROM_RECIPE}")
flags.DEFINE_float(
    "heated_learning_rate",
    None,
    "Learning rate after the switch. Default: a tenth of --learning_rate.",
)
flags.DEFINE_enum(
    "optimizer", None, list(OPTIMIZERS), f"sgd (with momentum 0.9) or adam. {_FROM_RECIPE}"
)
flags.DEFINE_float("adam_epsilon", 1e-7, "Epsilon of Adam.", lower_bound=0.0)
flags.DEFINE_integer("batch_size", None, f"Images a step. {_FROM_RECIPE}", lower_bound=1)
flags.DEFINE_integer("epochs", None, f"Epochs before the switch. {_FROM_RECIPE}", lower_bound=1)
flags.DEFINE_integer(
    "heated_epochs",
    None,
    f"Epochs after the switch; SM, LN and BN train as many further ones unheated. {_FROM_RECIPE}",
    lower_bound=0,
)
flags.DEFINE_integer(
    "eval_every",
    None,
    f"Epochs between evaluations; the switch and the end are always evaluated. {_FROM_RECIPE}",
    lower_bound=1,
)
flags.DEFINE_list("ks", ["1", "2", "4", "8"], "The K of Recall@K.")
flags.DEFINE_list("seeds", ["0"], "Seeds; several give mean and standard deviation.")
flags.DEFINE_enum(
    "precision",
    "float32",
    list(PRECISIONS),
    "Arithmetic of the backbone. mixed_bfloat16 is about twice as fast on processors with AVX-512 "
    "BF16 or AMX.",
)
flags.DEFINE_enum("profile", "paper", list(PROFILES), "Whose recipe: the text of the paper.")
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

_SMOKE = {"epochs": 1, "heated_epochs": 1, "eval_every": 1, "limit": 64}


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
    smoke = _SMOKE if values.smoke else {}
    settings = {**RECIPES[dataset], **smoke, **_given(RECIPES[dataset])}
    first = RunConfig(
        dataset=name,
        method=_TRAINED[0],
        weights=Path(values.weights).name if values.weights else None,
        heated_learning_rate=values.heated_learning_rate,
        adam_epsilon=values.adam_epsilon,
        ks=tuple(_numbers("ks")),
        precision=values.precision,
        profile=values.profile,
        **settings,
    )
    methods = [method for method in METHODS if method in values.methods]
    seeds = dict.fromkeys(_numbers("seeds"))
    return [replace(first, method=method, seed=seed) for seed in seeds for method in methods]


def datasets() -> list[str]:
    """The values of --dataset.

    Raises:
        ValueError: if one of them is unknown.
    """
    chosen = list(dict.fromkeys(FLAGS.dataset))
    _check_choices("dataset", chosen, DATASETS)
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


def weights_path() -> Path | None:
    """The value of --weights.

    Raises:
        FileNotFoundError: if there is no such file.
    """
    if FLAGS.weights is None:
        return None
    path = Path(FLAGS.weights).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"--weights must name a file. Received: {FLAGS.weights}")
    return path


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


def _given(recipe: Any) -> dict[str, Any]:
    """The recipe's fields that a flag sets."""
    named = {key: FLAGS[key].value for key in recipe if key in FLAGS}
    return {key: value for key, value in named.items() if value is not None}


def _check_choices(flag: str, chosen: list[str], allowed: tuple[str, ...]) -> None:
    unknown = [value for value in chosen if value not in allowed]
    if unknown or not chosen:
        raise ValueError(
            f"--{flag} takes one or several of {', '.join(allowed)}, separated by commas. "
            f"Received: {','.join(chosen)!r}"
        )


def _numbers(flag: str) -> list[int]:
    texts: list[str] = FLAGS[flag].value or [""]
    try:
        return [int(text) for text in texts]
    except ValueError as error:
        raise ValueError(
            f"--{flag} takes whole numbers separated by commas. Received: {','.join(texts)!r}"
        ) from error
