#!/usr/bin/env bash
# Scores the models of the README's table: train on a part, evaluate on cells the model has not seen.
# Usage: scripts/score.sh TOOL DATA_ROOT
set -euo pipefail
tool=$1
root=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ ! -d "$root/matr-severson" ]; then
  echo "no measured datasets at $root: nothing to score" >&2
  exit 0
fi
show() { "$tool" evaluate "$work/m" "$1" --split "$2" --early "$3" --baselines all --quiet; echo; }
echo "## Severson, first 100 cycles, published split"
"$tool" train "$root/matr-severson" --split severson/train --early 100 -o "$work/m" --force --quiet >/dev/null
show "$root/matr-severson" severson/primary_test_without_b2c1 100
echo "## ISU, conditions alone, published split"
"$tool" train "$root/isu-ilcc-nmc" --split published/train --early 0 -o "$work/m" --force --quiet >/dev/null
show "$root/isu-ilcc-nmc" published/test_high_dod 0
# The other sets have no published split: a quarter of the cells (of the papers, for literature) is held out.
while read -r name early; do
  echo "## $name, early $early, a quarter held out"
  python3 "$here/hold-out.py" "$root/$name" "$work/$name"
  "$tool" train "$work/$name" --split held-out/train --early "$early" -o "$work/m" --force --quiet >/dev/null
  show "$work/$name" held-out/test "$early"
done <<'SETS'
tongji-nca-ncm 50
tbsi-ncm811 100
hust-lfp 100
nca-multistage 150
rwth-nmc 100
nasa-pcoe 20
sulfide-literature 0
SETS
