#!/usr/bin/env bash
# Builds the reference pages of all library targets, with their articles, as one static site.
# Usage: launch/docs.sh     Then: python3 -m http.server --directory .build/documentation
#        and, in a browser, http://localhost:8000/documentation/metaem, where all articles are.
set -euo pipefail
cd "$(dirname "$0")/.."

output=.build/documentation
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The command also asks for graphs of the generated test runners, which have none, and fails for them alone: what
# counts is that the graphs of the library targets are there.
graphs=$(swift build --show-bin-path)/../symbolgraph
rm -rf "$graphs"
swift package dump-symbol-graph --minimum-access-level public >"$work/log" 2>&1 || true
[[ -f "$graphs/MetaEM.symbols.json" ]] || { cat "$work/log" >&2; exit 70; }

# The catalog with the drawing that its page on floors shows.
catalogs=$work/catalogs
mkdir "$catalogs"
cp -r Sources/MetaEM/MetaEM.docc "$catalogs"
swift package dump-package | launch/package-graph.py | tred | dot -Tsvg >"$catalogs/MetaEM.docc/package-graph.svg"

archives=()
for folder in Sources/*/; do
  target=$(basename "$folder")
  [[ -f "$graphs/$target.symbols.json" && "$target" != C[A-Z]* ]] || continue
  mkdir -p "$work/$target"
  # A target's own graph and its extensions of other targets (Target@Other).
  cp "$graphs/$target.symbols.json" "$graphs/$target"@*.symbols.json "$work/$target" 2>/dev/null || true
  catalog=()
  [[ -d "$catalogs/$target.docc" ]] && catalog=("$catalogs/$target.docc")
  docc convert "${catalog[@]}" --fallback-display-name "$target" --fallback-bundle-identifier "$target" \
    --additional-symbol-graph-dir "$work/$target" --output-dir "$work/$target.doccarchive"
  archives+=("$work/$target.doccarchive")
done
rm -rf "$output"
docc merge "${archives[@]}" --synthesized-landing-page-name giv-dist --synthesized-landing-page-kind Package \
  --output-path "$output"
echo "docs: python3 -m http.server --directory $output, then http://localhost:8000/documentation/metaem"
