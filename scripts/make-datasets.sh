#!/usr/bin/env bash
# Writes datasets/sulfide-simulated and the demo's running cell anew; running it again leaves no difference.
set -euo pipefail
tool=$1
here=$(dirname "$0")
"$tool" simulate "$here/simulated-designs.csv" --cycles 800 --draws 3 --seed 7 --as-dataset \
  -o datasets/sulfide-simulated --force --quiet >/dev/null
rm -f datasets/sulfide-simulated/run.json
"$tool" simulate datasets/demo-cells/running-design.csv --cycles 100 --draws 2 --seed 11 --as-dataset \
  -o datasets/demo-cells/running --force --quiet >/dev/null
# The forecast of the demo is of one cell: the first draw.
for table in cells cycles; do
  sed -i -e '/^running-cell-2,/d' -e 's/^running-cell-1,/running-cell,/' "datasets/demo-cells/running/$table.csv"
done
