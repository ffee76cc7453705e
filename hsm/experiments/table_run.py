"""What the drivers of all tables do: plan, run what is missing, write tables and curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hsm.data.catalog import ZERO_SHOT
from hsm.experiments import data_flags
from hsm.experiments import flags as shared
from hsm.experiments.config import RunConfig
from hsm.experiments.driver import load_tensorflow

if TYPE_CHECKING:
    from hsm.experiments.workspace import Workspace


@dataclass(frozen=True)
class Table:
    """One table of the paper.

    Attributes:
        name: "table1" and so on, which names its files and its form, see `report.LAYOUTS`.
        split: How the data sets are divided, one of `hsm.data.catalog.SPLITS`.
        configs: The runs that the flags ask for; called as `flags.configs`.
        curves: Whether learning curves are drawn.
    """

    name: str
    split: str = ZERO_SHOT
    configs: Callable[[str, str, str], list[RunConfig]] = shared.configs
    curves: bool = True


def make(table: Table) -> None:
    """Run what the table lacks and write it; with --dry_run only say what would run."""
    datasets = data_flags.datasets()
    pretrained = shared.pretrained()
    shared.check(table.configs, table.split)
    # Imported here, so that --help and a bad flag need no TensorFlow.
    load_tensorflow()
    from hsm.data.sources import load_source
    from hsm.experiments import assemble, plan
    from hsm.experiments.runner import Runner
    from hsm.experiments.workspace import Workspace

    # What is wrong with a backbone or its weights is said before the images are looked through.
    first = [table.configs(dataset, dataset, table.split)[0] for dataset in datasets]
    for config in {(c.backbone, c.image_size): c for c in first}.values():
        assemble.build_pretrained(config, pretrained)
    workspace = Workspace(shared.output_dir())
    # All are read before the first is trained on: a wrong folder must not show up days later.
    sources = {
        dataset: load_source(
            dataset, split=table.split, **data_flags.source_options(dataset, shared.limit())
        )
        for dataset in datasets
    }
    records: list[dict[str, Any]] = []
    for dataset, source in sources.items():
        configs = table.configs(dataset, source.name, table.split)
        print(plan.describe(configs, source, workspace), flush=True)
        if shared.FLAGS.dry_run:
            print(plan.estimate(configs, source, workspace, pretrained=pretrained))
            continue
        with workspace.locked():
            runner = Runner(source, workspace, pretrained)
            records += [runner.run(config) for config in configs]
    if records:
        _write(table, records, workspace)


def _write(table: Table, records: Sequence[dict[str, Any]], workspace: Workspace) -> None:
    from hsm.experiments import report
    from hsm.experiments.report_page import write_report

    folder = workspace.output_dir
    report.write_tables(records, folder, table=table.name)
    print(f"\n{report.render_text(records, table.name)}\n")
    curves = _curves(table, records, folder) if table.curves else ()
    if curves:
        print(f"Learning curves: {', '.join(map(str, curves))}")
    # Table 1's keep the plain name; those of another table must not replace it.
    name = "report.html" if table.name == "table1" else f"report_{table.name}.html"
    pictures = _pictures(table, records, folder) if curves else {}
    page = write_report(records, folder / name, table=table.name, pictures=pictures)
    print(f"To read in a browser: {page}")
    print(f"Tables and records are in {folder}")


def _curves(table: Table, records: Sequence[dict[str, Any]], folder: Path) -> tuple[Path, ...]:
    """The files of the learning curves; none, and a sentence, without matplotlib."""
    from hsm.experiments.summary import row_label
    from hsm.visual.learning_curves import write_learning_curves
    from hsm.visual.style import missing_matplotlib

    missing = missing_matplotlib("The learning curves")
    if missing:
        print(missing)
        return ()
    return write_learning_curves(records, folder, stem=_stem(table), name_of=row_label)


def _stem(table: Table) -> str:
    """How files of learning curves start: those of another split must not replace Table 1's."""
    return "learning_curves" if table.split == ZERO_SHOT else f"learning_curves_{table.name}"


def _pictures(
    table: Table, records: Sequence[dict[str, Any]], folder: Path
) -> dict[str, list[str]]:
    """What the report page shows besides tables, by section."""
    from hsm.experiments.report_page import curve_text
    from hsm.visual import page

    blocks = []
    for name in dict.fromkeys(record["data"]["name"] for record in records):
        path = folder / f"{_stem(table)}_{name}.png"
        if path.exists():
            own = [record for record in records if record["data"]["name"] == name]
            caption = f"{name}: scores on the test images against the epoch"
            blocks.append(page.picture(path, alt=curve_text(own), caption=caption))
    return {"Learning curves": blocks}
