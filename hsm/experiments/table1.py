"""Table 1: SM, LN, BN, HLN and HBN trained, scored on classes never seen, printed side by side.

Runs what is missing, skips what its records already hold, resumes what was cut off. The tables,
the learning curves and one record a run go to --output_dir.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hsm.experiments import flags as shared
from hsm.experiments.driver import load_tensorflow, run


def main() -> None:
    """Run the driver on the flags."""
    datasets = shared.datasets()
    pretrained = shared.pretrained()
    shared.check()
    # Imported here, so that --help and a bad flag need no TensorFlow.
    load_tensorflow()
    from hsm.data.sources import load_source
    from hsm.experiments import assemble, plan, report
    from hsm.experiments.runner import Runner
    from hsm.experiments.workspace import Workspace
    from hsm.visual.style import missing_matplotlib

    for dataset in datasets:
        # What is wrong with a backbone or its weights is said before the images are looked through.
        assemble.build_pretrained(shared.configs(dataset, dataset)[0], pretrained)
    workspace = Workspace(shared.output_dir())
    records = []
    for dataset in datasets:
        source = load_source(dataset, **shared.source_options())
        configs = shared.configs(dataset, source.name)
        print(plan.describe(configs, source, workspace), flush=True)
        if shared.FLAGS.dry_run:
            print(plan.estimate(configs, source, workspace, pretrained=pretrained))
            continue
        with workspace.locked():
            runner = Runner(source, workspace, pretrained)
            records += [runner.run(config) for config in configs]
    if records:
        report.write_tables(records, workspace.output_dir)
        print(f"\n{report.render_text(records)}\n")
        print(missing_matplotlib("The learning curves") or _draw(records, workspace.output_dir))
        print(f"Tables and records are in {workspace.output_dir}")


def _draw(records: list[dict[str, Any]], output_dir: Path) -> str:
    from hsm.visual.learning_curves import write_learning_curves

    paths = write_learning_curves(records, output_dir)
    return f"Learning curves: {', '.join(str(path) for path in paths)}"


if __name__ == "__main__":
    run(main, module="hsm.experiments.table1", doc=__doc__ or "")
