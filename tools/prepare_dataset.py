"""Says where to get a data set, checks what is on disk, and writes a compact copy of it.

    python tools/prepare_dataset.py cars196                                 # what to get, and where
    python tools/prepare_dataset.py cars196 --data_dir=cars                 # check files and counts
    python tools/prepare_dataset.py cars196 --data_dir=cars --output_dir=small/cars196

The copy has every image at 256x256 pixels, as training resizes it before it crops 224. It takes the
place of the original: --data_dir=small/cars196 trains from it. Interrupted, the same command goes
on. A finished copy is checked against its checksums: --data_dir=small/cars196 without --output_dir.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hsm.data.catalog import CATALOG, Archive, facts
from hsm.experiments.driver import load_tensorflow
from hsm.experiments.flag_spelling import with_flags

_CHOICES = [name for name, known in CATALOG.items() if known.expected]


def describe(name: str) -> str:
    """What a data set consists of, what its parts must hold, and where it has been available."""
    known = facts(name)
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


def check_archives(name: str, folder: Path) -> list[str]:
    """Compares the archives that lie in `folder` with their published checksums.

    Returns:
        A sentence for each one that is there.

    Raises:
        ValueError: naming the first that differs.
    """
    sentences = []
    for archive in facts(name).archives:
        path = folder / archive.file
        if path.is_file():
            _check_archive(path, archive)
            sentences.append(f"{archive.file}: checksum as published")
    return sentences


def check(name: str, data_dir: Path) -> None:
    """Prints what was found at `data_dir`, with checksums and counts.

    Raises:
        FileNotFoundError, ValueError: for what is missing, short, broken or different.
    """
    from hsm.data.sources import benchmark, prepared
    from hsm.data.sources.splitting import check_counts

    if data_dir.is_dir():
        for sentence in check_archives(name, data_dir):
            print(sentence)
    listing = benchmark.find(name, str(data_dir))
    check_counts(name, facts(name).expected, listing)
    print(f"{name} in {listing.folder}: {len(listing.classes):,} images; every count is right")
    if (listing.folder / prepared.MANIFEST).is_file():
        prepared.verify(listing.folder, _progress("file"))
        print("every file of this copy has its checksum")


def copy(name: str, data_dir: Path, output_dir: Path, encoding: str) -> None:
    """Writes the compact copy, or what is missing of it.

    Raises:
        FileNotFoundError, ValueError: as `check`, and for an output folder with something else.
    """
    from hsm.data.sources import benchmark, prepare
    from hsm.data.sources.splitting import check_counts

    listing = benchmark.find(name, str(data_dir))
    check_counts(name, facts(name).expected, listing)
    manifest = prepare.write_copy(
        listing, output_dir, name=name, encoding=encoding, progress=_progress("image")
    )
    size = sum(shard.size for shard in manifest.shards)
    print(f"{output_dir}: {len(manifest.classes):,} images, {size / 1e9:.2f} GB; it is complete")


def main(arguments: Sequence[str] | None = None) -> int:
    """Describes, checks or copies; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=_CHOICES)
    parser.add_argument("--data_dir", type=Path, help="the data set's folder, or one that holds it")
    parser.add_argument("--output_dir", type=Path, help="an empty folder for the copy")
    parser.add_argument(
        "--encoding",
        choices=["jpeg", "png"],
        default="jpeg",
        help="jpeg: quality 95, about a third of the size. png: the very pixels of the original",
    )
    options = parser.parse_args(arguments)
    try:
        if options.data_dir is None:
            print(describe(options.name))
            return 0
        load_tensorflow()
        if options.output_dir is None:
            check(options.name, options.data_dir)
        else:
            copy(options.name, options.data_dir, options.output_dir, options.encoding)
    except (ValueError, OSError) as error:
        print(f"error: {with_flags(str(error), vars(options))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _check_archive(path: Path, archive: Archive) -> None:
    algorithm, expected = archive.checksum.split(":")
    with path.open("rb") as file:
        received = hashlib.file_digest(file, algorithm).hexdigest()
    if received != expected:
        raise ValueError(
            f"{path} must have the {algorithm} {expected}. Received: {received}. The download "
            "broke off, or this is another file: get it again"
        )


def _progress(unit: str) -> Callable[[int, int], None]:
    """Returns a function that prints how much is done, at most every few seconds."""
    begun = shown = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown > 5 or done == total:
            shown = now
            print(f"{unit} {done:,} of {total:,} after {now - begun:.0f} s", flush=True)

    return show


if __name__ == "__main__":
    sys.exit(main())
