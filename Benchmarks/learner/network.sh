#!/usr/bin/env bash
# The network beside PyTorch and scikit-learn: rows P15 and P16, one command.
# Usage: network.sh [PYTHON] [REPETITIONS] [SEEDS]; PYTHON needs numpy, torch and scikit-learn.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
flags=$(grep -qw avx2 /proc/cpuinfo && echo "-Xcc -march=x86-64-v3" || true)
swift build -c release $flags --package-path "$here/network" --product NetworkBenchmark
"${1:-python3}" "$here/network-peers.py" "$here/network/.build/release/NetworkBenchmark" "${2:-3}" "${3:-5}"
