#!/usr/bin/env bash
# Trains on the shipped datasets, forecasts a new design and a running cell, leaves a report to open.
set -euo pipefail
tool=$1
out=$2
rm -rf "$out"
mkdir -p "$out"
echo "1/4 Training on simulated sulfide cells (datasets/sulfide-simulated)"
"$tool" train datasets/sulfide-simulated --early 0,100 -o "$out/model.solidfade" --force
echo "2/4 Forecasting a new cell design"
"$tool" predict datasets/demo-cells/new-design.csv -m "$out/model.solidfade" --early 0 -o "$out/new-design"
echo "3/4 Forecasting a running cell from its first 100 cycles"
"$tool" predict datasets/demo-cells/running:running-cell -m "$out/model.solidfade" --early 100 -o "$out/running"
echo "4/4 Writing the report"
"$tool" report "$out/new-design" "$out/running" -o "$out/report.html" --force --title "SolidFade demo: simulated training data"
echo
echo "Open $out/report.html"
