"""Writes the results in README.md from experiments/, or checks that they agree.

The README holds blocks `<!-- results:FOLDER/NAME -->` … `<!-- /results:FOLDER/NAME -->`: the
records in experiments/records/FOLDER of the data set NAME. The folder's name starts with that of
the table that they are drawn as, "table3" or "table1_controls". Blocks `benchmarks:NAME` are the
table of experiments/benchmarks/NAME.json, which tools/benchmark.py wrote. What lies between the
marks is generated: edit nothing there.

    python tools/render_results.py            # rewrite the blocks
    python tools/render_results.py --check    # exit with 1 and say where the README differs
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from benchmarks import precision_table
from benchmarks import table as benchmark_table

from hsm import records
from hsm.experiments.measures import Record
from hsm.experiments.report import LAYOUTS, render_markdown

ROOT = Path(__file__).resolve().parent.parent
_MARK = re.compile(r"<!-- (/?)((?:results|benchmarks):[^ ]+) -->")


def render(readme: str, texts: Mapping[str, str]) -> str:
    """Returns the README's text with every block filled anew.

    Args:
        readme: The text.
        texts: Block, such as "results:table1/digits" → what stands in it.

    Raises:
        ValueError: If a mark has no partner, a block has no text, or a text no block.
    """
    names = _block_names(readme)
    for name in texts:
        if name not in names:
            raise ValueError(
                f"{name} has no place in the README. Add the lines <!-- {name} --> and "
                f"<!-- /{name} -->, or remove its files from experiments/."
            )
    for name in names:
        if name not in texts:
            raise ValueError(
                f"The block {name} has no records. Add files to the folder in experiments/ that "
                "it names, or remove the block."
            )
        readme = _replace(readme, name, texts[name])
    return readme


def result_texts(folders: Mapping[str, Iterable[Record]]) -> dict[str, str]:
    """The tables of records, by block.

    Args:
        folders: Folder → its records.

    Raises:
        ValueError: If a folder is named after no table.
    """
    found: dict[str, list[Record]] = {}
    for folder, runs in folders.items():
        for run in runs:
            found.setdefault(f"{folder}/{run['data']['name']}", []).append(run)
    return {
        f"results:{name}": render_markdown(group, _table(name)) for name, group in found.items()
    }


def benchmark_texts(directory: Path) -> dict[str, str]:
    """The tables of what tools/benchmark.py wrote into `directory`, by block.

    A folder in it holds records of runs that differ in their precision.
    """
    contents = {path.stem: json.loads(path.read_text()) for path in directory.glob("*.json")}
    texts = {
        name: benchmark_table.markdown(content)
        for name, content in contents.items()
        if "cases" in content
    }
    for folder in (path for path in directory.glob("*") if path.is_dir()):
        texts[folder.name] = precision_table.markdown(records.read_all(folder))
    return {f"benchmarks:{name}": text for name, text in texts.items()}


def read_folders(directory: Path) -> dict[str, list[Record]]:
    """The records of every folder in `directory`, by its name."""
    folders = sorted(path for path in directory.iterdir() if path.is_dir())
    return {folder.name: list(records.read_all(folder)) for folder in folders}


def difference(old: str, new: str) -> str:
    """A sentence that names the first lines in which the README differs from its records."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
    changes = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    shown = "\n".join(changes[:10])
    return (
        f"README.md differs from experiments/ in {len(changes)} lines; run "
        f"python tools/render_results.py to write it anew. The first of them:\n{shown}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Renders or checks; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing, only compare")
    parser.add_argument("--readme", type=Path, default=ROOT / "README.md")
    parser.add_argument("--records", type=Path, default=ROOT / "experiments" / "records")
    parser.add_argument("--benchmarks", type=Path, default=ROOT / "experiments" / "benchmarks")
    options = parser.parse_args(arguments)
    old = options.readme.read_text(encoding="utf-8")
    try:
        texts = result_texts(read_folders(options.records))
        new = render(old, {**texts, **benchmark_texts(options.benchmarks)})
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if not options.check:
        options.readme.write_text(new, encoding="utf-8")
    elif new != old:
        print(difference(old, new), file=sys.stderr)
        return 1
    return 0


def _table(name: str) -> str:
    """The table that a block's records are drawn as."""
    table = name.split("/")[0].split("_")[0]
    if table not in LAYOUTS:
        raise ValueError(
            f"The folder of records of {name} must start with the name of a table: "
            f"{', '.join(LAYOUTS)}. Received: {name.split('/')[0]}"
        )
    return table


def _block_names(readme: str) -> list[str]:
    """The names of the blocks in their order, each opened and closed once."""
    marks = _MARK.findall(readme)
    opened = [name for slash, name in marks if not slash]
    expected = [mark for name in opened for mark in (("", name), ("/", name))]
    if marks != expected or len(set(opened)) != len(opened):
        found = " ".join(f"{slash}{name}" for slash, name in marks)
        raise ValueError(
            "Every block is opened once and closed before the next one opens. "
            f"Received the marks: {found}."
        )
    return opened


def _replace(readme: str, name: str, text: str) -> str:
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, rest = readme.split(start, 1)
    after = rest.split(end, 1)[1]
    return f"{before}{start}\n\n{text}\n\n{end}{after}"


if __name__ == "__main__":
    sys.exit(main())
