"""The flag of figures that can be drawn from records alone, without data or training."""

from __future__ import annotations

from pathlib import Path

from absl import flags

FLAGS = flags.FLAGS

flags.DEFINE_string(
    "records",
    None,
    "Draw from the records in this folder, such as experiments/records/table3, and the CSV files "
    "beside them: no data set is read and nothing is trained. Default: none; what --dataset and "
    "the other flags ask for is run, as far as --output_dir does not hold it.",
)


def records_dir() -> Path | None:
    """Return the value of --records.

    Raises:
        FileNotFoundError: if it is no folder.
        ValueError: if --dry_run is given, too, which plans runs.
    """
    if FLAGS.records is None:
        return None
    folder = Path(FLAGS.records).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(
            "expected --records to be a folder of records, as a run leaves it in "
            f"<output_dir>/records. Received: --records={FLAGS.records}, which is no folder"
        )
    if FLAGS.dry_run:
        raise ValueError(
            "expected --dry_run, which plans runs, or --records, which needs none. Received: "
            "both. Leave one of them out."
        )
    return folder
