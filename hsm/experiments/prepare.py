"""Say where to get the paper's data sets, check what is on disk, write a compact copy of one.

    python -m hsm.experiments.prepare                                      # what to get, and where
    python -m hsm.experiments.prepare --dataset=cars196 --data_dir=cars    # check files and counts
    python -m hsm.experiments.prepare --dataset=cars196 --data_dir=cars --output_dir=small/cars196

The copy has every image at 256x256 pixels, as training resizes it before it crops 224. It takes the
place of the original: --data_dir=small/cars196 trains from it. Interrupted, the same command goes
on. A finished copy is checked against its checksums: --data_dir=small/cars196 without --output_dir;
and the command that wrote it writes what is damaged in it anew.
"""

from __future__ import annotations

import hashlib
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

from absl import flags

from hsm.data.catalog import CATALOG, Archive, dataset_info
from hsm.experiments.cli import data_flags, run_flags  # noqa: F401 - defines --output_dir
from hsm.experiments.cli.app import load_tensorflow, run
from hsm.experiments.cli.command import command

FLAGS = flags.FLAGS
_NAMES = tuple(name for name, known in CATALOG.items() if known.expected)

flags.DEFINE_enum(
    "encoding",
    "jpeg",
    ["jpeg", "png"],
    "Of the copy's images. jpeg: quality 95, about a third of the size. png: the very pixels of "
    "the original.",
)


@command(
    uses=["dataset", "data_dir", "output_dir", "max_pixels"],
    defaults={"dataset": list(_NAMES), "output_dir": None},
    texts={
        "dataset": f"Some of {', '.join(_NAMES)}; with --data_dir one of them.",
        "data_dir": "Folder of the data set, or one that holds it, to check. Default: none; where "
        "to get the data sets is printed.",
        "output_dir": "Folder for a compact copy: an empty or new one, or that of the same copy, "
        "interrupted. Default: none; nothing is written.",
    },
)
def main() -> None:
    """Run the command on the flags."""
    data_flags.check_choices("dataset", FLAGS.dataset, _NAMES)
    if FLAGS.data_dir is None:
        if FLAGS.output_dir is not None:
            raise ValueError(
                "expected the original as --data_dir, of which --output_dir gets a copy. "
                "Received: no --data_dir"
            )
        print("\n\n".join(map(_description, FLAGS.dataset)))
        return
    if len(FLAGS.dataset) > 1:
        raise ValueError(
            "expected --dataset to be one data set with --data_dir. Received: "
            f"--dataset={','.join(FLAGS.dataset)}"
        )
    load_tensorflow()
    data_dir = Path(FLAGS.data_dir).expanduser()
    if FLAGS.output_dir is None:
        _check(FLAGS.dataset[0], data_dir)
    else:
        _copy(FLAGS.dataset[0], data_dir, Path(FLAGS.output_dir).expanduser())


def _description(name: str) -> str:
    """Return what a data set consists of, what its parts must hold, and where to get it."""
    known = dataset_info(name)
    lines = [f"{name}: {known.summary}.", f"Licence: {known.licence}.", f"Get {known.obtain}."]
    for split, expected in known.expected.items():
        roles = {role: getattr(expected, role) for role in ("train", "test", "gallery")}
        counts = "; ".join(f"{role} {count}" for role, count in roles.items() if count)
        lines.append(f"{split}: {counts}.")
    lines.append("Where it has been documented to be, and which addresses are dead:")
    wrapped = [textwrap.fill(line, 96, subsequent_indent="  ") for line in lines]
    indented = [f"  - {address}" for address in known.addresses]
    sums = [f"  {archive.file}  {archive.checksum}" for archive in known.archives]
    return "\n".join([*wrapped, *indented, *(["Published checksums:", *sums] if sums else [])])


def _check(name: str, data_dir: Path) -> None:
    """Print what was found at `data_dir`, with checksums and counts."""
    from hsm.data.sources import benchmark, prepared
    from hsm.data.sources.splitting import check_counts

    archives = dataset_info(name).archives if data_dir.is_dir() else ()
    for archive in archives:
        if (data_dir / archive.file).is_file():
            _check_archive(data_dir / archive.file, archive)
            print(f"{archive.file}: checksum as published")
    annotations = benchmark.find(name, str(data_dir))
    check_counts(name, dataset_info(name).expected, annotations)
    print(
        f"{name} in {annotations.folder}: {len(annotations.classes):,} images; every count is right"
    )
    if (annotations.folder / prepared.MANIFEST).is_file():
        prepared.verify(annotations.folder, _progress("file"))
        print("every file of this copy has its checksum")


def _copy(name: str, data_dir: Path, output_dir: Path) -> None:
    """Write the compact copy, or what is missing of it."""
    from hsm.data.sources import benchmark, prepare
    from hsm.data.sources.splitting import check_counts

    annotations = benchmark.find(name, str(data_dir))
    check_counts(name, dataset_info(name).expected, annotations)
    try:
        manifest = prepare.write_copy(
            annotations,
            output_dir,
            name=name,
            encoding=FLAGS.encoding,
            max_pixels=FLAGS.max_pixels,
            progress=_progress("image"),
        )
    except KeyboardInterrupt as error:
        error.add_note("finished shards are kept: the same command goes on from there")
        raise
    size = sum(shard.size for shard in manifest.shards)
    print(f"{output_dir}: {len(manifest.classes):,} images, {size / 1e9:.2f} GB; it is complete")


def _check_archive(path: Path, archive: Archive) -> None:
    algorithm, expected = archive.checksum.split(":")
    with path.open("rb") as file:
        received = hashlib.file_digest(file, algorithm).hexdigest()
    if received != expected:
        raise ValueError(
            f"{path}: expected the {algorithm} {expected}. Received: {received}. The download "
            "broke off, or this is another file: get it again."
        )


def _progress(unit: str) -> Callable[[int, int], None]:
    """Return a function that prints how much is done, at most every few seconds."""
    begun = shown = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown > 5 or done == total:
            shown = now
            print(f"{unit} {done:,} of {total:,} after {now - begun:.0f} s", flush=True)

    return show


if __name__ == "__main__":
    run(main, module="hsm.experiments.prepare", doc=__doc__ or "")
