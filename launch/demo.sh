#!/usr/bin/env bash
# Sets up, builds, simulates two sources in four shards, and finds them on eight ranks.
# Usage: launch/demo.sh     Writes to runs/demo, replacing what it wrote there before.
set -euo pipefail
cd "$(dirname "$0")/.."

launch/setup.sh --program
swift build -c release --product giv-dist
giv_dist=$(swift build -c release --show-bin-path)/giv-dist

folder=runs/demo
rm -rf "$folder"
mkdir -p "$folder"
show() {
  echo "\$ $*"
  "$@"
}
show "$giv_dist" simulate --scenario poly --groups 2 --covariates 5 --rows 3000 --shards 4 --seed 1 --out "$folder/shards"
show launch/local.sh 8 "$giv_dist" train "$folder/shards" --groups 2 --out "$folder/run"
