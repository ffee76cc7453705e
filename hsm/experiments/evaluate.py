"""Score a trained run on classes that it has never seen, and look at what it finds and confuses.

Prints Recall@K and NMI, and writes them as JSON and CSV. --show_queries draws queries with their
nearest neighbours, --confusion the classes that are taken for each other, --map the embeddings in
two dimensions. The data set is the run's own; one that lies in a folder needs its --data_dir again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from hsm.data.catalog import ALL, ZERO_SHOT
from hsm.experiments.cli import data_flags, limit_flag, model_flag
from hsm.experiments.cli import run_flags as shared  # noqa: F401 - defines --output_dir and --smoke
from hsm.experiments.cli.app import load_tensorflow, run
from hsm.experiments.cli.command import command
from hsm.folder_lock import holding
from hsm.output_folder import make_output_folder

if TYPE_CHECKING:
    from hsm.data.sources import ImageSource
    from hsm.experiments.config import RunConfig
    from hsm.experiments.studies.retrieval import Retrieval

FLAGS = flags.FLAGS

flags.DEFINE_enum(
    "part", "test", ["test", "train"], "The classes to score: the test or the training classes."
)
flags.DEFINE_integer(
    "show_queries",
    0,
    "Draw gallery_NAME.png, .pdf and .csv: this many queries and their nearest neighbours, right "
    "ones framed in blue with a tick, wrong ones in orange with a cross.",
    lower_bound=0,
    upper_bound=100,
)
flags.DEFINE_integer(
    "neighbours",
    8,
    "Neighbours of a query in the picture of --show_queries.",
    lower_bound=1,
    upper_bound=15,
)
flags.DEFINE_bool(
    "worst_first",
    False,
    "Choose the queries of --show_queries by the place of their first right neighbour, the worst "
    "first, in place of evenly spaced ones.",
)
flags.DEFINE_integer(
    "confusion",
    0,
    "Draw confusion_NAME.png, .pdf and .csv: the pairs of classes that are confused most, this "
    "many. A query counts if its nearest neighbour is of the other class.",
    lower_bound=0,
    upper_bound=60,
)
flags.DEFINE_enum(
    "map",
    None,
    ["pca", "tsne"],
    "Draw map_NAME.png, .pdf and .csv: the embeddings in two dimensions, with pictures. "
    "Default: none.",
)
flags.DEFINE_integer(
    "map_points",
    2000,
    "Images on the map at most, evenly spaced over the part.",
    lower_bound=3,
    upper_bound=20_000,
)
# Their names of version 0.1.
flags.DEFINE_alias("split", "part")
flags.DEFINE_alias("gallery", "show_queries")


@command(
    uses=[model_flag, limit_flag, data_flags, "output_dir", "smoke"],
    # The data set is the run's own.
    defaults={"dataset": None, "output_dir": None},
    texts={
        "output_dir": "Folder to write to. Default: the folder evaluation in --model.",
        "smoke": "Try everything out: a few images, and every picture, small; without --model, of "
        "a run on letters that is trained in the folder smoke in --output_dir.",
    },
)
def main() -> None:
    """Run the driver on the flags."""
    if FLAGS.model is None and not FLAGS.smoke:
        raise ValueError(
            "expected --model to name the folder of a trained run, <output_dir>/runs/<name>. "
            "Received: none. To get one: python -m hsm.experiments.table1; to see what comes out: "
            "--smoke."
        )
    # Imported here, so that --help and a bad flag need neither NumPy nor TensorFlow.
    from hsm.experiments.runs.workspace import read_run_file

    folder = Path(FLAGS.model).expanduser() if FLAGS.model else None
    if folder is not None:
        read_run_file(folder)
    load_tensorflow()
    from hsm.experiments.reporting.retrieval_scores import score_table, write_scores
    from hsm.experiments.runs.build import load_model
    from hsm.experiments.runs.dry_run import print_left_out
    from hsm.experiments.studies.retrieval import retrieve

    folder = folder or _train_smoke()
    config, class_names = read_run_file(folder)
    output = Path(FLAGS.output_dir).expanduser() if FLAGS.output_dir else folder / "evaluation"
    # What is wrong with the data is said before the network is built.
    dataset = model_flag.dataset_of(config)
    data_flags.check_output(output)
    source = _source(dataset, config, class_names)
    print_left_out(source)
    make_output_folder(output)
    with holding(output):
        retrieval = retrieve(load_model(folder)[0], config, source, FLAGS.part)
        paths = [*write_scores(retrieval, config, output), *_draw(retrieval, config, output)]
    print(f"{score_table(retrieval, config)}\n\nWritten:", *paths, sep="\n  ")


def _train_smoke() -> Path:
    from hsm.data.sources import load_source
    from hsm.experiments.config import RunConfig
    from hsm.experiments.config.recipes import RECIPES
    from hsm.experiments.runs.runner import Runner
    from hsm.experiments.runs.workspace import Workspace

    recipe = {**RECIPES["paper"]["letters"], "epochs": 1, "heated_epochs": 1, "limit": 64}
    config = RunConfig(dataset="letters", method="HBN", **recipe)
    workspace = Workspace(Path(FLAGS.output_dir or "results").expanduser() / "smoke")
    with workspace.locked():
        Runner(load_source("letters", limit=64), workspace).run(config)
    return workspace.run_dir(config)


def _source(dataset: str, config: RunConfig, class_names: tuple[str, ...]) -> ImageSource:
    """Return the data set of the run, or the one that --dataset names."""
    from hsm.data.sources import load_source

    is_own = not FLAGS["dataset"].present
    limit = FLAGS.limit or (64 if FLAGS.smoke else config.limit if is_own else None)
    options = data_flags.source_options(dataset, limit)
    # All classes of another data set are new to a run that trained on all of its own.
    split = ZERO_SHOT if config.split == ALL and not is_own else config.split
    held_out = config.validation_classes if is_own else 0.0
    source = load_source(dataset, split=split, validation_classes=held_out, **options)
    known, trained = set(class_names), set(source.train.class_names)
    if (is_own or config.split not in (ZERO_SHOT, ALL)) and not trained <= known:
        raise ValueError(
            f"expected training classes among the {len(known):,} that the run was trained on. "
            f"Received: {len(trained):,} of {source.name}, of which {len(trained - known):,} are "
            f"not, for example {min(trained - known)!r}. Give the --data_dir, the --train_classes "
            "and the --folder_layout of the run, or name the data with --dataset to score unseen "
            "classes of another one."
        )
    seen = known & set(source.test.class_names)
    if seen and config.split in (ZERO_SHOT, ALL) and FLAGS.part == "test":
        print(
            f"Note: the run was trained on {len(seen):,} of the {source.test.num_classes:,} "
            f"classes to be scored, if their names mean the same, for example {min(seen)!r}."
        )
    return source


def _draw(retrieval: Retrieval, config: RunConfig, output: Path) -> list[Path]:
    """Return the pictures that the flags ask for."""
    from hsm.visual.style import look, missing_matplotlib

    smoke = FLAGS.smoke
    gallery, confusion = FLAGS.show_queries or 3 * smoke, FLAGS.confusion or 3 * smoke
    method = FLAGS.map or ("pca" if smoke else None)
    if not (gallery or confusion or method):
        return []
    missing = missing_matplotlib("Every picture")
    if missing:
        print(missing)
        return []

    from hsm.experiments.studies import retrieval_figures as views

    paths: list[Path] = []
    with look():
        if gallery:
            shown = {"k": FLAGS.neighbours, "worst_first": FLAGS.worst_first}
            paths += views.write_neighbours(retrieval, output, queries=gallery, **shown)
        if confusion:
            paths += views.write_confusion(retrieval, output, pairs=confusion)
        if method:
            most = FLAGS.map_points
            paths += views.write_map(retrieval, output, method=method, most=most, seed=config.seed)
    return paths


if __name__ == "__main__":
    run(main, module="hsm.experiments.evaluate", doc=__doc__ or "")
