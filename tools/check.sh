#!/usr/bin/env bash
# Lint, types, pages, the site, the built wheel from another folder, import floors, and tests.
#
# Runs with the interpreter in $PYTHON, by default `python`. Arguments go to pytest, for example:
#   tools/check.sh -n 8
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(command -v "${PYTHON:-python}")
[[ $python == /* ]] || python=$PWD/$python
export TF_CPP_MIN_LOG_LEVEL=3

step() { printf '\n== %s\n' "$1"; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

step "Lint"
"$python" -m ruff check .
"$python" -m ruff format --check .

step "Types"
"$python" -m mypy hsm tools

step "Pages against records"
"$python" tools/render_results.py --check

step "Site"
"$python" -m sphinx -W --keep-going -q -d "$scratch/doctrees" -c docs . "$scratch/site"

step "Wheel"
# The wheel is built from the source distribution, so that both are known to be complete.
"$python" -m build --outdir "$scratch/dist" . >"$scratch/build.log" || {
  tail -n 50 "$scratch/build.log"
  exit 1
}
"$python" -m venv --without-pip "$scratch/venv"
"$python" -m pip --python "$scratch/venv/bin/python" install --quiet --no-deps "$scratch"/dist/*.whl
# What hsm needs comes from this interpreter; a .pth file does not pass its editable hsm on.
"$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
  >"$("$scratch/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/needs.pth"
mkdir "$scratch/elsewhere"
cp tests/extend/my_*.py "$scratch/elsewhere"
(
  cd "$scratch/elsewhere"
  "$scratch/venv/bin/python" -c '
import pathlib, sys, hsm
if not pathlib.Path(hsm.__file__).is_relative_to(sys.prefix):
    sys.exit(f"hsm was imported from {hsm.__file__}, not from the wheel")'
  "$scratch/venv/bin/python" -m hsm.experiments.table1 --help >/dev/null
  "$scratch/venv/bin/python" -m hsm.experiments.prepare >/dev/null
  "$scratch/venv/bin/python" -m hsm.experiments.convert_weights --help >/dev/null
  "$scratch/venv/bin/python" -m hsm.experiments.table1 --smoke --output_dir="$scratch/results"
  "$scratch/venv/bin/python" -m hsm.experiments.train --smoke --output_dir="$scratch/trained"
  # A method, a data set and a backbone from outside of the installed package.
  import=--import=my_method,my_data,my_backbone
  "$scratch/venv/bin/python" -m hsm.experiments.table1 $import --smoke --dataset=stripes \
    --backbone=two_convolutions --methods=contrastive,HBN --output_dir="$scratch/mine"
  mine=("$scratch"/mine/smoke/runs/stripes-contrastive-*)
  "$scratch/venv/bin/python" -m hsm.experiments.evaluate $import --model="${mine[0]}" \
    --output_dir="$scratch/scores"
  "$scratch/venv/bin/python" -m hsm.experiments.export $import --model="${mine[0]}"
  "$scratch/venv/bin/python" -m hsm.experiments.figure4 $import --methods=contrastive \
    --records="$scratch/mine/smoke/records" --output_dir="$scratch/figure"
)

# Last, because pytest's closing line is what a reader looks for.
step "Import floors and tests"
"$python" -m pytest -n 2 "$@"
