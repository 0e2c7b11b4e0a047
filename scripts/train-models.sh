#!/usr/bin/env bash
# Trains the models that ship in models/.
# Usage: scripts/train-models.sh TOOL DATA_ROOT
# `sulfide-nmc811` needs the shipped literature only; `liquid-general` needs the measured datasets at DATA_ROOT.
set -euo pipefail
tool=$1
root=$2
here=$(cd "$(dirname "$0")/.." && pwd)
"$tool" train "$here/datasets/sulfide-literature" --early 0 -o "$here/models/sulfide-nmc811.solidfade" --force
if [ -d "$root/matr-severson" ]; then
  "$tool" train "$root"/{matr-severson,matr-clo2020,hust-lfp,tongji-nca-ncm,tbsi-ncm811,rwth-nmc} \
    "$root"/{isu-ilcc-nmc,nca-multistage} -o "$here/models/liquid-general.solidfade" --force
else
  echo "no measured datasets at $root: liquid-general stays as it is" >&2
fi
# The record of a run holds times and places, which a shipped model has no use for.
rm -f "$here"/models/*.run.json
