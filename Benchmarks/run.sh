#!/usr/bin/env bash
# Wall time of the commands on the shipped data, and of training on Severson where it is at hand. Ratios against named
# rivals are measured by scripts beside this one when Python is present.
set -euo pipefail
tool=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
measure() { local name=$1; shift; local start=$(date +%s%N); "$@" >/dev/null 2>&1; echo "$name: $(( ($(date +%s%N) - start) / 1000000 )) ms"; }
measure "train, 30 simulated cells, 2 cut-offs" "$tool" train datasets/sulfide-simulated --early 0,100 -o "$work/m" --force
measure "predict one design (with 40 simulations)" "$tool" predict datasets/demo-cells/new-design.csv -m "$work/m" --early 0
measure "simulate 10 designs, 1000 cycles" "$tool" simulate scripts/simulated-designs.csv --cycles 1000
if [ -d ../shared/data/matr-severson ]; then
  measure "train, 41 Severson cells, 100 cycles" "$tool" train ../shared/data/matr-severson --split severson/train --early 100 -o "$work/s" --force
fi
