#!/usr/bin/env bash
# Fits the same tables with and without AVX2 and with 1, 2, 3 and 7 threads; fails unless all predictions are the same bytes.
# Usage: bash same-bits.sh PYTHON
set -euo pipefail
cd "$(dirname "$0")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
swift build -c release --scratch-path .build-baseline
swift build -c release -Xcc -march=x86-64-v3
"$1" - "$folder" <<'PYTHON'
import sys
import numpy as np
import tables
folder = sys.argv[1]
x, y = tables.plain(20_000, 1)
tables.write(folder, "x", x), tables.write(folder, "y", y), tables.write(folder, "test", tables.plain(2000, 2)[0])
tables.write(folder, "groups", np.arange(20_000) // 20)
PYTHON
status=0
for task in "squared growth leafWise" "squared growth symmetric" "squared growth depthWise depth 5 rowShare 0.7" \
  "normal rule crps depth 3" "normal rule logScore shared 1 depth 3" "quantile levels 0.1,0.5,0.9 depth 3" \
  "ensemble members 3 depth 3"; do
  hashes=""
  for build in .build-baseline .build; do
    for threads in 1 2 3 7; do
      # shellcheck disable=SC2086
      "$build/release/LearnerBench" columns 40 rounds 10 x "$folder/x" y "$folder/y" test "$folder/test" \
        groups "$folder/groups" out "$folder/out" threads "$threads" task $task >/dev/null
      hashes+="$(sha256sum <"$folder/out")"$'\n'
    done
  done
  count=$(printf '%s' "$hashes" | sort -u | wc -l)
  echo "$task: $count distinct results of 8"
  [ "$count" -eq 1 ] || status=1
done
exit $status
