"""Find the photographs that are most like one: build or update an index, and search it.

    python -m hsm.experiments.search bird.jpg --add=photos/ --index=birds.index --sheet=like.png

--add embeds the pictures below a folder, of which the folders in it are the labels. Started again,
the command reads only what is new or changed, and takes out what is gone; what Ctrl-C cuts off goes
on where it was. A folder as the query looks up all pictures in it. Photographs of classes that
--calibrate names, which the model was not trained on, set the distance beyond which there is
nothing like a query.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from hsm.experiments.cli import data_flags, index_flag, serving_flags  # noqa: F401 - --on_bad_image
from hsm.experiments.cli.app import load_tensorflow, run
from hsm.experiments.cli.command import command

if TYPE_CHECKING:
    from hsm.experiments.reporting.search_results import Result
    from hsm.serving import Embedder, Index, Skipped

FLAGS = flags.FLAGS
_QUERY = "Photograph to look up, or folder of them; may be given several times."
_ADD = "Folder whose pictures the index is to hold; may be given several times."
_SHEETS = (".png", ".pdf", ".html")

flags.DEFINE_multi_string("query", [], _QUERY)
flags.DEFINE_multi_string("add", [], _ADD)
flags.DEFINE_bool(
    "may_empty",
    False,
    "With --add: a folder without any picture takes out all that was added from it. Default: it is "
    "refused, for a disk may not be mounted.",
)
flags.DEFINE_integer("nearest", 10, "How many to find.", lower_bound=1, upper_bound=1000)
flags.DEFINE_string("label", None, "Find those with this label alone. Default: all.")
flags.DEFINE_list(
    "calibrate",
    [],
    "Labels in the index whose classes the model was not trained on: their pictures set the "
    "threshold, which is kept in the index. Default: none.",
)
flags.DEFINE_float(
    "false_accept_rate",
    0.01,
    "Of --calibrate: the share of these pictures that may have one of another class within the "
    "threshold.",
)
flags.DEFINE_bool("json", False, "Print the result as JSON, and everything else as errors are.")
flags.DEFINE_string(
    "sheet",
    None,
    f"Draw queries and what was found: a file *{', *'.join(_SHEETS)}. Default: none.",
)


@command(
    uses=[index_flag, "model", "on_bad_image"],
    defaults={
        "index": "photos.index",
        "model": serving_flags.DEFAULT_MODEL,
        "on_bad_image": "skip",
    },
    texts={
        # Without what absl adds to those that may be given several times.
        "query": _QUERY,
        "add": _ADD,
        "model": serving_flags.MODEL_TEXT,
        "on_bad_image": "What to do about files that cannot be read: skip and name them, or stop.",
    },
    argument="query",
)
def main() -> None:
    """Run the command on the flags."""
    _check()
    load_tensorflow()
    from hsm.experiments.reporting import search_results
    from hsm.serving import Index

    embedder = serving_flags.embedder()
    with Index.open(FLAGS.index, embedder, must_exist=not FLAGS.add) as index:
        for folder in FLAGS.add:
            _add(index, folder, embedder)
        if FLAGS.calibrate:
            _calibrate(index)
        if not FLAGS.query:
            return
        results = _search(index, embedder)
        is_json = FLAGS.json
        print((search_results.as_json if is_json else search_results.as_table)(results, index))
        if FLAGS.sheet:
            search_results.draw(results, index, Path(FLAGS.sheet).expanduser())
            _print(f"\nSheet: {FLAGS.sheet}")


def _check() -> None:
    """Refuse flags that go not together before TensorFlow is loaded."""
    if not (FLAGS.query or FLAGS.add or FLAGS.calibrate):
        raise ValueError(
            "expected a photograph to look up, or --add=FOLDER. Received: neither. Call it as "
            "python -m hsm.experiments.search bird.jpg --add=photos/."
        )
    if FLAGS.sheet and (not FLAGS.query or Path(FLAGS.sheet).suffix not in _SHEETS):
        raise ValueError(
            "expected --sheet with a photograph, to draw its neighbours into a file "
            f"*{', *'.join(_SHEETS)}. Received: --sheet={FLAGS.sheet}"
            + ("" if FLAGS.query else " and no photograph")
        )
    if FLAGS.sheet and not FLAGS.sheet.endswith(".html"):
        from hsm.visual.style import missing_matplotlib

        if missing := missing_matplotlib("--sheet"):
            raise ImportError(f"{missing} Or name a file *.html, which needs none.")
    serving_flags.check_model()
    # Before an index is made for them.
    missing = next((path for path in FLAGS.add if not Path(path).expanduser().is_dir()), None)
    if missing is not None:
        raise FileNotFoundError(
            f"expected --add to be a folder of photographs. Received: --add={missing}"
        )
    if not FLAGS.add and not Path(FLAGS.index).expanduser().exists():
        raise FileNotFoundError(
            f"expected --index to be an index. Received: --index={FLAGS.index}, which does not "
            "exist. Build it with --add=FOLDER, or name another."
        )


def _add(index: Index, folder: str, embedder: Embedder) -> None:
    from hsm.serving import update_from_folder

    how = "skip" if FLAGS.on_bad_image == "skip" else "raise"
    try:
        update = update_from_folder(
            index,
            folder,
            embedder,
            on_bad_image=how,
            may_empty=FLAGS.may_empty,
            show_progress=not FLAGS.json,
        )
    except KeyboardInterrupt as error:
        error.add_note(f"{len(index):,} images are in {FLAGS.index}: the same command goes on")
        raise
    _print(
        f"{folder}: {update.added:,} added, {update.replaced:,} replaced, {update.removed:,} "
        f"removed, {update.unchanged:,} unchanged; {len(index):,} in {FLAGS.index}"
    )
    _print_skipped(update.skipped)


def _calibrate(index: Index) -> None:
    calibration = index.calibrate(FLAGS.calibrate, false_accept_rate=FLAGS.false_accept_rate)
    right = (
        ""
        if calibration.true_accept_rate is None
        else f"; {100 * calibration.true_accept_rate:.1f} % have one of their own class within it"
    )
    _print(
        f"Threshold {calibration.threshold:.4f}: {100 * calibration.false_accept_rate:.1f} % of "
        f"{calibration.num_queries:,} images of {calibration.num_classes:,} classes have one of "
        f"another class within it{right}"
    )


def _search(index: Index, embedder: Embedder) -> list[Result]:
    from hsm.experiments.reporting.search_results import look_up

    how = "skip" if FLAGS.on_bad_image == "skip" else "raise"
    embeddings = embedder.embed_named([Path(query) for query in FLAGS.query], on_bad_image=how)
    _print_skipped(embeddings.skipped)
    if not len(embeddings):
        raise ValueError(
            f"expected photographs that can be read. Received: {', '.join(FLAGS.query[:3])}"
        )
    return look_up(index, embeddings, FLAGS.nearest, label=FLAGS.label)


def _print_skipped(skipped: list[Skipped] | tuple[Skipped, ...]) -> None:
    from hsm.serving.embeddings import listed

    if skipped:
        _print(f"Skipped {len(skipped):,}: {listed(tuple(skipped))}")


def _print(text: str) -> None:
    """Print beside the result: with --json it alone is on the standard output."""
    print(text, file=sys.stderr if FLAGS.json else sys.stdout)


if __name__ == "__main__":
    run(main, module="hsm.experiments.search", doc=__doc__ or "")
