"""Writes the results on pages and in flag files from experiments/, or checks that they agree.

README.md and the pages of docs/ hold blocks `<!-- results:FOLDER/NAME -->` …
`<!-- /results:FOLDER/NAME -->`: the records in experiments/records/FOLDER of the data set NAME. The
folder's name starts with that of the table that they are drawn as, "table3" or "table1_controls".
Blocks `benchmarks:NAME` are the table of experiments/benchmarks/NAME.json, which tools/benchmark.py
or tools/load_test.py wrote, `robustness:NAME` that of experiments/robustness/NAME.json, by
tools/fuzz.py, kill_test.py or measure_rounding.py, `exports:NAME` that of
experiments/exports/NAME.json, by tools/measure_exports.py, and `first_steps:NAME` that of
experiments/first_steps/NAME.json, by tools/measure_first_steps.py. Each stands on one page. Blocks
`final_epoch:FOLDER/NAME` are the first table of `results:FOLDER/NAME`, and stand wherever they are
wanted. What lies between the marks is generated: edit nothing there. Numbers within sentences have
marks of their own, see prose_numbers.py. The flag files in experiments/ are generated as a whole,
see flag_files.py.

    python tools/render_results.py            # rewrite them
    python tools/render_results.py --check    # exit with 1 and say where they differ
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

import prose_numbers
from benchmarks import precision_table
from benchmarks import table as benchmark_table
from exports import table as export_table
from first_steps import table as first_steps_table
from flag_files import flag_files
from fuzzing import table as fuzz_table
from killing import table as kill_table
from rounding import table as rounding_table
from serving_load import table as load_table

from hsm.experiments.config.run_record import RunRecord, read_all
from hsm.experiments.reporting.grid import to_markdown
from hsm.experiments.reporting.table_writers import LAYOUTS, render_markdown

ROOT = Path(__file__).resolve().parent.parent
_KINDS = "results|final_epoch|benchmarks|robustness|exports|first_steps"
_MARK = re.compile(rf"<!-- (/?)((?:{_KINDS}):[^ ]+) -->")
_EXCERPT = "final_epoch:"


def render(pages: Mapping[Path, str], texts: Mapping[str, str]) -> dict[Path, str]:
    """Return the pages' texts with every block filled anew.

    Args:
        pages: file → its text.
        texts: block, such as "results:table1/digits" → what stands in it.

    Raises:
        ValueError: If a mark has no partner, a block has no text, a text no block, or a text that
            is no excerpt several.
    """
    blocks = {path: _block_names(path, page) for path, page in pages.items()}
    for name in texts:
        if not name.startswith(_EXCERPT):
            _check_place(name, [path for path, names in blocks.items() if name in names])
    return {path: _filled(page, blocks[path], texts) for path, page in pages.items()}


def read_pages(places: Iterable[Path]) -> dict[Path, str]:
    """Return the texts of Markdown files: those in `places`, and those anywhere in its folders."""
    files = (sorted(place.rglob("*.md")) if place.is_dir() else [place] for place in places)
    return {path: path.read_text(encoding="utf-8") for paths in files for path in paths}


def result_texts(folders: Mapping[str, Iterable[RunRecord]]) -> dict[str, str]:
    """Return the tables of records, and the first of each, by block.

    Args:
        folders: folder → its records.

    Raises:
        ValueError: If a folder is named after no table.
    """
    groups: dict[str, list[RunRecord]] = {}
    for folder, runs in folders.items():
        for run in runs:
            groups.setdefault(f"{folder}/{run.data.name}", []).append(run)
    texts = {
        f"results:{name}": render_markdown(group, _table(name)) for name, group in groups.items()
    }
    for name, group in groups.items():
        texts[f"{_EXCERPT}{name}"] = to_markdown(LAYOUTS[_table(name)](group)[0])
    return texts


def benchmark_texts(directory: Path) -> dict[str, str]:
    """Return the tables of what benchmark.py and load_test.py wrote into `directory`, by block.

    A folder in it holds records of runs that differ in their precision.
    """
    contents = {path.stem: json.loads(path.read_text()) for path in directory.glob("*.json")}
    texts = {
        name: benchmark_table.markdown(content)
        for name, content in contents.items()
        if "cases" in content
    }
    loads = {name: content for name, content in contents.items() if "load" in content}
    texts |= {name: load_table.markdown(content) for name, content in loads.items()}
    for folder in (path for path in directory.glob("*") if path.is_dir()):
        texts[folder.name] = precision_table.markdown(read_all(folder))
    return {f"benchmarks:{name}": text for name, text in texts.items()}


def robustness_texts(directory: Path) -> dict[str, str]:
    """Return the tables of what the tools for faults and rounding wrote there, by block."""
    contents = {path.stem: json.loads(path.read_text()) for path in directory.glob("*.json")}
    tables = {"formats": fuzz_table, "scenarios": kill_table, "runs": rounding_table}
    return {
        f"robustness:{name}": table.markdown(content)
        for name, content in contents.items()
        for key, table in tables.items()
        if key in content
    }


def first_steps_texts(directory: Path) -> dict[str, str]:
    """Return the tables of what tools/measure_first_steps.py wrote into `directory`, by block."""
    return {
        f"first_steps:{path.stem}": first_steps_table.markdown(json.loads(path.read_text()))
        for path in sorted(directory.glob("*.json"))
    }


def export_texts(directory: Path) -> dict[str, str]:
    """Return the tables of what tools/measure_exports.py wrote into `directory`, by block."""
    return {
        f"exports:{path.stem}": export_table.markdown(json.loads(path.read_text()))
        for path in sorted(directory.glob("*.json"))
    }


def read_folders(directory: Path) -> dict[str, list[RunRecord]]:
    """Return the records of every folder in `directory`, by its name."""
    folders = sorted(path for path in directory.iterdir() if path.is_dir())
    return {folder.name: read_all(folder) for folder in folders}


def difference(path: Path, old: str, new: str) -> str:
    """Return a sentence that names the first lines in which a file differs from its records."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
    # After two lines of heading; a flag that was removed begins with three dashes, too.
    changes = [line for line in list(lines)[2:] if not line.startswith("@@")]
    shown = "\n".join(changes[:10])
    return (
        f"{_shown(path)} differs from experiments/ in {len(changes)} lines; run "
        f"python tools/render_results.py to write it anew. The first of them:\n{shown}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Render or checks; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        new = _texts(options)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    changed = _changed(new)
    pages = {path: text for path, text in new.items() if path.suffix == ".md"}
    bare = prose_numbers.unexplained(pages, options.numbers)
    print(*bare, sep="\n", end="\n" * bool(bare), file=sys.stderr)
    for path, text in changed.items():
        if options.check:
            print(difference(path, text, new[path]), file=sys.stderr)
        else:
            path.write_text(new[path], encoding="utf-8")
    return int(bool(bare) or (options.check and bool(changed)))


def _texts(options: argparse.Namespace) -> dict[Path, str]:
    """Return what the pages and the flag files must hold."""
    folders = read_folders(options.records)
    results = {
        **result_texts(folders),
        **benchmark_texts(options.benchmarks),
        **robustness_texts(options.robustness),
        **export_texts(options.exports),
        **first_steps_texts(options.first_steps),
    }
    # What their command gives is table 1; other folders may hold the same runs of another machine.
    runs = folders.get("table1", ())
    files = {options.records.parent / name: text for name, text in flag_files(runs).items()}
    pages = render(read_pages(options.pages), results)
    experiments = options.records.parent
    return {**{p: prose_numbers.filled(t, experiments, results) for p, t in pages.items()}, **files}


def _changed(texts: Mapping[Path, str]) -> dict[Path, str]:
    """Return the files whose text is another one, or that are not there, with their old text."""
    old = {path: path.read_text("utf-8") if path.is_file() else "" for path in texts}
    return {path: text for path, text in old.items() if text != texts[path]}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing, only compare")
    parser.add_argument(
        "--pages",
        type=Path,
        nargs="+",
        default=[ROOT / "README.md", ROOT / "docs"],
        help="Markdown files, and folders of them",
    )
    parser.add_argument(
        "--records",
        type=Path,
        default=ROOT / "experiments" / "records",
        help="folder of folders of records; the flag files lie beside it",
    )
    parser.add_argument(
        "--numbers",
        type=Path,
        default=ROOT / "docs" / prose_numbers.EXCEPTIONS,
        help="numbers in prose that come from no record, and why",
    )
    for name in ("benchmarks", "robustness", "exports", "first_steps"):
        parser.add_argument(f"--{name}", type=Path, default=ROOT / "experiments" / name)
    return parser


def _shown(path: Path) -> str:
    """Return the path, from the repository's root where it lies there."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _check_place(name: str, paths: Sequence[Path]) -> None:
    """Raise ValueError unless the block `name` is on one page."""
    if not paths:
        raise ValueError(
            f"{name} has no place on any page. Add the lines <!-- {name} --> and "
            f"<!-- /{name} --> to one, or remove its files from experiments/."
        )
    if len(paths) > 1:
        raise ValueError(
            f"The block {name} must be on one page. Received: {', '.join(map(_shown, paths))}. "
            "Remove it from the others."
        )


def _table(name: str) -> str:
    """Return the table that a block's records are drawn as."""
    table = name.split("/")[0].split("_")[0]
    if table not in LAYOUTS:
        raise ValueError(
            f"The folder of records of {name} must start with the name of a table: "
            f"{', '.join(LAYOUTS)}. Received: {name.split('/')[0]}"
        )
    return table


def _block_names(path: Path, page: str) -> list[str]:
    """Return the names of a page's blocks in their order, each opened and closed once."""
    marks = _MARK.findall(page)
    opened = [name for slash, name in marks if not slash]
    expected = [mark for name in opened for mark in (("", name), ("/", name))]
    if marks != expected or len(set(opened)) != len(opened):
        received = " ".join(f"{slash}{name}" for slash, name in marks)
        raise ValueError(
            f"Every block of {_shown(path)} is opened once and closed before the next one opens. "
            f"Received the marks: {received}."
        )
    return opened


def _filled(page: str, names: Iterable[str], texts: Mapping[str, str]) -> str:
    for name in names:
        if name not in texts:
            raise ValueError(
                f"The block {name} has no records. Add files to the folder in experiments/ that "
                "it names, or remove the block."
            )
        page = _replace(page, name, texts[name])
    return page


def _replace(page: str, name: str, text: str) -> str:
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, rest = page.split(start, 1)
    after = rest.split(end, 1)[1]
    return f"{before}{start}\n\n{text}\n\n{end}{after}"


if __name__ == "__main__":
    sys.exit(main())
